"""Loss scaling: halved by what is not finite, doubled after long peace, gone before clipping."""

import keras
import numpy as np

from keras_resnets.training import loss_scale
from keras_resnets.training.losses import CrossEntropy
from keras_resnets.training.optimizers import SGD
from keras_resnets.training.train_step import TrainingModel


def scaled(weight):
    optimizer = SGD(0.1, momentum=0.0, loss_scaling=True)
    optimizer.build([weight])
    return optimizer


def test_the_scale_halves_and_grows_and_the_step_is_that_of_the_unscaled_gradient(monkeypatch):
    monkeypatch.setattr(loss_scale, "GROW_AFTER", 3)
    weight = keras.Variable(np.array([1.0, 1.0], "float32"), name="kernel")
    optimizer = scaled(weight)
    scales = [float(optimizer.loss_scale.factor)]
    for finite in (True, False, True, True, True, True):
        before = weight.numpy().copy()
        gradient = scales[-1] * np.array([0.5, 0.25 if finite else np.inf], "float32")
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weight])
        expected = before - (0.1 * np.array([0.5, 0.25]) if finite else 0)
        np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-6)
        scales.append(float(optimizer.loss_scale.factor))
    assert [scale / 2**15 for scale in scales] == [1, 1, 0.5, 0.5, 0.5, 1, 1]
    assert float(optimizer.skipped_updates) == 1
    assert float(optimizer.scale_loss(keras.ops.ones(()))) == 2**15


def test_mixed_float16_trains_and_keeps_gradients_that_float16_would_lose():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        images = keras.Input((8, 8, 3))
        x = keras.layers.Conv2D(8, 3, activation="relu")(images)
        x = keras.layers.GlobalAveragePooling2D()(x)
        model = TrainingModel(images, keras.layers.Dense(10, dtype="float32", name="predictions")(x))
    finally:
        keras.config.set_dtype_policy(policy)
    model.compile(SGD(0.1, clipping=0.1, loss_scaling=True), loss=CrossEntropy())
    random = np.random.RandomState(0)
    x, y = 1e-4 * random.normal(size=(64, 8, 8, 3)).astype("float32"), random.randint(0, 10, 64)
    losses = [model.train_on_batch(x, y, return_dict=True) for _ in range(3)]
    assert np.isfinite([logs["loss"] for logs in losses]).all()
    assert losses[-1]["skipped_updates"] == 0
    assert float(model.optimizer.gradient_norm) > 0


def test_its_state_is_part_of_the_optimizers():
    optimizer = scaled(keras.Variable(np.ones(2, "float32"), name="kernel"))
    assert {"loss_scale", "steps_at_scale"} <= {v.path.split("/")[-1] for v in optimizer.variables}
