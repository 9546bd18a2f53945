"""Local response normalization against the formula, channel by channel."""

import numpy as np
import pytest

from keras_resnets.layers import LocalResponseNormalization


def by_hand(x, size, alpha, beta, k):
    y, channels = np.empty_like(x), x.shape[-1]
    for i in range(channels):
        near = x[..., max(0, i - size // 2) : min(channels, i + size // 2 + 1)]
        y[..., i] = x[..., i] / (k + alpha * np.square(near).sum(-1)) ** beta
    return y


@pytest.mark.parametrize(("size", "channels"), [(5, 8), (3, 2), (1, 4), (7, 3)])
def test_it_divides_by_the_squares_of_neighbors_in_depth(size, channels):
    x = np.random.RandomState(0).normal(0, 30, (2, 3, 4, channels)).astype("float32")
    layer = LocalResponseNormalization(size, alpha=0.01, beta=0.6, k=1.5)
    np.testing.assert_allclose(layer(x), by_hand(x, size, 0.01, 0.6, 1.5), rtol=1e-5)


def test_in_half_precision_large_values_do_not_overflow():
    x = np.full((1, 1, 1, 5), 1000.0, "float16")  # its square is above float16's 65504
    y = np.array(LocalResponseNormalization(dtype="float16")(x))
    assert y.dtype == "float16"
    np.testing.assert_allclose(y, by_hand(x.astype("float32"), 5, 1e-4, 0.75, 2.0), rtol=2e-3)


def test_arguments_outside_their_ranges_are_refused():
    with pytest.raises(ValueError, match=r"LocalResponseNormalization: `size` must be odd.*got 4"):
        LocalResponseNormalization(4)
    with pytest.raises(ValueError, match=r"`k` must be above 0, got 0"):
        LocalResponseNormalization(k=0)
