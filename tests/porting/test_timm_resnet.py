"""timm's own networks, where torch and timm are installed: their random weights give their logits here, and go back."""

import re

import keras
import numpy as np
import pytest

from keras_resnets.models import create_model, list_models
from keras_resnets.models.catalogue import variants
from keras_resnets.porting import timm_resnet
from keras_resnets.porting.rename import collect, fill

TWINS = {
    "resnet50_v2": "resnetv2_50",
    "resnet101_v2": "resnetv2_101",
    "resnet152_v2": "resnetv2_152",
    "resnet18_v2": "resnetv2_18",
    "resnet34_v2": "resnetv2_34",
    "senet154_caffe": "legacy_senet154",
    "seresnext26_32x4d": "legacy_seresnext26_32x4d",
    **{f"seresnet{depth}_v1": f"legacy_seresnet{depth}" for depth in (18, 34, 50, 101, 152)},
    **{
        key: key
        for pattern in ("resnet*", "wide_resnet*", "resnext*", "seresnet*", "seresnext*", "senet154")
        for key in list_models(pattern)
        if re.search(rf"timm {key}\b", variants()[key].reference)
    },
}


@pytest.fixture
def double_precision():
    """In single precision torch differs from itself by up to 2e-4 of the scale in the deepest SE networks."""
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx("float32")


@pytest.mark.slow
@pytest.mark.parametrize("key", TWINS)
def test_equals_timm_at_even_and_odd_size(timm, double_precision, key):
    import torch

    torch.manual_seed(0)
    twin = timm.create_model(TWINS[key], num_classes=10)
    with torch.no_grad():
        for name, array in twin.named_parameters():
            if array.ndim == 1:
                array.normal_(0.0, 0.1).add_(1.0 if name.endswith("weight") else 0.0)
        for module in twin.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
        # Norms with the statistics of real signals: with invented ones the deepest networks would explode.
        twin(torch.randn(4, 3, 64, 64))
    twin.double().eval()
    arrays = {name: array.numpy() for name, array in twin.state_dict().items() if "num_batches" not in name}
    model = create_model(key, classes=10, classifier_activation=None, input_shape=(None, None, 3))
    fill(model, arrays, timm_resnet.pairs(model))
    for size in (64, 75):
        images = np.random.default_rng(size).normal(0, 1, (2, size, size, 3))
        with torch.no_grad():
            theirs = twin(torch.from_numpy(np.moveaxis(images, -1, 1).copy())).numpy()
        difference = np.abs(np.asarray(model(images)) - theirs).max() / np.abs(theirs).max()
        print(f"{key} {size} px: {difference:.1e}")
        assert difference < 1e-5, f"{key} at {size} px: {difference:.1e} of the logits' scale"
    back = collect(model, timm_resnet.pairs(model))
    assert back.keys() == arrays.keys()
    assert all(np.array_equal(back[name], arrays[name]) for name in arrays)
