"""A dense layer keeps all that it takes."""

import numpy as np
import pytest

from keras_resnets.layers import DenseLayer


def images(channels=6):
    return np.random.RandomState(0).normal(size=(2, 5, 5, channels)).astype("float32")


def test_its_input_passes_unchanged_and_its_growth_follows():
    layer, x = DenseLayer(4), images()
    y = np.array(layer(x))
    skip, new = layer.halves(x)
    np.testing.assert_array_equal(y[..., :6], x)
    np.testing.assert_array_equal(y[..., 6:], new)
    np.testing.assert_array_equal(skip, x)


def test_the_bottleneck_is_four_times_the_growth():
    layer = DenseLayer(4)
    layer(images())
    shapes = {weight.path.split("/", 1)[1]: tuple(weight.shape) for weight in layer.trainable_weights}
    assert shapes["branch/conv1/kernel"] == (1, 1, 6, 16)
    assert shapes["branch/conv2/kernel"] == (3, 3, 16, 4)
    assert not any(path.endswith("bias") for path in shapes)


def test_dropout_takes_new_values_only():
    layer, x = DenseLayer(4, dropout=0.5), images()
    y = np.array(layer(x, training=True))
    np.testing.assert_array_equal(y[..., :6], x)
    assert 0.2 < (y[..., 6:] == 0).mean() < 0.8


def test_arguments_outside_their_ranges_are_refused():
    with pytest.raises(ValueError, match=r"DenseLayer: `growth` and `bottleneck` must be at least 1, got 0 and 0"):
        DenseLayer(0)
    with pytest.raises(ValueError, match=r"`dropout` must be in \[0, 1\), got 1"):
        DenseLayer(4, dropout=1)
