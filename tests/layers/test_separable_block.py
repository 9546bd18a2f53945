import keras
import numpy as np
import pytest

from keras_resnets.layers import SeparableBlock, XceptionBlock
from keras_resnets.layers.conventions import Conventions
from keras_resnets.layers.depthwise_convolution import depthwise_convolution
from keras_resnets.layers.separable_block import separable_convolution

SAME = Conventions(padding="same")


def images(side=9, channels=8):
    return np.random.default_rng(0).normal(size=(2, side, side, channels)).astype("float32")


def test_a_separable_convolution_is_keras_own():
    ours = keras.Sequential(separable_convolution(SAME, 5)[:2])
    theirs = keras.layers.SeparableConv2D(5, 3, padding="same", use_bias=False)
    ours(images())
    theirs(images())
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(images()), theirs(images()), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("padding", "outside", "side", "output"),
    [("end", ((0, 1), (0, 1)), 8, 4), ("end", ((0, 1), (0, 1)), 9, 4), (None, ((1, 1), (1, 1)), 9, 5)],
)
def test_zeros_go_where_the_reference_puts_them(padding, outside, side, output):
    pad, convolution = depthwise_convolution(Conventions(), 3, 2, name="depthwise", padding=padding)
    assert pad.padding == outside
    assert convolution(pad(images(side))).shape == (2, output, output, 8)


def test_at_stride_one_every_padding_is_the_same():
    assert len(depthwise_convolution(Conventions(), 3, name="depthwise", padding="end")) == 1


def test_an_unknown_padding_is_refused():
    with pytest.raises(ValueError, match="depthwise_convolution: `padding` must be None or 'end', got 'start'"):
        SeparableBlock(8, depthwise_padding="start")


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("depthwise_padding", ["end", None])
def test_a_strided_separable_block_has_the_shape_it_says(side, depthwise_padding):
    block = SeparableBlock(4, 2, depthwise_padding=depthwise_padding, conventions=SAME)
    assert block(images(side)).shape == block.compute_output_shape((2, side, side, 8))


def test_a_separable_block_ends_between_0_and_6():
    y = np.array(SeparableBlock(4, conventions=SAME)(images() * 100, training=True))
    assert y.min() == 0 and y.max() <= 6


def test_a_separable_block_may_have_a_skip():
    block = SeparableBlock(8, shortcut="identity", conventions=SAME)
    skip, residual = block.halves(images())
    np.testing.assert_allclose(block(images()), skip + residual)


def test_the_skip_of_an_xception_block_is_not_activated():
    block = XceptionBlock(8, widths=(8, 8), conventions=SAME)
    skip, _ = block.halves(images())
    np.testing.assert_array_equal(skip, images())
    assert [layer.name for layer in block.branch.layers] == [
        name for number in (1, 2, 3) for name in (f"relu{number}", f"separable{number}")
    ]


def test_the_first_xception_block_has_no_leading_relu():
    block = XceptionBlock(16, 2, shortcut="projection", leading_relu=False, conventions=SAME)
    assert block(images()).shape == (2, 5, 5, 16)
    assert [layer.name for layer in block.branch.layers] == ["separable1", "relu2", "separable2", "pool"]


def test_pooling_with_symmetric_padding_is_refused():
    with pytest.raises(ValueError, match=r"XceptionBlock: under stride, `conventions\.padding` must be 'same'"):
        XceptionBlock(16, 2, conventions=Conventions(padding="symmetric"))
