"""Efficient channel attention."""

import numpy as np
import pytest

from keras_resnets.layers import ECABlock


@pytest.mark.parametrize(
    ("channels", "size"), ((8, 3), (16, 3), (64, 3), (128, 5), (256, 5), (1024, 5), (1536, 5), (2048, 7))
)
def test_the_neighborhood_grows_with_the_channels(channels, size):
    layer = ECABlock()
    layer.build((None, 4, 4, channels))
    assert layer.conv.kernel.shape == (size, 1, 1)


def test_a_channel_weighs_itself_and_its_neighbors():
    x = np.zeros((1, 2, 2, 8), "float32")
    x[..., 3] = 4.0
    x[..., 6] = 1.0
    layer = ECABlock(kernel_size=3, gain=2.0)
    layer.build(x.shape)
    layer.conv.kernel.assign(np.array([1.0, 0.5, 0.25], "float32").reshape(3, 1, 1))
    # Channel 3 sees itself in the middle, 6 likewise; zeros beside them.
    np.testing.assert_allclose(layer(x)[0, 0, 0, 3], 2 * 4 / (1 + np.exp(-2.0)), rtol=1e-6)
    np.testing.assert_allclose(layer(x)[0, 0, 0, 6], 2 * 1 / (1 + np.exp(-0.5)), rtol=1e-6)


def test_an_even_size_is_refused():
    with pytest.raises(ValueError, match="ECABlock: `kernel_size` must be None or odd, got 4"):
        ECABlock(kernel_size=4)
