import collections
import math
from dataclasses import replace

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from keras_resnets.export import tflite
from keras_resnets.layers import InvertedBlock, SeparableBlock
from keras_resnets.models import MobileNet, MobileNetV2, MobileNetV3Small, create_model
from keras_resnets.models.mobilenet import VARIANTS, Row, body, scaled

TOTALS = {
    "mobilenet_v1": 4_253_864,
    "mobilenet_v2": 3_538_984,
    "mobilenet_v3_small": 2_554_968,
    "mobilenet_v3_small_minimalistic": 2_056_848,
    "mobilenet_v3_large": 5_507_432,
    "mobilenet_v3_large_minimalistic": 3_948_688,
}
"""Keras' `count_params` (spec.json, params_total)."""

SLOW = pytest.mark.slow


def blocks_of(model, kind=InvertedBlock):
    return [layer for layer in model.layers if isinstance(layer, kind)]


@pytest.mark.parametrize("key", [key if "v3_large" not in key else pytest.param(key, marks=SLOW) for key in VARIANTS])
def test_counts_are_those_of_keras(key):
    model = create_model(key)
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == VARIANTS[key].parameters
    assert model.count_params() == TOTALS[key]


def test_widths_are_multiples_that_lose_less_than_a_tenth():
    for width in np.arange(1, 400, 0.3):
        rounded = scaled(width)
        assert rounded % 8 == 0 and rounded >= 0.9 * width and (abs(rounded - width) <= 8)
    assert [scaled(width) for width in (3, 11.9, 12, 17.9, 18, 24)] == [8, 16, 16, 24, 24, 24]
    assert scaled(16.9, divisor=None) == 16


def test_a_minimalistic_network_has_nothing_that_a_weak_chip_lacks():
    model = MobileNetV3Small(minimalistic=True, input_shape=(64, 64, 3))
    for block in blocks_of(model):
        assert (block.kernel_size, block.activation, block.se_filters) == (3, "relu", None)
    activations = [layer for layer in model.layers if isinstance(layer, keras.layers.Activation)]
    assert {keras.activations.serialize(layer.activation) for layer in activations} == {"relu"}


def test_v3_uses_hard_swish_where_the_paper_does():
    """Table 2 of arXiv:1905.02244: RE in the first three rows, HS below."""
    blocks = blocks_of(MobileNetV3Small(input_shape=(64, 64, 3)))
    assert [block.activation for block in blocks] == ["relu"] * 3 + ["hard_silu"] * 8
    assert [block.se_filters is not None for block in blocks] == [True, False, False] + [True] * 8


def test_a_wider_network_widens_the_last_convolution_and_a_narrower_one_does_not():
    def final(alpha):
        variant, image = replace(VARIANTS["mobilenet_v2"], alpha=alpha, stages=((Row(16),),)), keras.Input((32, 32, 3))
        return body(variant, image).shape[-1]

    assert [final(0.35), final(1.0), final(1.4)] == [1280, 1280, 1792]


def test_sides_may_be_unknown():
    model = MobileNetV3Small(include_top=False, input_shape=(None, None, 3), pooling="avg")
    assert model(np.zeros((1, 40, 51, 3), "float32")).shape == (1, 576)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": 0}, "Variant: `alpha` multiplies widths and must be above 0, got 0"),
        ({"block": "basic"}, "Variant: `block` must be 'separable' or 'inverted', got 'basic'"),
        ({"input_shape": (31, 32, 3)}, "sides of at least 32 px"),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        MobileNetV2(**options)


def variances(model, kind, side=64):
    """{block: (variance of its output, whether it has a skip)} in training mode, mean over channels."""
    x = np.random.default_rng(0).normal(size=(16, side, side, 3)).astype("float32")
    found = {}
    for layer in model.layers[1:]:
        x = layer(x, training=True)
        if isinstance(layer, kind):
            found[layer.name] = float(np.var(x, axis=(0, 1, 2)).mean())
    return found


def test_at_initialization_variance_counts_the_blocks_of_a_stage():
    """A linear bottleneck ends in a batch norm of variance 1, and an identity skip adds it whole (arXiv:2002.10444,
    section 2): the n-th block of a stage has variance n, and no activation cuts it."""
    model = MobileNetV2(include_top=False, input_shape=(64, 64, 3))
    for name, variance in variances(model, InvertedBlock).items():
        assert variance == pytest.approx(int(name.split("_block")[1]), rel=0.08), name


def test_at_initialization_v1_keeps_the_variance_of_a_rectified_gaussian():
    """Var[max(z, 0)] = 1/2 - 1/(2 pi), z ~ N(0, 1): without skips nothing grows."""
    model = MobileNet(include_top=False, input_shape=(64, 64, 3))
    for name, variance in variances(model, SeparableBlock).items():
        assert variance == pytest.approx(1 / 2 - 1 / (2 * math.pi), rel=0.05), name


@pytest.mark.parametrize(
    ("constructor", "hard_swishes", "others"),
    [
        (MobileNetV3Small, 19, {"CONV_2D", "DEPTHWISE_CONV_2D", "MEAN", "MUL", "ADD", "FULLY_CONNECTED", "SOFTMAX"}),
        pytest.param(MobileNet, 0, {"CONV_2D", "DEPTHWISE_CONV_2D", "MEAN", "FULLY_CONNECTED", "SOFTMAX"}, marks=SLOW),
    ],
)
def test_a_phone_gets_builtin_ops_and_each_hard_swish_as_one(constructor, hard_swishes, others, tmp_path):
    """Padding, batch norm, ReLU6 and the hard sigmoid's clip all fold into the convolutions."""
    model = constructor(input_shape=(64, 64, 3), classes=5, classifier_activation=None)
    tflite.write_tflite(model, tmp_path / "model.tflite")
    ops = collections.Counter(op["op_name"] for op in Interpreter(str(tmp_path / "model.tflite"))._get_ops_details())
    assert ops.pop("HARD_SWISH", 0) == hard_swishes
    assert set(ops) == others
    image = np.random.default_rng(0).normal(size=(1, 64, 64, 3)).astype("float32")
    answer = tflite.open_tflite(tmp_path / "model.tflite").run(image)["probabilities"]
    np.testing.assert_allclose(answer, keras.ops.softmax(model(image)), atol=1e-6)


def test_statistics_can_be_told_to_settle_sooner():
    options = {"input_shape": (32, 32, 3), "classes": 2, "stages": ((Row(8, 2),),)}
    norms = [
        [layer.momentum for layer in network._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
        for network in (MobileNetV3Small(**options), MobileNetV3Small(**options, momentum=0.9))
    ]
    assert set(norms[0]) == {0.999} and set(norms[1]) == {0.9}
