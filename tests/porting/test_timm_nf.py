"""timm's own normalizer-free networks, where torch and timm are installed: the same weights, the same logits."""

import numpy as np
import pytest

from keras_resnets.layers.normalizer_free import NF_TIMM_DM
from keras_resnets.models import create_model
from keras_resnets.models.nf_regnet import VARIANTS as REGNETS
from keras_resnets.models.nf_resnet import VARIANTS as RESNETS
from keras_resnets.models.nfnet import VARIANTS as NFNETS
from keras_resnets.porting import timm_nf
from keras_resnets.porting.rename import collect, fill

DEEPMIND = {"conventions": NF_TIMM_DM, "activation": "gelu_exact"}
LARGEST = 80_000_000
TWINS = [
    (key, variant.reference.removeprefix("timm "), {})
    for key, variant in (RESNETS | REGNETS | NFNETS).items()
    if variant.reference.startswith("timm ") and variant.parameters < LARGEST
] + [("nfnet_f0", "dm_nfnet_f0", DEEPMIND)]


@pytest.mark.slow
@pytest.mark.parametrize(("key", "name", "options"), TWINS, ids=[name for _, name, _ in TWINS])
def test_equals_timm_at_even_and_odd_size(timm, key, name, options):
    import torch

    torch.manual_seed(0)
    twin = timm.create_model(name, num_classes=10).eval()
    with torch.no_grad():
        for source, array in twin.state_dict().items():
            if array.ndim < 2 or source.endswith("gain"):
                array.normal_(0.0, 0.1).add_(1.0 if source.endswith("gain") else 0.0)
    arrays = {source: array.numpy() for source, array in twin.state_dict().items()}
    model = create_model(key, classes=10, classifier_activation=None, input_shape=(None, None, 3), **options)
    fill(model, arrays, timm_nf.pairs(model))
    for size in (64, 75):
        images = np.random.default_rng(size).normal(0, 1, (2, size, size, 3)).astype("float32")
        with torch.no_grad():
            theirs = twin(torch.from_numpy(np.moveaxis(images, -1, 1).copy())).numpy()
        difference = np.abs(np.asarray(model(images)) - theirs).max() / np.abs(theirs).max()
        print(f"{name} {size} px: {difference:.1e}")
        assert difference < 1e-4, f"{name} at {size} px: {difference:.1e} of the logits' scale"
    back = collect(model, timm_nf.pairs(model))
    assert back.keys() == arrays.keys()
    assert all(np.array_equal(back[source], arrays[source]) for source in arrays)


@pytest.mark.slow
def test_the_rule_of_epsilon_is_visible(timm):
    """DeepMind's rule on timm's weights gives other logits: were they equal, one would not be implemented."""
    import torch

    torch.manual_seed(0)
    twin = timm.create_model("dm_nfnet_f0", num_classes=10).eval()
    arrays = {source: array.numpy() for source, array in twin.state_dict().items()}
    model = create_model("nfnet_f0", classes=10, classifier_activation=None, input_shape=(64, 64, 3))
    fill(model, arrays, timm_nf.pairs(model))
    images = np.random.default_rng(0).normal(0, 1, (2, 64, 64, 3)).astype("float32")
    with torch.no_grad():
        theirs = twin(torch.from_numpy(np.moveaxis(images, -1, 1).copy())).numpy()
    difference = np.linalg.norm(np.asarray(model(images)) - theirs) / np.linalg.norm(theirs)
    print(f"relative L2: {difference:.1e}")
    assert 1e-4 < difference < 1e-1
