"""Each convention makes the layers that its reference has."""

import keras
import numpy as np
import pytest

from keras_resnets.layers import BatchChannelNorm, WSConv2D, conventions
from keras_resnets.layers.conventions import INITIALIZERS, Conventions, convolution, normalization


def outputs_of_one_pixel(made, side=6):
    """Where a 1 in the first pixel goes, with kernels of ones: it tells how a strided convolution pads."""
    x = np.zeros((1, side, side, 1), "float32")
    x[0, 0, 0] = 1
    for layer in made:
        x = layer(x)
    return np.asarray(x)[0, ..., 0]


@pytest.mark.parametrize("padding, first", [("symmetric", 5), ("same", 1)])
@pytest.mark.parametrize("standardization", [None, "unbiased"])
def test_padding_of_strided_convolutions(padding, first, standardization):
    """A 3x3 kernel of 1..9 meets the first pixel of an even side at its middle (symmetric) or its corner (same)."""
    made = convolution(Conventions(padding=padding, standardization=standardization), 1, 3, 2, name="conv")
    outputs_of_one_pixel(made)
    kernel = np.arange(1, 10, dtype="float32").reshape(3, 3, 1, 1)
    made[-1].kernel.assign(kernel)
    if standardization:
        kernel = np.asarray(made[-1].standardized_kernel())
    assert outputs_of_one_pixel(made)[0, 0] == pytest.approx(kernel.ravel()[first - 1])


@pytest.mark.parametrize(
    "use_bias, normalized, expected",
    [
        (False, True, False),
        (False, False, False),
        (True, True, True),
        ("unnormalized", True, False),
        ("unnormalized", False, True),
    ],
)
def test_biases(use_bias, normalized, expected):
    made = convolution(Conventions(use_bias=use_bias), 4, 3, name="conv", normalized=normalized)
    assert made[-1].use_bias == expected


@pytest.mark.parametrize(
    "name, deviation, largest",
    [
        ("he_fan_in", (2 / 144) ** 0.5, None),
        ("he_fan_out", (2 / 576) ** 0.5, None),
        ("haiku", 0.8796 / 12, 2 / 12),
        ("torch_linear", 1 / 12 / 3**0.5, 1 / 12),
    ],
)
def test_initial_kernels_have_the_references_spread(name, deviation, largest):
    """Of a 3x3 convolution from 16 to 64 channels: fan-in 144, fan-out 576."""
    keras.utils.set_random_seed(0)
    kernel = np.asarray(INITIALIZERS[name]()((3, 3, 16, 64)))
    assert kernel.std() == pytest.approx(deviation, rel=0.03)
    if largest is not None:
        assert np.abs(kernel).max() == pytest.approx(largest, rel=0.01) and np.abs(kernel).max() <= largest * 1.0001


def test_the_last_norm_of_a_branch_starts_silent_where_the_reference_does():
    for convention, silent in ((conventions.TORCHVISION, False), (conventions.TIMM, True)):
        last, other = (normalization(convention, name="bn", last=value) for value in (True, False))
        for layer in (last, other):
            layer.build((None, 4, 4, 8))
        assert np.asarray(last.gamma).any() != silent and np.asarray(other.gamma).all()


def test_batch_channel_norm_comes_with_standardized_kernels():
    norm = normalization(conventions.BATCH_CHANNEL, name="bn", last=True)
    norm.build((None, 4, 4, 64))
    assert isinstance(norm, BatchChannelNorm) and norm.groups == 32
    assert not np.asarray(norm.group_gamma).any() and np.asarray(norm.bn.gamma).all()
    (made,) = convolution(conventions.BATCH_CHANNEL, 8, 3, 2, name="conv")
    assert isinstance(made, WSConv2D)
    assert (made.standardization, made.use_bias, made.padding) == ("unbiased", False, "symmetric")


@pytest.mark.parametrize(
    "field, value, message",
    [
        ("padding", "valid", "`padding` must be 'same' or 'symmetric', got 'valid'"),
        ("use_bias", "some", "`use_bias` must be a bool or 'unnormalized', got 'some'"),
        ("initializer", "he", "`initializer` must be one of he_fan_in, .*, got 'he'"),
        ("dense_initializer", "he", "`dense_initializer` must be None or one of he_fan_in, .*, got 'he'"),
        ("standardization", "yes", "`standardization` must be None or one of floor, add, unbiased, got 'yes'"),
        ("norm", "layer", "`norm` must be 'batch', 'batch_channel' or 'none', got 'layer'"),
    ],
)
def test_what_it_refuses(field, value, message):
    with pytest.raises(ValueError, match=message):
        Conventions(**{field: value})


def test_a_saved_layer_remembers_its_conventions():
    for convention in (conventions.KERAS_RESNET_V2, conventions.BATCH_CHANNEL, conventions.DEEPMIND):
        assert conventions.conventions_from(conventions.to_config(convention)) == convention
