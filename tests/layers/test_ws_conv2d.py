"""Weight standardization: the references' numbers, and what they promise of every kernel."""

import numpy as np
import pytest

from keras_resnets.layers import WSConv2D

# One filter of a 2x2x3 kernel, seven numbers over and over, and what the two codes make of it with its gain of 0.5.
KERNEL = np.resize([0.2, -0.6, 0.0, -0.8, -0.2, 0.4, -0.4], 12)
DEEPMIND = np.resize([0.16031069, -0.13564751, 0.08632114, -0.20963705, 0.01233159, 0.23430023, -0.06165794], 12)
TIMM = np.resize([0.1603054, -0.1356430, 0.0863183, -0.2096302, 0.0123312, 0.2342925, -0.0616559], 12)


@pytest.mark.parametrize(("rule", "expected"), (("floor", DEEPMIND), ("add", TIMM)))
def test_the_kernel_is_the_references(rule, expected):
    layer = WSConv2D(1, 2, standardization=rule)
    layer.build((None, 4, 4, 3))
    layer.kernel.assign(KERNEL.reshape(2, 2, 3, 1))
    layer.gain.assign([0.5])
    np.testing.assert_allclose(np.ravel(layer.standardized_kernel()), expected, atol=1e-7)


@pytest.mark.parametrize(("rule", "norm"), (("floor", 1.0), ("add", 1.0), ("unbiased", 17.0)))
def test_each_filter_has_mean_zero_and_a_fixed_norm(rule, norm):
    """Unit norm for the rules of normalizer-free networks; N - 1 without 1 / sqrt(N)."""
    layer = WSConv2D(6, 3, groups=2, standardization=rule)
    layer.build((None, 8, 8, 4))
    kernel = np.asarray(layer.standardized_kernel())
    np.testing.assert_allclose(kernel.mean(axis=(0, 1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose((kernel**2).sum(axis=(0, 1, 2)), norm, rtol=2e-3)


def test_a_constant_kernel_is_no_division_by_zero():
    for rule in ("floor", "add", "unbiased"):
        layer = WSConv2D(2, 1, standardization=rule)
        layer.build((None, 4, 4, 3))
        layer.kernel.assign(np.ones((1, 1, 3, 2)))
        np.testing.assert_array_equal(layer.standardized_kernel(), 0)


def test_symmetric_padding_differs_from_same_on_even_sides_alone():
    layers = {padding: WSConv2D(2, 3, 2, padding=padding) for padding in ("same", "symmetric")}
    for size, equal in ((9, True), (8, False)):
        x = np.random.default_rng(0).normal(size=(1, size, size, 3)).astype("float32")
        for layer in layers.values():
            layer.build(x.shape) if not layer.built else None
        layers["symmetric"].set_weights(layers["same"].get_weights())
        same, symmetric = (np.asarray(layer(x)) for layer in layers.values())
        assert same.shape == symmetric.shape and np.allclose(same, symmetric, atol=1e-6) is equal


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="WSConv2D: `standardization` must be one of"):
        WSConv2D(4, 3, standardization="none")
    with pytest.raises(ValueError, match=r"WSConv2D: `groups` must divide `filters` \(4\), got 3"):
        WSConv2D(4, 3, groups=3)
    with pytest.raises(ValueError, match=r"`groups` \(2\) must divide the input's channels, got 3"):
        WSConv2D(4, 3, groups=2).build((None, 4, 4, 3))
