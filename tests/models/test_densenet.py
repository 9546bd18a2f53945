"""DenseNet: channels grow by `growth` a layer and are halved between blocks."""

import numpy as np
import pytest

from keras_resnets import DenseNet121
from keras_resnets.models.densenet import KERAS_DENSENET

TINY = {"blocks": (2, 3), "growth": 4, "stem_width": 8, "input_shape": (32, 32, 3)}


def test_channels_grow_and_transitions_compress_them():
    model = DenseNet121(include_top=False, **TINY)
    widths = {name: model.get_layer(name).output.shape[1:] for name in ("stage1_block2", "transition1_pool")}
    assert widths == {"stage1_block2": (8, 8, 16), "transition1_pool": (4, 4, 8)}
    assert model.output_shape == (None, 4, 4, 8 + 3 * 4)


def test_every_layer_of_a_block_sees_what_came_before_unchanged():
    model = DenseNet121(include_top=False, **TINY)
    x = np.random.RandomState(0).normal(size=(1, 8, 8, 8)).astype("float32")
    first = np.array(model.get_layer("stage1_block1")(x))
    second = np.array(model.get_layer("stage1_block2")(first))
    np.testing.assert_array_equal(second[..., :8], x)
    np.testing.assert_array_equal(second[..., :12], first)


def test_at_initialization_every_layer_adds_as_much_signal_as_it_takes():
    """He's variance 2 / fan_in after batch norm and ReLU (second moment 1/2) gives new channels of variance 1, up to
    the zeros at the border: 2 of 3 rows of a kernel at the edge of 16 px leave (1 - 2 / 48)^2 = 0.92."""
    model = DenseNet121(include_top=False, blocks=(3,), growth=32, stem_width=64, input_shape=(64, 64, 3))
    x = np.random.RandomState(0).normal(size=(16, 16, 16, 64)).astype("float32")
    for number in (1, 2, 3):
        layer = model.get_layer(f"stage1_block{number}")
        _, new = layer.halves(x, training=True)
        assert np.var(np.array(new)) == pytest.approx(0.92, rel=0.12)
        x = np.array(layer(x, training=True))


def test_keras_conventions_are_one_field_away():
    model = DenseNet121(conventions=KERAS_DENSENET, **TINY)
    norm = model.get_layer("transition1_bn")
    assert (norm.epsilon, norm.momentum) == (1.001e-5, 0.99)


def test_arguments_outside_their_ranges_are_refused():
    with pytest.raises(ValueError, match=r"`compression` must be in \(0, 1\], got 0"):
        DenseNet121(compression=0)
    with pytest.raises(ValueError, match="must be at least 1"):
        DenseNet121(growth=0)
