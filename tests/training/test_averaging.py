"""The moving average of weights and statistics, and statistics taken afresh."""

import keras
import numpy as np
import pytest

from keras_resnets.layers import BasicBlock
from keras_resnets.training.averaging import Average, recalibrate_batch_norm
from keras_resnets.training.losses import CrossEntropy
from keras_resnets.training.optimizers import SGD
from keras_resnets.training.train_step import TrainingModel

# spec_checks.json of the project: tf1_ema_decay of the released code, cap 0.99999.
DECAYS = {0: 0.1, 1: 0.18181818181818182, 10: 0.55, 1000: 0.9910891089108911, 899_990: 0.99999, 1_000_000: 0.99999}


@pytest.mark.parametrize(("step", "decay"), DECAYS.items())
def test_the_warm_up_is_the_released_codes(step, decay):
    weight = keras.Variable(np.array([0.0], "float32"))
    average = Average([weight], 0.99999)
    weight.assign([1.0])
    average.update(keras.ops.convert_to_tensor(step))
    np.testing.assert_allclose(average.averages[0].numpy(), [1 - decay], rtol=1e-2 if decay > 0.999 else 1e-6)


def network():
    images = keras.Input((6, 6, 3))
    x = BasicBlock(4, shortcut="projection", name="block")(images)
    x = keras.layers.BatchNormalization(name="bn")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return images, keras.layers.Dense(3, name="predictions")(x)


def data(n=40):
    random = np.random.RandomState(0)
    return random.normal(2, 3, (n, 6, 6, 3)).astype("float32"), random.randint(0, 3, n)


def test_batch_statistics_are_averaged_too_and_evaluation_can_use_them():
    model = TrainingModel(*network())
    model.compile(SGD(0.05), loss=CrossEntropy(), average_decay=0.9)
    x, y = data()
    for _ in range(5):
        model.train_on_batch(x, y)
    paths = [v.path for v in model.average.variables]
    assert any("moving_variance" in path for path in paths)
    own = model.get_weights()
    with model.average.in_place():
        averaged = model.predict(x, verbose=0)
        assert max(abs(a - b).max() for a, b in zip(own, model.get_weights(), strict=True)) > 1e-4
    for before, after in zip(own, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    model.average.copy_to_weights()
    np.testing.assert_allclose(model.predict(x, verbose=0), averaged, atol=1e-6)


def test_recalibrated_statistics_are_those_of_all_images_at_once():
    model = keras.Model(*network())
    x, _ = data()
    assert recalibrate_batch_norm(model, [x[:10], x[10:20], x[20:30], x[30:]]) == 4
    convolution, first = model.get_layer("block").branch.layers[:2]
    seen = np.asarray(convolution(x))
    np.testing.assert_allclose(first.moving_mean.numpy(), seen.mean((0, 1, 2)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(first.moving_variance.numpy(), seen.var((0, 1, 2)), rtol=1e-4)


def test_recalibration_takes_tuples_and_refuses_what_has_no_statistics():
    x, y = data()
    assert recalibrate_batch_norm(keras.Model(*network()), [(x, y)]) == 1
    inputs = keras.Input((2,))
    with pytest.raises(ValueError, match="must have batch norm layers, plain has none"):
        recalibrate_batch_norm(keras.Model(inputs, keras.layers.Dense(2)(inputs), name="plain"), [x])
    with pytest.raises(ValueError, match="at least one batch, got none"):
        recalibrate_batch_norm(keras.Model(*network()), [])


def test_a_decay_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"`decay` must be in \(0, 1\), got 1\.0"):
        Average([], 1.0)
