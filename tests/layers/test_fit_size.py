"""Fitting one map to the size of another."""

import keras
import numpy as np
import pytest

from keras_resnets.layers import FitSize

MAP = np.arange(1, 36, dtype="float32").reshape(1, 5, 7, 1)


def like(height, width):
    return np.zeros((1, height, width, 2), "float32")


def test_the_center_is_kept():
    np.testing.assert_array_equal(FitSize("center")(MAP, like(3, 4)), MAP[:, 1:4, 1:5])


def test_the_start_is_kept():
    np.testing.assert_array_equal(FitSize("start")(MAP, like(3, 4)), MAP[:, :3, :4])


def test_what_is_missing_is_zero():
    fitted = np.array(FitSize("center")(MAP, like(8, 6)))
    np.testing.assert_array_equal(fitted[:, 1:6], MAP[:, :, :6])
    assert fitted.shape == (1, 8, 6, 1)
    assert fitted.sum() == MAP[:, :, :6].sum()


@pytest.mark.parametrize("align", ["center", "start"])
def test_sizes_may_be_known_only_at_the_end(align):
    x, other = keras.Input((None, None, 1)), keras.Input((None, None, 2))
    model = keras.Model([x, other], FitSize(align)(x, other))
    assert model.output_shape == (None, None, None, 1)
    for height, width in ((3, 4), (8, 6), (5, 7)):
        expected = FitSize(align)(MAP, like(height, width))
        np.testing.assert_array_equal(model.predict([MAP, like(height, width)], verbose=0), expected)


def test_another_alignment_is_refused():
    with pytest.raises(ValueError, match="FitSize: `align` must be one of center, start, got 'end'"):
        FitSize("end")
