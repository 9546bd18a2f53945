import math

import numpy as np
import pytest

from keras_resnets.layers import InvertedBlock
from keras_resnets.models import EfficientNetB0, create_model
from keras_resnets.models.efficientnet import VARIANTS

TOTALS = {
    "efficientnet_b0": 5_330_571,
    "efficientnet_b1": 7_856_239,
    "efficientnet_b2": 9_177_569,
    "efficientnet_b3": 12_320_535,
    "efficientnet_b4": 19_466_823,
    "efficientnet_b5": 30_562_527,
    "efficientnet_b6": 43_265_143,
    "efficientnet_b7": 66_658_687,
}
"""Keras' `count_params` (spec.json, params_total), with the 7 values of its `Normalization` layer."""


def check_counts(key):
    model, variant = create_model(key), VARIANTS[key]
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == variant.parameters
    assert model.count_params() + variant.normalization_values == TOTALS[key]


def test_counts_of_b0_are_those_of_keras():
    check_counts("efficientnet_b0")


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in VARIANTS if key != "efficientnet_b0"])
def test_counts_are_those_of_keras(key):
    check_counts(key)


@pytest.fixture(scope="module")
def b0():
    return EfficientNetB0(include_top=False, input_shape=(64, 64, 3))


def blocks_of(model):
    return [layer for layer in model.layers if isinstance(layer, InvertedBlock)]


def test_depth_rounds_blocks_up_and_width_rounds_to_eight():
    model = EfficientNetB0(include_top=False, input_shape=(32, 32, 3), width=0.3, depth=1.1)
    counts = [sum(block.name.startswith(f"stage{stage}_") for block in blocks_of(model)) for stage in range(1, 8)]
    assert counts == [2, 3, 3, 4, 4, 5, 2]
    assert {block.filters % 8 for block in blocks_of(model)} == {0}


def test_dropped_residuals_grow_with_depth_and_only_beside_a_skip(b0):
    """Keras: 0.2 i / 16 for block i of 16, on the nine blocks that add."""
    blocks = blocks_of(b0)
    rates = [block.branch.get_layer("drop").rate if "drop" in names(block) else None for block in blocks]
    with_skip = [int(block.name.split("_block")[1]) > 1 for block in blocks]
    assert rates == [0.2 * index / 16 if skip else None for index, skip in enumerate(with_skip)]


def names(block):
    return [layer.name for layer in block.branch.layers]


def test_squeeze_sees_a_quarter_of_the_blocks_input(b0):
    assert [block.se_filters for block in blocks_of(b0)][:5] == [8, 4, 6, 6, 10]


def test_initial_kernels_are_those_of_the_released_code(b0):
    """He's normal over the fan-out, cut at two deviations; 1/3 of a uniform's over the classes for the classifier."""
    kernel = np.array(b0.get_layer("final_conv").kernel)
    deviation = math.sqrt(2 / kernel.shape[-1])
    assert kernel.std() == pytest.approx(deviation, rel=0.02)
    assert np.abs(kernel).max() <= 2 * deviation / 0.8796 + 1e-6
    depthwise = np.concatenate([np.ravel(block.branch.get_layer("depthwise").kernel) for block in blocks_of(b0)[1:3]])
    assert depthwise.std() == pytest.approx(math.sqrt(2 / 9), rel=0.05)
    classifier = EfficientNetB0.variant.classifier_initializer((1280, 100))
    assert np.abs(classifier).max() == pytest.approx(math.sqrt(3 * (1 / 3) / 100), rel=1e-3)


def test_at_initialization_variance_counts_the_blocks_of_a_stage():
    """Each residual ends in a batch norm of variance 1 and is added to an identity (arXiv:2002.10444, section 2)."""
    model = EfficientNetB0(include_top=False, input_shape=(64, 64, 3), stochastic_depth=0.0)
    x = np.random.default_rng(0).normal(size=(16, 64, 64, 3)).astype("float32")
    for layer in model.layers[1:]:
        x = layer(x, training=True)
        if isinstance(layer, InvertedBlock):
            number = int(layer.name.split("_block")[1])
            assert np.var(x, axis=(0, 1, 2)).mean() == pytest.approx(number, rel=0.1), layer.name


def test_errors():
    with pytest.raises(ValueError, match=r"Variant: `width` and `depth` must be above 0, got 1\.0 and 0"):
        EfficientNetB0(depth=0)
