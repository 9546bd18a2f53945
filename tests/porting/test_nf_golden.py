"""The normalizer-free networks give the references' logits from the references' weights."""

from pathlib import Path

import numpy as np
import pytest

from keras_resnets.models import fixup_resnet, nf_regnet, nf_resnet, nfnet, skipinit_resnet
from keras_resnets.porting import deepmind, timm_nf
from keras_resnets.porting.rename import collect, fill

GOLDEN = Path(__file__).parents[2] / "../shared/reference/golden"
BLOCKS = (1, 2, 2, 1)
NARROW = {"blocks": BLOCKS, "widths": (64, 128, 256, 512), "stem_width": 16}

# What each file's `meta` says.
NETWORKS = {
    "hk_nfnet_tiny": (
        deepmind,
        nfnet.NFNetF0,
        {"blocks": BLOCKS, "widths": (48, 64, 96, 96), "group_width": (16, 16, 16, 16)},
    ),
    "hk_nf_resnet_tiny": (deepmind, nf_resnet.NFResNet50_DM, NARROW),
    "hk_nf_regnet_tiny": (deepmind, nf_regnet.NFRegNetB0, {"blocks": BLOCKS, "width_factor": 0.25}),
    "hk_skipinit_tiny": (deepmind, skipinit_resnet.SkipInitResNet50, NARROW),
    "hk_fixup_tiny": (deepmind, fixup_resnet.FixupResNet50, NARROW),
    "timm_nf_resnet_tiny": (
        timm_nf,
        nf_resnet.NFResNet26,
        {"blocks": BLOCKS, "widths": (32, 64, 96, 128), "stem_width": 16},
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_equals_the_reference_at_even_and_odd_size(name):
    path = GOLDEN / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"needs {path.name} of ../shared/reference/golden")
    with np.load(path) as archive:
        files = {key: archive[key] for key in archive.files}
    arrays = {key.removeprefix("param|").replace("|", "/"): a for key, a in files.items() if key.startswith("param|")}
    porting, constructor, options = NETWORKS[name]
    model = constructor(classes=10, classifier_activation=None, input_shape=(None, None, 3), **options)
    fill(model, arrays, porting.pairs(model))
    for size in (64, 51):
        images = files.get(f"x{size}")
        if images is None:
            images = np.moveaxis(files[f"x{size}_nchw"], 1, -1)
        logits = files[f"logits{size}"]
        ours = np.asarray(model(images))
        difference = np.abs(ours - logits).max() / np.abs(logits).max()
        print(f"{name} {size} px: {difference:.1e}")
        assert difference < 1e-5, f"{name} at {size} px: {difference:.1e} of the logits' scale"
    back = collect(model, porting.pairs(model))
    assert back.keys() == arrays.keys()
    assert all(np.array_equal(back[key], arrays[key]) for key in arrays)
