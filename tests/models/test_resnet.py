"""Residual networks with batch norm: counts of every variant, what differs between references, and their beginnings."""

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_resnets.layers import ResidualBlock
from keras_resnets.layers.conventions import DEEPMIND, PAPER, TIMM, TORCHVISION
from keras_resnets.models import bcn, create_model, resnet, resnet_v2, resnext, senet

SPEC = Path(__file__).parents[2] / "../shared/reference/spec.json"
FAMILIES = (resnet, resnet_v2, resnext, senet, bcn)
VARIANTS = {key: variant for family in FAMILIES for key, variant in family.VARIANTS.items()}
FAST = (
    "plain18",
    "resnet18_shortcut_a",
    "resnet18_shortcut_c",
    "resnet18d",
    "resnet18_v2",
    "resnet50_v2_keras",
    "resnext29_8x64d_cifar10",
    "seresnet18",
    "seresnet18_v1",
    "seresnext26d_32x4d",
    "resnet18_bcn",
)
SMALL = {"widths": (16, 32), "strides": (1, 2), "classes": 10, "input_shape": (32, 32, 3)}


@pytest.mark.parametrize("key", [key if key in FAST else pytest.param(key, marks=pytest.mark.slow) for key in VARIANTS])
def test_counts_are_the_references(key):
    model = create_model(key)
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert trainable == VARIANTS[key].parameters
    if SPEC.is_file():
        row = json.loads(SPEC.read_text())[key]
        assert (trainable, model.count_params()) == (row["params"], row["params_total"])
        assert VARIANTS[key].resolution == row["resolution"]
        assert VARIANTS[key].classes == row.get("classes", 1000)


def blocks(model):
    return [layer for layer in model.layers if isinstance(layer, ResidualBlock)]


def sides(key, **options):
    """px of the maps after each block that changes them."""
    model = create_model(key, input_shape=(64, 64, 3), include_top=False, **options)
    found = [block.output.shape[1] for block in blocks(model)]
    return [side for i, side in enumerate(found) if i == 0 or side != found[i - 1]], found.index(found[0] // 2)


def test_keras_v2_strides_in_the_last_block_of_a_stage_and_the_others_in_the_first():
    options = {"blocks": (2, 2, 2, 1), "widths": (8, 16, 16, 16)}
    assert sides("resnet50_v2", **options) == ([16, 8, 4, 2], 2)
    assert sides("resnet50_v2_keras", **options) == ([16, 8, 4, 2], 1)
    model = create_model("resnet50_v2_keras", input_shape=(64, 64, 3), **options)
    kinds = [block.shortcut_kind for block in blocks(model)]
    assert kinds == ["projection", "subsample"] * 3 + ["projection"]


@pytest.mark.parametrize(
    "key, kinds",
    [
        ("plain18", ["none"] * 4),
        ("resnet18_shortcut_a", ["identity", "identity", "pad", "identity"]),
        ("resnet18", ["identity", "identity", "projection", "identity"]),
        ("resnet18_shortcut_c", ["projection"] * 4),
        ("resnet18d", ["identity", "identity", "average", "identity"]),
    ],
)
def test_shortcuts_where_the_shape_changes_and_where_not(key, kinds):
    options = {**SMALL, "blocks": (2, 2), "widths": (64, 128)}
    assert [block.shortcut_kind for block in blocks(create_model(key, **options))] == kinds


def test_hidden_channels_of_excitation_are_rounded_by_timm_and_not_by_caffe():
    timm, caffe = VARIANTS["seresnet18"], VARIANTS["seresnet18_v1"]
    assert [timm.se_filters(c) for c in (64, 128, 256, 512)] == [8, 8, 16, 32]
    assert [caffe.se_filters(c) for c in (64, 128, 256, 512)] == [4, 8, 16, 32]
    assert VARIANTS["resnet18"].se_filters(64) is None


def test_senet_projects_with_3x3_where_it_strides():
    options = {**SMALL, "blocks": (1, 1), "groups": 4, "base_width": 16}
    model = create_model("senet154", **options)
    assert [block.shortcut_size for block in blocks(model)] == [1, 3]
    assert [block.reduce_first for block in blocks(model)] == [2, 2]


def test_stochastic_depth_grows_from_the_first_block_to_the_last():
    for key in ("resnet18", "resnet18_v2"):
        rates = [b.stochastic_depth for b in blocks(create_model(key, **SMALL, blocks=(2, 1), stochastic_depth=0.2))]
        assert rates == pytest.approx([0, 0.1, 0.2])


@pytest.mark.parametrize("key", ["resnet18", "seresnet18", "resnet18_bcn", "resnext50d_32x4d"])
def test_a_block_starts_as_its_skip_where_the_reference_starts_the_last_norm_at_zero(key):
    """The signal goes through unchanged but for ReLU: Goyal et al. 2017, arXiv:1706.02677, section 5.1."""
    options = {"conventions": TIMM} if key == "resnet18" else {}
    widths = {"groups": 4, "base_width": 16} if key.startswith("resnext") else {}
    if key == "resnet18_bcn":
        options = {"conventions": dataclasses.replace(VARIANTS[key].conventions, norm_groups=8)}
    model = create_model(key, **SMALL, blocks=(2, 1), **widths, **options)
    x = np.random.default_rng(0).normal(size=(4, 32, 32, 3)).astype("float32")
    for block in blocks(model):
        features = keras.Model(model.input, block.input)(x)
        skip, residual = block.halves(features, training=True)
        assert not np.asarray(residual).any() and np.asarray(skip).any()


def test_torchvision_and_the_paper_start_no_norm_at_zero():
    for conventions in (TORCHVISION, PAPER):
        model = create_model("resnet18", **SMALL, blocks=(1, 1), conventions=conventions)
        assert all(np.asarray(weight).all() for weight in model.weights if weight.path.endswith("gamma"))


def test_deepmind_starts_with_logits_of_zero():
    model = create_model("resnet50_v2", **SMALL, blocks=(1, 1), conventions=DEEPMIND, classifier_activation=None)
    assert not np.asarray(model(np.ones((1, 32, 32, 3), "float32"))).any()


def test_the_residual_stream_of_v2_grows_by_one_unit_a_block():
    """Normalized branches add equal variances: block l carries l units (De and Smith 2020, arXiv:2002.10444)."""
    count = 8
    model = create_model(
        "resnet50_v2", blocks=(count,), widths=(32,), strides=(1,), conventions=PAPER, input_shape=(64, 64, 3)
    )
    x = np.random.default_rng(0).normal(size=(8, 64, 64, 3)).astype("float32")
    x = keras.Model(model.input, model.get_layer("stem_pool").output)(x)
    stream, added = [], []
    for block in blocks(model):
        skip, residual = block.halves(x, training=True)
        x = skip + residual
        stream.append(float(np.var(np.asarray(x), axis=(0, 1, 2)).mean()))
        added.append(float(np.var(np.asarray(residual), axis=(0, 1, 2)).mean()))
    unit = np.mean(added)
    np.testing.assert_allclose(added, unit, rtol=0.35)
    # The first block's projection is one unit, and each branch one more.
    np.testing.assert_allclose(np.array(stream) / unit, np.arange(2, count + 2), rtol=0.2)


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("resnet18", {"block": "wide"}, "`block` must be one of basic, bottleneck, got 'wide'"),
        ("resnet18", {"shortcut": "E"}, "`shortcut` must be one of A, B, C, D, plain, got 'E'"),
        ("resnet18", {"pool": "same"}, "`pool` must be one of conventions, ceil, none, got 'same'"),
        (
            "resnet18",
            {"blocks": (2, 2)},
            "`blocks`, `widths` and `strides` must be numbers of at least 1, one for each",
        ),
        ("resnet50_v2", {"block": "basic"}, "`block` must be one of preact_basic, preact_bottleneck, got 'basic'"),
        ("resnet50_v2", {"pool": "ceil"}, "`pool` must be 'conventions' or 'zeros', got 'ceil'"),
        ("resnet50_v2", {"strided_block": 2}, "`strided_block` must be 'first' or 'last', got 2"),
        (
            "resnet50_v2",
            {"widths": (64,)},
            "`blocks`, `widths` and `strides` must be numbers of at least 1, one for each",
        ),
    ],
)
def test_a_variant_refuses_what_has_no_meaning(name, options, message):
    with pytest.raises(ValueError, match=message):
        create_model(name, **options)
