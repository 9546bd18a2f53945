"""The stem's max pooling under the four paddings, against windows taken by hand."""

import numpy as np
import pytest

from keras_resnets.layers import StemPool

BEFORE = {"symmetric": lambda n: 1, "zeros": lambda n: 1, "ceil": lambda n: 0, "same": lambda n: n % 2}
LENGTH = {
    "symmetric": lambda n: (n + 1) // 2,
    "zeros": lambda n: (n + 1) // 2,
    "same": lambda n: (n + 1) // 2,
    "ceil": lambda n: -(-(n - 3) // 2) + 1,
}


def by_hand(x, padding):
    filling = 0.0 if padding == "zeros" else -np.inf
    padded = np.full((x.shape[0] + 8, x.shape[1] + 8), filling)
    top, left = (BEFORE[padding](side) for side in x.shape)
    padded[top : top + x.shape[0], left : left + x.shape[1]] = x
    rows, columns = (LENGTH[padding](side) for side in x.shape)
    return np.array([[padded[2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max() for j in range(columns)] for i in range(rows)])


@pytest.mark.parametrize("padding", BEFORE)
@pytest.mark.parametrize("shape", [(8, 8), (9, 9), (7, 10), (4, 5)])
def test_takes_the_largest_of_each_window(padding, shape):
    x = np.random.default_rng(0).normal(-2, 1, shape).astype("float32")
    y = np.asarray(StemPool(padding)(x[None, ..., None]))[0, ..., 0]
    np.testing.assert_array_equal(y, by_hand(x, padding).astype("float32"))


def test_only_zeros_win_over_negative_values():
    x = -np.ones((1, 6, 6, 1), "float32")
    assert {p: np.asarray(StemPool(p)(x)).max() for p in BEFORE} == {
        "symmetric": -1,
        "zeros": 0,
        "ceil": -1,
        "same": -1,
    }


def test_another_padding_is_refused():
    with pytest.raises(ValueError, match="`padding` must be one of symmetric, same, ceil, zeros, got 'valid'"):
        StemPool("valid")
