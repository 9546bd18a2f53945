"""The residual equation and its final classes."""

import keras
import numpy as np
import pytest

from keras_resnets.layers import (
    BasicBlock,
    BottleneckBlock,
    Conventions,
    PreactBasicBlock,
    PreactBottleneckBlock,
    ResidualBlock,
)

X = np.random.RandomState(0).normal(size=(2, 8, 8, 16)).astype("float32")

BLOCKS = [BasicBlock, PreactBasicBlock, BottleneckBlock, PreactBottleneckBlock]


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("shortcut", ["identity", "projection"])
def test_a_block_is_its_halves_summed(kind, shortcut):
    block = kind(16, shortcut=shortcut)
    y = block(X)
    skip, residual = block.halves(X)
    total = np.asarray(skip + residual)
    expected = np.maximum(total, 0) if block.after else total
    np.testing.assert_allclose(y, expected, rtol=1e-6)
    assert isinstance(block, ResidualBlock)


def test_a_plain_block_has_no_skip():
    block = BasicBlock(16, shortcut="none")
    y = block(X)
    skip, residual = block.halves(X)
    assert skip is None
    np.testing.assert_allclose(y, np.maximum(residual, 0), rtol=1e-6)


def test_plain_and_residual_blocks_share_weight_names():
    plain, residual = BasicBlock(16, shortcut="none", name="block"), BasicBlock(16, name="block")
    plain(X), residual(X)
    assert [weight.path for weight in plain.weights] == [weight.path for weight in residual.weights]


def test_batch_statistics_are_updated_once_a_call():
    block = PreactBasicBlock(16, shortcut="projection")
    block(X, training=True)
    mean = block.before.layers[0].moving_mean
    np.testing.assert_allclose(mean.numpy(), 0.1 * X.mean(axis=(0, 1, 2)), rtol=1e-4, atol=1e-6)


def test_a_preactivation_projection_starts_from_the_activated_input_and_an_identity_from_the_raw_one():
    projecting, identity = PreactBasicBlock(16, shortcut="projection"), PreactBasicBlock(16)
    projecting(X), identity(X)
    activated = projecting.before(X)
    np.testing.assert_allclose(projecting.halves(X)[0], projecting.shortcut(activated), rtol=1e-6)
    np.testing.assert_array_equal(identity.halves(X)[0], X)


@pytest.mark.parametrize(("strided", "first", "second"), [("1x1", 2, 1), ("3x3", 1, 2)])
def test_v1_strides_in_the_first_convolution_and_v1_5_in_the_second(strided, first, second):
    block = BottleneckBlock(32, 2, strided=strided, shortcut="projection")
    strides = {layer.name: layer.strides[0] for layer in block.branch.layers if hasattr(layer, "kernel_size")}
    assert (strides["conv1"], strides["conv2"], strides["conv3"]) == (first, second, 1)


def test_groups_divide_the_3x3_convolution():
    block = BottleneckBlock(32, bottleneck=16, groups=4, shortcut="projection")
    block(X)
    kernels = {layer.name: layer.kernel.shape for layer in block.branch.layers if hasattr(layer, "kernel")}
    assert kernels["conv2"] == (3, 3, 4, 16)


def test_symmetric_padding_is_pytorchs_under_stride_2():
    """The first output looks at one row of zeros above and at the first two rows; `same` would look at none above."""
    ones = np.ones((1, 4, 4, 1), "float32")
    for padding, corner in (("symmetric", 4.0), ("same", 9.0)):
        block = BasicBlock(1, 2, shortcut="projection", conventions=Conventions(padding=padding))
        block.build((None, 4, 4, 1))
        convolution = [layer for layer in block.branch.layers if layer.name.startswith("conv1")]
        y = ones
        for layer in convolution:
            if hasattr(layer, "kernel"):
                layer.kernel.assign(np.ones(layer.kernel.shape))
            y = layer(y)
        assert float(y[0, 0, 0, 0]) == corner


def test_a_silent_last_gamma_makes_the_block_the_identity():
    block = BottleneckBlock(16, conventions=Conventions(zero_last_gamma=True))
    np.testing.assert_allclose(block(np.abs(X)), np.abs(X), rtol=1e-6)


@pytest.mark.parametrize(
    ("create", "message"),
    [
        (lambda: BasicBlock(0), r"BasicBlock: `filters` and `strides` must be at least 1, got 0 and 1"),
        (lambda: BasicBlock(4, shortcut="zero"), r"BasicBlock: `shortcut` must be one of .*'pad'.*, got 'zero'"),
        (lambda: BottleneckBlock(16, strided="5x5"), r"`strided` must be '3x3' \(v1\.5\) or '1x1' \(v1\), got '5x5'"),
        (lambda: BottleneckBlock(16, groups=3), r"`groups` must divide `bottleneck`, both at least 1, got 3 and 4"),
        (lambda: Conventions(padding="full"), r"Conventions: `padding` must be 'same' or 'symmetric', got 'full'"),
        (lambda: BasicBlock(8)(X), r"an identity shortcut keeps the shape, but this block turns \(8, 8, 16\) into"),
        (lambda: BasicBlock(8, shortcut="pad")(X), r"`filters` \(8\) must be at least the input's channels \(16\)"),
    ],
)
def test_bad_arguments_are_refused_by_name(create, message):
    with pytest.raises(ValueError, match=message):
        create()


def test_the_abstract_block_plays_nothing_of_its_own():
    assert ResidualBlock.branch is None
    assert all("call" not in vars(kind) and "halves" not in vars(kind) for kind in BLOCKS)


def test_layers_of_one_block_start_from_different_weights():
    block = BasicBlock(16)
    block(X)
    first, second = (layer.kernel.numpy() for layer in block.branch.layers if isinstance(layer, keras.layers.Conv2D))
    assert np.abs(first - second).max() > 0.01
