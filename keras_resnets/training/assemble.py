"""From a recipe to a network, and from a network to one that can be trained as the recipe says."""

import keras
import tensorflow as tf

from keras_resnets.models import create_model
from keras_resnets.models.preprocessing import normalized
from keras_resnets.training import fine_tuning
from keras_resnets.training.losses import LOSSES
from keras_resnets.training.metrics import Top1
from keras_resnets.training.optimizers import SGD, RMSprop
from keras_resnets.training.pretrained import pretrained_network
from keras_resnets.training.schedules import learning_rate
from keras_resnets.training.train_step import TrainingModel


def build(recipe, dataset):
    """The network of `recipe` for `dataset`: pixels 0..255 in, logits out."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.mixed_precision)
    try:
        if recipe.fine_tune.weights is not None:
            return pretrained_network(recipe, dataset)
        images = keras.Input(dataset.input_shape, name="images")
        start = images
        if recipe.data.normalization != "none":
            start = normalized(images, dataset.mean, dataset.deviation)
        return create_model(
            recipe.model,
            input_tensor=start,
            classes=len(dataset.class_names),
            classifier_activation=None,
            **recipe.model_options,
        )
    except TypeError as error:
        raise ValueError(f"Recipe: `model_options` must be arguments of {recipe.model}: {error}") from error
    finally:
        keras.config.set_dtype_policy(policy)


def compiled(recipe, network):
    """The TrainingModel of `network`, with the optimizer, schedule, loss and metrics of `recipe`.

    It shares the weights of `network`; for fine-tuning those of a twin, which `fine_tuning.bring_back` brings back.
    """
    trained, names = fine_tuning.twin_of(recipe, network), fine_tuning.stages(network)
    model = TrainingModel(trained.inputs, trained.outputs, name=network.name)
    fine_tuning.prepare(recipe, model, names)
    model.compile(
        optimizer(recipe),
        loss=LOSSES[recipe.loss](recipe.label_smoothing),
        weighted_metrics=[Top1()],
        sharpness=recipe.optimizer.sharpness,
        sharpness_share=recipe.optimizer.sharpness_share,
        micro_batches=recipe.optimizer.micro_batches,
        average_decay=recipe.average.decay,
        average_warmup=recipe.average.warmup,
        synchronized=recipe.synchronized_batch_norm,
        jit_compile=_jit(recipe.jit_compile),
    )
    model.optimizer.rate_scales = fine_tuning.rate_scales(recipe, names, [v.path for v in model.trainable_variables])
    return model


def optimizer(recipe):
    """The optimizer of `recipe`, not built yet."""
    settings = recipe.optimizer
    rate = learning_rate(recipe.schedule, recipe.steps)
    shared = {
        "momentum": settings.momentum,
        "weight_decay": settings.weight_decay or None,
        "weight_decay_exempt": settings.weight_decay_exempt,
        "clipping": settings.clipping,
        "clipping_epsilon": settings.clipping_epsilon,
        "clipping_exempt": settings.clipping_exempt,
        "loss_scaling": recipe.mixed_precision == "mixed_float16",
    }
    if settings.kind == "rmsprop":
        return RMSprop(rate, rho=settings.rho, epsilon=settings.epsilon, **shared)
    return SGD(rate, nesterov=settings.nesterov, **shared)


def _jit(choice):
    """Whether to compile with XLA: on this stack it is faster on GPUs, and slower on CPUs (docs/architecture.md)."""
    return choice == "always" or (choice == "auto" and bool(tf.config.list_logical_devices("GPU")))
