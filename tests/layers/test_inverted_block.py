import keras
import numpy as np
import pytest

from keras_resnets.layers import InvertedBlock, SEBlock
from keras_resnets.layers.conventions import Conventions

SAME = Conventions(padding="same")


def built(*args, channels=8, side=9, **options):
    block = InvertedBlock(*args, conventions=options.pop("conventions", SAME), **options)
    return block, block(np.random.default_rng(0).normal(size=(4, side, side, channels)).astype("float32"))


def names(block):
    return [layer.name for layer in block.branch.layers]


def test_the_end_of_the_branch_is_linear():
    block, _ = built(8, expanded=24, activation="silu")
    assert names(block) == [
        *("expand", "expand_bn", "expand_activation"),
        *("depthwise", "depthwise_bn", "depthwise_activation"),
        *("project", "project_bn"),
    ]
    assert block.after is None


def test_without_expansion_the_depthwise_convolution_comes_first():
    block, _ = built(8)
    assert names(block)[0] == "depthwise" and isinstance(block.branch.layers[0], keras.layers.DepthwiseConv2D)


def test_excitation_weighs_the_wide_middle():
    block, _ = built(8, expanded=24, se_filters=5, se_activation="silu", se_gate="hard_sigmoid")
    excite = block.branch.get_layer("se")
    assert names(block).index("se") == names(block).index("depthwise_activation") + 1
    assert excite.reduce.kernel.shape == (1, 1, 24, 5) and excite.expand.kernel.shape == (1, 1, 5, 24)


def test_the_gate_of_excitation_can_be_hard():
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 4)).astype("float32")
    layer = SEBlock(2, activation="silu", gate="hard_sigmoid")
    layer(x)
    layer.expand.bias.assign([-4.0, 4.0, 0.0, 1.5])
    layer.expand.kernel.assign(np.zeros((1, 1, 2, 4)))
    np.testing.assert_allclose(layer(x), x * np.array([0, 1, 0.5, 0.75], "float32"), rtol=1e-6)


def test_only_a_block_with_a_skip_drops_its_residual():
    assert "drop" in names(built(8, stochastic_depth=0.3)[0])
    assert "drop" not in names(built(16, 2, stochastic_depth=0.3, shortcut="none")[0])


@pytest.mark.parametrize("padding", ["same", "symmetric"])
@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_shapes(padding, side, kernel_size):
    block, y = built(
        16, 2, kernel_size=kernel_size, shortcut="none", side=side, conventions=Conventions(padding=padding)
    )
    assert y.shape == block.compute_output_shape((4, side, side, 8)) == (4, -(-side // 2), -(-side // 2), 16)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"expanded": 0}, "InvertedBlock: `expanded` must be None or at least 1 channel, got 0"),
        ({"kernel_size": 4}, "InvertedBlock: `kernel_size` must be odd, so that it has a middle, got 4"),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        InvertedBlock(8, **options)


def test_an_identity_that_changes_shape_is_refused():
    with pytest.raises(ValueError, match="InvertedBlock: an identity shortcut keeps the shape"):
        built(16, expanded=24)
