"""Adaptive gradient clipping against the released code's vectors and its defining inequality."""

import keras
import numpy as np
import pytest

from keras_resnets.training import agc

# spec_checks.json of the project: computed by running the released code, lambda 0.01, epsilon 1e-3.
DENSE = np.array([[1.0, 0.0], [2.0, 0.0], [2.0, 0.0]], "float32")
DENSE_GRADIENT = np.array([[3.0, 1e-4], [0.0, 1e-4], [4.0, 1e-4]], "float32")
DENSE_CLIPPED = np.array([[0.018, 5.773503289674409e-06], [0.0, 5.773503289674409e-06], [0.024, 5.773503289674409e-06]])


@pytest.mark.parametrize(
    ("weight", "gradient", "clipped"),
    [
        (DENSE, DENSE_GRADIENT, DENSE_CLIPPED),
        (np.zeros(3), [3.0, 0.0, 4.0], [6e-6, 0.0, 8e-6]),
        (np.array(0.5), 2.0, 0.005),
    ],
    ids=["dense kernel", "vector", "scalar"],
)
def test_it_equals_the_released_code(weight, gradient, clipped):
    gradient = np.asarray(gradient, "float32")
    factors, _ = agc.clip_factors(gradient, np.asarray(weight, "float32"), 0.01)
    np.testing.assert_allclose(gradient * np.asarray(factors), clipped, rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "depthwise", "axes"),
    [
        ((), False, ()),
        ((5,), False, (0,)),
        ((1, 1, 5, 1), False, (0, 1, 2, 3)),
        ((4, 5), False, (0,)),
        ((3, 4, 5), False, (0,)),
        ((3, 3, 4, 5), False, (0, 1, 2)),
        ((3, 3, 8, 1), True, (0, 1)),
        ((3, 3, 8, 2), True, (0, 1)),
    ],
)
def test_a_unit_is_an_output_channel(shape, depthwise, axes):
    assert agc.unit_axes(shape, depthwise) == axes


def test_more_than_four_axes_are_refused():
    with pytest.raises(ValueError, match=r"at most 4 axes, got shape \(2, 2, 2, 2, 2\)"):
        agc.unit_axes((2,) * 5)


@pytest.mark.parametrize(("shape", "depthwise"), [((3, 3, 4, 6), False), ((3, 3, 6, 1), True), ((6, 4), False)])
def test_no_unit_exceeds_its_share_and_small_ones_are_untouched(shape, depthwise):
    random = np.random.RandomState(0)
    weight = random.normal(size=shape).astype("float32")
    units = tuple(size if axis not in agc.unit_axes(shape, depthwise) else 1 for axis, size in enumerate(shape))
    scales = np.logspace(-3, 1, int(np.prod(units))).reshape(units)  # some units far below the limit, some far above
    gradient = (random.normal(size=shape) * scales).astype("float32")
    factors = np.asarray(agc.clip_factors(gradient, weight, 0.1, depthwise=depthwise)[0])
    clipped, over = gradient * factors, factors < 1
    axes = agc.unit_axes(shape, depthwise)
    limit = 0.1 * np.maximum(np.sqrt((weight**2).sum(axes, keepdims=True)), 1e-3)
    norm = np.sqrt((clipped**2).sum(axes, keepdims=True))
    assert (norm <= limit * (1 + 1e-5)).all()
    assert 0 < over.mean() < 1
    untouched = np.broadcast_to(~over, shape)
    np.testing.assert_array_equal(clipped[untouched], gradient[untouched])
    np.testing.assert_allclose(norm[over], limit[over], rtol=1e-5)


def test_grouped_kernels_have_a_unit_a_filter():
    layer = keras.layers.Conv2D(8, 3, groups=4)
    layer.build((None, 5, 5, 8))
    assert agc.unit_norms(layer.kernel).shape == (1, 1, 1, 8)


def test_depthwise_kernels_are_found_wherever_they_are():
    inputs = keras.Input((8, 8, 3))
    x = keras.Sequential([keras.layers.DepthwiseConv2D(3, name="deep")], name="inner")(inputs)
    x = keras.layers.SeparableConv2D(4, 3, name="separable")(x)
    model = keras.Model(inputs, keras.layers.Conv2D(4, 3, name="plain")(x))
    assert agc.depthwise_kernels(model) == {"inner/deep/kernel", "separable/depthwise_kernel"}
