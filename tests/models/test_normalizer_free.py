"""SkipInit, Fixup, NF-ResNet, NF-RegNet and NFNet: counts, expected variances, drop rates, and the references' ways."""

import json
from itertools import chain
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_resnets.analysis.complexity import complexity
from keras_resnets.layers import NFBlock
from keras_resnets.layers.scaled_activation import GAMMAS
from keras_resnets.models import catalogue, create_model, fixup_resnet, nf_regnet, nf_resnet, nfnet, skipinit_resnet
from keras_resnets.models._positions import positions

CHECKS = Path(__file__).parents[2] / "../shared/reference/spec_checks.json"
FAMILIES = (skipinit_resnet, fixup_resnet, nf_resnet, nf_regnet, nfnet)
KEYS = [key for family in FAMILIES for key in family.VARIANTS]
MULTIPLY_ADDS = {
    "nf_regnet_b0": 443_672_488,
    "nf_regnet_b0_timm": 621_052_288,
    "nf_ecaresnet26": 2_342_303_232,
    "nf_resnet50_dm": 4_089_184_256,
    "eca_nfnet_l0": 7_014_465_280,
    "skipinit_resnet50": 4_089_184_256,
    "fixup_resnet50": 4_089_184_256,
    "nfnet_f0": 12_384_198_656,
}
"""At the variant's resolution (spec.json)."""


def _blocks(model):
    return [layer for layer in model.layers if isinstance(layer, NFBlock)]


def _count(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.mark.parametrize("key", MULTIPLY_ADDS)
def test_parameters_and_multiply_adds_are_the_references(key):
    model = create_model(key)
    assert _count(model) == model.count_params() == catalogue.variants()[key].parameters
    assert complexity(model).multiply_adds == MULTIPLY_ADDS[key]


@pytest.mark.slow
@pytest.mark.parametrize("key", sorted(set(KEYS) - set(MULTIPLY_ADDS)))
def test_parameters_of_all_others_are_the_references(key):
    model = create_model(key)
    assert _count(model) == model.count_params() == catalogue.variants()[key].parameters


def test_the_betas_of_f0_are_the_released_ones():
    found = [block.beta for block in _blocks(nfnet.NFNetF0(widths=(256, 256, 256, 256), include_top=False))]
    first, second, third, fourth, fifth, sixth = (1 / (1 + 0.04 * steps) ** 0.5 for steps in range(6))
    assert second == pytest.approx(0.98058068)
    # A stage's first block goes on from the stage before; its second starts from one block's growth.
    expected = [first, second, second, third, second, third, fourth, fifth, sixth]
    assert found == pytest.approx([*expected, 1 / 1.24**0.5, second, third])


def test_every_list_of_the_specification_is_ours():
    if not CHECKS.is_file():
        pytest.skip("needs ../shared/reference/spec_checks.json")
    checks = json.loads(CHECKS.read_text())
    lists = {name: value for name, value in checks["beta_inverse_std"].items() if name != "rule"}
    for name, expected in lists.items():
        blocks = catalogue.variants()[name.lower()].blocks
        found = positions(blocks, (1,) * 4, (1,) * 4, alpha=0.2)
        assert [place.beta for place in found] == pytest.approx(list(chain(*expected))), name
    assert len(lists) >= 20
    for name, blocks, rate in (
        ("deepmind_nfnet_F0_rate0.25", (1, 2, 6, 3), 0.25),
        ("deepmind_nf_regnet_B0_rate0.1", (1, 3, 6, 6), 0.1),
        ("deepmind_nf_resnet50_rate0.1", (3, 4, 6, 3), 0.1),
    ):
        found = positions(blocks, (1,) * 4, (1,) * 4, stochastic_depth=rate)
        expected = list(chain(*checks["stochastic_depth_rates"][name]))
        assert [place.stochastic_depth for place in found] == pytest.approx(expected)
    found = positions((1, 2, 6, 3), (1,) * 4, (1,) * 4, stochastic_depth=0.25, last_drops_fully=True)
    expected = checks["stochastic_depth_rates"]["timm_linspace_12_rate0.25"]
    assert [place.stochastic_depth for place in found] == pytest.approx(expected)
    assert GAMMAS.items() >= {k: v for k, v in checks["gamma"].items() if k not in ("glu", "log_softmax")}.items()


def test_the_last_block_drops_with_the_references_rate():
    found = {
        name: [block.stochastic_depth for block in _blocks(model)]
        for name, model in (
            ("deepmind", nfnet.NFNetF0(widths=(256, 256, 256, 256), include_top=False)),
            ("timm", nfnet.ECANFNetL0(widths=(256, 256, 256, 256), stochastic_depth=0.25, include_top=False)),
        )
    }
    assert found["deepmind"] == pytest.approx([0.25 * index / 12 for index in range(12)])
    assert found["timm"] == pytest.approx([0.25 * index / 11 for index in range(12)])


def test_regnets_round_their_widths_as_the_references():
    def shapes(model):
        blocks = _blocks(model)
        return model.get_layer("stem_conv").filters, [block.filters for block in blocks], [b.bottleneck for b in blocks]

    small = {"blocks": (1, 2, 1, 1), "include_top": False}
    assert shapes(nf_regnet.NFRegNetB0(**small)) == (36, [36, 78, 78, 156, 330], [32, 80, 168, 168, 344])
    assert shapes(nf_regnet.NFRegNetB0_timm(**small)) == (40, [40, 80, 80, 160, 328], [40, 88, 184, 184, 360])


def test_the_paper_keeps_the_inner_channels_of_f4_plus_that_the_code_drops():
    small = {"blocks": (1, 1, 1, 1), "include_top": False}
    assert _blocks(nfnet.NFNetF4Plus(**small))[0].bottleneck == 128
    block = _blocks(nfnet.NFNetF4Plus_paper(**small))[0]
    assert (block.bottleneck, block.groups) == (192, 1)


SMALL = {"blocks": (1, 2, 1, 1), "widths": (64, 64, 64, 64), "stem_width": 64, "input_shape": (32, 32, 3)}


@pytest.mark.parametrize(
    ("constructor", "classifier"),
    (
        (nf_resnet.NFResNet50_DM, 0.01),
        (nf_resnet.NFResNet26, 0.01),
        (skipinit_resnet.SkipInitResNet50, 0),
        (fixup_resnet.FixupResNet50, 0),
    ),
)
def test_classifiers_start_as_the_references(constructor, classifier):
    kernel = constructor(**SMALL).get_layer("predictions").kernel.numpy()
    assert kernel.std() == pytest.approx(classifier, rel=0.05)


def test_skipinit_starts_as_stem_and_projections_alone():
    deep = skipinit_resnet.SkipInitResNet50(**SMALL, include_top=False, name="deep")
    images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    x = deep.get_layer("stem_pool")(deep.get_layer("stem_conv")(images))
    for layer in deep.layers:
        if layer.name.startswith("stage") and layer.shortcut:
            x = layer.shortcut(layer.before(x))
    np.testing.assert_allclose(deep(images), np.maximum(x, 0), atol=1e-6)


def test_the_network_carries_the_variance_that_its_betas_expect():
    """Every gain awake: the variance behind each block is 1 / beta^2 of the next."""
    model = nf_resnet.NFResNet50_DM(
        blocks=(2, 3, 1, 1), widths=(128,) * 4, input_shape=(64, 64, 3), include_top=False, alpha=0.5
    )
    for weight in model.weights:
        if weight.path.endswith("skip_gain"):
            weight.assign(1.0)
    images = np.random.default_rng(0).normal(size=(16, 64, 64, 3)).astype("float32")
    blocks = _blocks(model)
    # The max pooling of the stem raises mean and lowers variance, so blocks behind the first projection are compared.
    outputs = keras.Model(model.input, [block.output for block in blocks])(images)
    for block, after, x in zip(blocks[:4], blocks[1:5], outputs[:4], strict=True):
        measured = np.asarray(x).var(axis=(0, 1, 2)).mean()
        assert measured * after.beta**2 == pytest.approx(1, abs=0.25), f"{block.name}: {measured:.2f}"
