"""Option A: what is kept, and where the zeros go."""

import numpy as np
import pytest

from keras_resnets.layers import PadShortcut

X = np.random.RandomState(0).normal(size=(2, 7, 6, 3)).astype("float32")


@pytest.mark.parametrize(("zeros", "before"), [("both", 2), ("after", 0)])
def test_every_second_pixel_is_kept_among_zeros(zeros, before):
    y = np.asarray(PadShortcut(8, 2, zeros)(X))
    assert y.shape == (2, 4, 3, 8)
    np.testing.assert_array_equal(y[..., before : before + 3], X[:, ::2, ::2])
    assert (np.delete(y, range(before, before + 3), axis=-1) == 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"filters": 0}, "`filters` and `strides` must be at least 1, got 0 and 1"),
        ({"filters": 4, "zeros": "before"}, "`zeros` must be 'both' or 'after', got 'before'"),
    ],
)
def test_bad_arguments_are_refused_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        PadShortcut(**options)
