"""Residual networks with batch norm give the references' logits from the references' weights, and give them back."""

import math
from pathlib import Path

import numpy as np
import pytest

from keras_resnets.layers.conventions import DEEPMIND
from keras_resnets.models import ResNet18, ResNet50, ResNet50V2, SENet154
from keras_resnets.porting import deepmind_resnet, timm_resnet
from keras_resnets.porting.rename import collect, fill

REFERENCE = Path(__file__).parents[2] / "../shared/reference"
TINY = {"blocks": (1, 2, 1, 1), "widths": (16, 24, 32, 40)}

# What each file's `meta` says.
NETWORKS = {
    "timm_resnet_basic_tiny": (timm_resnet, ResNet18, TINY),
    "timm_resnet_bottleneck_tiny": (timm_resnet, ResNet50, TINY),
    "timm_senet154_tiny": (
        timm_resnet,
        SENet154,
        {"blocks": (1, 2, 1, 1), "widths": (16, 32, 64, 64), "groups": 8, "base_width": 16, "stem_widths": (8, 8, 16)},
    ),
    "hk_resnet_v2_tiny": (
        deepmind_resnet,
        ResNet50V2,
        {"blocks": (1, 2, 2, 1), "widths": (16, 32, 64, 128), "stem_width": 16, "conventions": DEEPMIND},
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_equals_the_reference_at_even_and_odd_size(name):
    path = REFERENCE / f"golden/{name}.npz"
    if not path.is_file():
        pytest.skip(f"needs {path.name} of ../shared/reference/golden")
    with np.load(path) as archive:
        files = {key: archive[key] for key in archive.files}
    arrays = {key.split("|", 1)[1].replace("|", "/"): a for key, a in files.items() if "|" in key}
    porting, constructor, options = NETWORKS[name]
    model = constructor(classes=10, classifier_activation=None, input_shape=(None, None, 3), **options)
    fill(model, arrays, porting.pairs(model))
    for size in (64, 51):
        images = files.get(f"x{size}")
        if images is None:
            images = np.moveaxis(files[f"x{size}_nchw"], 1, -1)
        logits = files[f"logits{size}"]
        difference = np.abs(np.asarray(model(images)) - logits).max() / np.abs(logits).max()
        print(f"{name} {size} px: {difference:.1e}")
        assert difference < 1e-5, f"{name} at {size} px: {difference:.1e} of the logits' scale"
    back = collect(model, porting.pairs(model))
    assert back.keys() == arrays.keys()
    assert all(np.array_equal(back[key], arrays[key]) for key in arrays)


def test_padding_of_the_other_reference_is_seen():
    """The even size tells "same" from "symmetric": a golden file must not fit both."""
    path = REFERENCE / "golden/timm_resnet_basic_tiny.npz"
    if not path.is_file():
        pytest.skip(f"needs {path.name} of ../shared/reference/golden")
    with np.load(path) as archive:
        files = {key: archive[key] for key in archive.files}
    arrays = {key.split("|", 1)[1]: a for key, a in files.items() if "|" in key}
    model = ResNet18(classes=10, classifier_activation=None, input_shape=(None, None, 3), conventions=DEEPMIND, **TINY)
    fill(model, arrays, timm_resnet.pairs(model))
    logits = files["logits64"]
    ours = np.asarray(model(np.moveaxis(files["x64_nchw"], 1, -1)))
    assert np.abs(ours - logits).max() / np.abs(logits).max() > 1e-2


@pytest.mark.parametrize(
    "listing, porting, constructor, options, state",
    [
        ("timm_sd_resnet50", timm_resnet, ResNet50, {}, True),
        ("hk_params_dmres_v1_ResNet50", deepmind_resnet, ResNet50, {"conventions": DEEPMIND}, False),
        ("hk_params_dmres_v2_ResNet50", deepmind_resnet, ResNet50V2, {"conventions": DEEPMIND}, False),
    ],
)
def test_names_and_shapes_are_the_references(listing, porting, constructor, options, state):
    path = REFERENCE / f"names/{listing}.tsv"
    if not path.is_file():
        pytest.skip(f"needs {path.name} of ../shared/reference/names")
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    theirs = {"/".join(names): shape for *names, shape in rows if not names[-1].endswith("num_batches_tracked")}
    model = constructor(**options)
    ours = {name: str(a.shape) for name, a in collect(model, porting.pairs(model)).items()}
    if not state:
        ours = {name: shape for name, shape in ours.items() if not name.endswith("_ema/average")}
    assert ours == theirs
    assert math.prod(model.get_layer("predictions").kernel.shape) == 2048 * 1000
