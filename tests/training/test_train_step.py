"""The train step: order of its parts, guard, replicas, and Keras' surface."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_resnets
from keras_resnets.training.losses import CrossEntropy
from keras_resnets.training.optimizers import SGD
from keras_resnets.training.train_step import TrainingModel


def network(normalized=False):
    keras.utils.set_random_seed(7)
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(8, 3, name="conv1")(images)
    x = keras.layers.DepthwiseConv2D(3, name="spatial")(x)
    if normalized:
        x = keras.layers.BatchNormalization(synchronized=True, name="bn")(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return images, keras.layers.Dense(10, name="predictions")(x)


def data(count=64, scale=5.0, seed=0):
    random = np.random.RandomState(seed)
    images = (scale * random.normal(size=(count, 8, 8, 3))).astype("float32")
    return images, random.randint(0, 10, count)


def trained(strategy, epochs=3, normalized=False, **options):
    with strategy.scope():
        model = TrainingModel(*network(normalized))
        model.compile(SGD(0.5, nesterov=True, **options), loss=CrossEntropy(), metrics=["accuracy"])
    batches = tf.data.Dataset.from_tensor_slices(data()).batch(32)
    history = model.fit(batches, epochs=epochs, verbose=0, shuffle=False).history
    return model.get_weights(), history


def largest_difference(one, two):
    return max(float(np.abs(a - b).max()) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("normalized", [False, True])
def test_two_replicas_train_as_one_while_clipping(normalized, two_replicas):
    options = {"clipping": 0.01, "weight_decay": 1e-3, "normalized": normalized}
    one, history = trained(tf.distribute.get_strategy(), **options)
    two, other = trained(two_replicas, **options)
    assert largest_difference(one, two) < 1e-6
    assert min(history["clipped_fraction"]) > 0.5
    for name in ("loss", "accuracy", "gradient_norm", "clipped_fraction"):
        np.testing.assert_allclose(history[name], other[name], rtol=1e-5)


def test_clipping_before_the_sum_would_be_noticed():
    """Keras' own clipping works on each replica's share: the difference that the test above must be able to see."""
    one, _ = trained(tf.distribute.get_strategy(), clipnorm=0.05)
    two, _ = trained(tf.distribute.get_strategy(), clipping=0.01)
    assert largest_difference(one, two) > 1e-3


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_step_that_is_not_finite_is_skipped_on_every_replica_and_counted(replicas, two_replicas):
    strategy = two_replicas if replicas == 2 else tf.distribute.get_strategy()
    with strategy.scope():
        model = TrainingModel(*network())
        model.compile(SGD(0.1), loss=CrossEntropy())
    images, labels = data(32)
    model.fit(tf.data.Dataset.from_tensor_slices((images, labels)).batch(32), verbose=0, shuffle=False)
    before = model.get_weights() + [np.array(v) for v in model.optimizer.velocities]
    poisoned = images.copy()
    poisoned[-1] = np.inf  # on the last replica only
    logs = model.fit(tf.data.Dataset.from_tensor_slices((poisoned, labels)).batch(32), verbose=0, shuffle=False).history
    after = model.get_weights() + [np.array(v) for v in model.optimizer.velocities]
    assert logs["skipped_updates"] == [1]
    assert model.optimizer.iterations.numpy() == 2
    assert largest_difference(before, after) == 0


def test_without_clipping_and_decay_a_step_is_the_papers():
    model = TrainingModel(*network())
    model.compile(SGD(0.1, momentum=0.9), loss=CrossEntropy())
    images, labels = data(16)
    before = [np.array(w) for w in model.trainable_weights]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(CrossEntropy()(labels, model(images, training=True)))
    gradients = [np.array(g) for g in tape.gradient(loss, model.trainable_weights)]
    logs = model.train_on_batch(images, labels, return_dict=True)
    for weight, old, gradient in zip(model.trainable_weights, before, gradients, strict=True):
        np.testing.assert_allclose(weight, old - 0.1 * gradient, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        logs["gradient_norm"], np.sqrt(sum((g.astype("float64") ** 2).sum() for g in gradients)), rtol=1e-5
    )


def test_it_shares_weights_with_its_network_and_survives_saving(tmp_path):
    plain = keras_resnets.ResNet20(input_shape=(8, 8, 3), classifier_activation=None)
    model = TrainingModel(plain.inputs, plain.outputs)
    model.compile(SGD(0.1, clipping=0.02, clipping_exempt=("predictions/kernel",)), loss=CrossEntropy(0.1))
    images, labels = data(16, scale=1.0)
    model.fit(images, labels, epochs=1, verbose=0, shuffle=False)
    np.testing.assert_array_equal(plain.predict(images, verbose=0), model.predict(images, verbose=0))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))
    assert isinstance(loaded, TrainingModel)
    assert loaded.optimizer.clipping == 0.02
    np.testing.assert_array_equal(loaded.optimizer.velocities[0], model.optimizer.velocities[0])


def test_depthwise_kernels_have_a_unit_a_channel():
    model = TrainingModel(*network())
    model.compile(SGD(0.1, clipping=0.01), loss=CrossEntropy())
    assert model.optimizer.depthwise == {"spatial/kernel"}


def test_an_optimizer_that_clips_before_the_sum_is_refused():
    model = TrainingModel(*network())
    with pytest.raises(ValueError, match="`optimizer` must have the PaperUpdate mixin, got SGD"):
        model.compile(keras.optimizers.SGD(0.1), loss=CrossEntropy())
