"""An inception module: four branches in the paper's order."""

import keras
import numpy as np
import pytest

from keras_resnets.layers import InceptionBlock


def images():
    return np.random.RandomState(0).normal(size=(2, 6, 7, 5)).astype("float32")


def test_its_channels_are_the_branches_in_the_papers_order():
    block, x = InceptionBlock((3, 2, 4, 1, 5, 6)), images()
    y = block(x)
    assert y.shape == (2, 6, 7, 3 + 4 + 5 + 6)
    np.testing.assert_array_equal(y, np.concatenate([branch(x) for branch in block.branches], axis=-1))


def test_the_pool_branch_sees_the_largest_neighbor():
    block = InceptionBlock((1, 1, 1, 1, 1, 5))
    block(images())
    (kernel,) = block.branch_pool.get_weights()
    pooled = keras.ops.max_pool(images(), 3, 1, "same", data_format="channels_last")
    np.testing.assert_allclose(block(images())[..., 3:], np.maximum(pooled @ kernel[0, 0], 0), atol=1e-5)


@pytest.mark.parametrize("large", [3, 5])
def test_the_large_kernel_is_the_references(large):
    block = InceptionBlock((1, 1, 1, 2, 3, 1), large=large)
    block(images())
    assert block.branch5x5.get_layer("conv2").kernel.shape == (large, large, 2, 3)


def test_six_filters_are_wanted():
    with pytest.raises(ValueError, match=r"InceptionBlock: `filters` must be six numbers.*got \(1, 2, 3\)"):
        InceptionBlock((1, 2, 3))
