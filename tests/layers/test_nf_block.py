"""The normalizer-free blocks carry the signal that their papers promise at initialization."""

import keras
import numpy as np
import pytest

from keras_resnets.layers import FixupBlock, NFBlock, NormalizerFree, SkipInitBlock
from keras_resnets.layers.normalizer_free import NF_DEEPMIND, NF_TIMM, width
from keras_resnets.models._positions import positions

GAUSSIAN = np.random.default_rng(0).normal(size=(8, 12, 12, 64)).astype("float32")


def _wake(block):
    """Sets the gain that silences the branch at initialization to 1."""
    for weight in block.weights:
        if "skip_gain" in weight.path or weight.path.endswith("conv3/gain"):
            weight.assign(keras.ops.ones(weight.shape))


@pytest.mark.parametrize("conventions", (NF_DEEPMIND, NF_TIMM), ids=("deepmind", "timm"))
@pytest.mark.parametrize("activation", ("relu", "silu"))
def test_each_block_adds_alpha_squared_to_the_variance(conventions, activation):
    """Brock et al. 2021, section 3.1: Var(x_l+1) = Var(x_l) + alpha^2, and 1 + alpha^2 after a stage's first block."""
    alpha, x, ratios = 0.5, GAUSSIAN, []
    places = positions((4,), (64,), (1,), alpha=alpha)
    expected = [*(place.beta**-2 for place in places[1:]), places[-1].beta ** -2 + alpha**2]
    for place in places:
        block = NFBlock(
            64,
            shortcut="identity" if place.index else "average",
            bottleneck=64,
            beta=place.beta,
            alpha=alpha,
            activation=activation,
            conventions=conventions,
        )
        block.build(x.shape)
        _wake(block)
        x = np.asarray(block(x))
        # The inner 3x3 convolution sees zeros around the image.
        ratios.append(x[:, 1:-1, 1:-1].var(axis=(0, 1, 2)).mean() / expected[place.index])
    assert expected[:2] == pytest.approx([1.25, 1.5])
    np.testing.assert_allclose(ratios, 1, atol=0.1)


def test_the_branch_is_silent_at_first():
    for conventions in (NF_DEEPMIND, NF_TIMM):
        skip, residual = NFBlock(64, conventions=conventions).halves(GAUSSIAN)
        assert skip is GAUSSIAN and not np.any(residual)


def test_skipinit_starts_as_the_identity():
    assert np.array_equal(SkipInitBlock(64)(GAUSSIAN), GAUSSIAN)
    skip, residual = SkipInitBlock(32, 2, shortcut="projection").halves(GAUSSIAN)
    assert not np.any(residual) and np.var(skip) > 0.1


def test_fixup_starts_with_no_residual_and_weights_that_shrink_with_depth():
    deviations = {}
    for depth in (1, 16):
        block = FixupBlock(256, shortcut="projection", depth=depth)
        skip, residual = block.halves(GAUSSIAN)
        assert not np.any(residual) and np.any(skip)
        kernels = {weight.path.split("branch/")[-1]: np.std(weight.numpy()) for weight in block.weights}
        deviations[depth] = [kernels["conv1/kernel"], kernels["conv2/kernel"]]
    # sqrt(2 / 64) and sqrt(2 / (9 x 64)) for 64 inner channels, times depth^(-1/4).
    np.testing.assert_allclose(deviations[1], [0.1768, 0.0589], rtol=0.05)
    np.testing.assert_allclose(deviations[16], np.array(deviations[1]) / 2, rtol=0.08)


def test_fixups_identity_keeps_the_bias_that_the_branch_sees():
    block = FixupBlock(64)
    block.build(GAUSSIAN.shape)
    block.before.bias.assign(2.0)
    np.testing.assert_allclose(block(GAUSSIAN), np.maximum(GAUSSIAN + 2, 0), rtol=1e-6)


def test_stochastic_depth_keeps_residuals_as_they_are_unless_the_reference_rescales():
    x = np.ones((64, 2, 2, 8), "float32")
    for conventions, kept in ((NF_DEEPMIND, 1.0), (NF_TIMM, 2.0)):
        block = NFBlock(8, stochastic_depth=0.5, conventions=conventions, activation="silu")
        block.build(x.shape)
        _wake(block)
        whole = np.asarray(block.halves(x)[1])
        found = np.asarray(block.halves(x, training=True)[1])
        alive = np.abs(found).max(axis=(1, 2, 3)) > 0
        assert 0 < alive.sum() < 64
        np.testing.assert_allclose(found[alive], kept * whole[alive], rtol=1e-5)


def test_widths_round_down_or_to_the_nearest_multiple():
    assert [width(NF_DEEPMIND, value) for value in (36.0, 77.9, 7.2)] == [36, 77, 7]
    # timm's make_divisible: never below nine tenths; squeeze-and-excitation lets it fall lower.
    assert [width(NF_TIMM, value) for value in (36.0, 78.0, 90.0, 11.5)] == [40, 80, 88, 16]
    assert width(NF_TIMM, 11.5, least_share=0) == 8


@pytest.mark.parametrize(
    ("options", "says"),
    (
        ({"shortcut": "pad"}, "`shortcut` must be 'identity', 'projection' or 'average', got 'pad'"),
        ({"groups": 3}, "`groups` must divide `bottleneck`, both at least 1, got 3 and 16"),
        ({"bottleneck": 0}, "`groups` must divide `bottleneck`, both at least 1, got 1 and 0"),
        ({"se_filters": 4, "eca": True}, "`se_filters` and `eca` exclude each other"),
    ),
)
def test_wrong_arguments_are_named(options, says):
    with pytest.raises(ValueError, match=f"NFBlock: {says}"):
        NFBlock(64, **options)


def test_unknown_conventions_are_named():
    with pytest.raises(ValueError, match=r"NormalizerFree: `gamma_in` must be one of .* got 'kernel'"):
        NormalizerFree(gamma_in="kernel")
    with pytest.raises(ValueError, match="FixupBlock: `depth` must be at least 1 block, got 0"):
        FixupBlock(64, depth=0)
