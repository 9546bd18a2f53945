"""Scales and shifts leave no trace but in the numbers."""

import contracts
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from keras_resnets.export.fuse_scale_shift import fuse_scale_shift
from keras_resnets.export.tflite import write_tflite
from keras_resnets.layers import ScaleShift
from keras_resnets.models import create_model
from keras_resnets.models.adaptation import adapted

FAST = (
    "ResNet20",
    "ResNet110V2",
    "MobileNetV3Small",
    "Xception",
    "NFNetF0",
    "FixupResNet50",
    "AlexNet2012",
    "DenseNet121",
)
"""Every rule of the merge is in one of them."""
FAMILIES = [
    pytest.param(row, id=name, marks=() if name in FAST else pytest.mark.slow)
    for name, row in contracts.MODELS.items()
    if name != "ResNet18BCN"  # none of its operations takes up scales
]


def network_of(row):
    network = create_model(row.name, input_shape=row.input_shape, classes=3, classifier_activation=None, **row.options)
    random = np.random.RandomState(0)
    for weight in network.weights:
        weight.assign(weight.numpy() * random.uniform(0.8, 1.2, weight.shape) + random.uniform(0, 0.1, weight.shape))
    return network


def scaled_twin(network):
    """The adapted twin with scales and shifts far from the identity."""
    twin, random = adapted(network, scale_shift=True), np.random.RandomState(1)
    for layer in twin._flatten_layers():
        if isinstance(layer, ScaleShift):
            layer.scale.assign(random.uniform(0.5, 1.5, layer.scale.shape))
            if layer.shift is not None:
                layer.shift.assign(random.uniform(-0.5, 0.5, layer.shift.shape))
    return twin


@pytest.mark.parametrize("row", FAMILIES)
def test_the_merged_network_of_every_family_computes_what_the_twin_does(row):
    network = network_of(row)
    twin = scaled_twin(network)
    images = np.random.RandomState(2).normal(size=(4, *row.input_shape)).astype("float32")
    before, expected = np.asarray(network(images)), np.asarray(twin(images))
    fuse_scale_shift(twin, network)
    merged = np.asarray(network(images))
    scale = np.abs(expected).max()
    assert np.abs(merged - expected).max() <= 1e-5 * max(scale, 1)
    if np.abs(before - expected).max() < 1e-3 * scale:
        pytest.fail("the scales made no difference, so the test proves nothing")


def operations(network, path):
    write_tflite(network, path)
    interpreter = Interpreter(model_path=str(path))
    return [step["op_name"] for step in interpreter._get_ops_details()]


def test_on_the_phone_there_is_not_one_operation_more(tmp_path):
    network = network_of(contracts.MODELS["MobileNetV3Small"])
    before, parameters = operations(network, tmp_path / "before.tflite"), network.count_params()
    fuse_scale_shift(scaled_twin(network), network)
    assert operations(network, tmp_path / "after.tflite") == before
    assert network.count_params() == parameters


def test_the_twin_of_another_network_is_refused_untouched():
    one, other = network_of(contracts.MODELS["ResNet20"]), network_of(contracts.MODELS["PlainNet20"])
    before = one.get_weights()
    with pytest.raises(ValueError, match=r"`twin` must be `adapted` of `network`, \d+ weights differ, first stage1"):
        fuse_scale_shift(adapted(other), one)
    for old, new in zip(before, one.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
