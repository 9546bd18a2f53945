"""AlexNet, VGG, GoogLeNet, DenseNet and UNet have as many weights as the references."""

import json
from pathlib import Path

import numpy as np
import pytest

from keras_resnets.models import alexnet, create_model, densenet, googlenet, unet, vgg

SPEC = Path(__file__).parents[2] / "../shared/reference/spec.json"
VARIANTS = {key: v for family in (alexnet, vgg, googlenet, densenet, unet) for key, v in family.VARIANTS.items()}
FAST = ("alexnet", "googlenet", "googlenet_torchvision_noaux", "unet", "unet_same_bn")


@pytest.mark.parametrize(
    "key", [key if key in FAST else pytest.param(key, marks=pytest.mark.slow) for key in sorted(VARIANTS)]
)
def test_parameters_are_the_tables(key):
    model = create_model(key)
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == VARIANTS[key].parameters
    if SPEC.is_file():
        assert model.count_params() == json.loads(SPEC.read_text())[key]["params_total"]


@pytest.mark.skipif(not SPEC.is_file(), reason="the project's shared reference is absent")
def test_the_table_is_the_specs():
    spec = json.loads(SPEC.read_text())
    families = ("alexnet", "vgg", "googlenet", "densenet", "unet")
    assert {key for key in spec if key.startswith(families)} == VARIANTS.keys()
    for key, variant in VARIANTS.items():
        row = spec[key]
        assert (variant.parameters, variant.resolution) == (row["params"], row["resolution"]), key
        assert variant.classes == row.get("classes", 1000), key
