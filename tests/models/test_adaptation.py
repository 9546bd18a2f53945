"""The twin that is trained further: equal at first, with frozen statistics and scales where they can be merged."""

import contracts
import numpy as np
import pytest

from keras_resnets.layers import FrozenBatchNorm, ScaleShift
from keras_resnets.models import create_model
from keras_resnets.models.adaptation import SUFFIX, adapted


def network_of(row):
    """A small network of the row, with weights and statistics other than the first ones."""
    network = create_model(row.name, input_shape=row.input_shape, classes=3, classifier_activation=None, **row.options)
    random = np.random.RandomState(0)
    for weight in network.weights:
        weight.assign(weight.numpy() * random.uniform(0.8, 1.2, weight.shape) + random.uniform(0, 0.1, weight.shape))
    return network


def images(row):
    return np.random.RandomState(1).normal(size=(4, *row.input_shape)).astype("float32")


@pytest.mark.parametrize("name", ["cifar_resnet20_b", "Xception", "NFNetF0", "DenseNet121"])
def test_the_twin_has_the_paths_and_answers(name):
    row = contracts.MODELS[name]
    network = network_of(row)
    twin = adapted(network, frozen_statistics=True, scale_shift=True)
    assert {w.path for w in network.weights} == {w.path for w in twin.weights if SUFFIX not in w.path}
    np.testing.assert_allclose(twin(images(row)), network(images(row)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["ResNet20", "ResNet18BCN", "DenseNet121"])
def test_no_batch_norm_is_left_that_moves(name):
    row = contracts.MODELS[name]
    twin = adapted(network_of(row))
    norms = [weight for weight in twin.weights if "moving" in weight.path]
    before = [weight.numpy() for weight in norms]
    assert norms
    twin(images(row), training=True)
    for weight, value in zip(norms, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value, err_msg=weight.path)


def test_statistics_may_move():
    row = contracts.MODELS["ResNet20"]
    twin = adapted(network_of(row), frozen_statistics=False)
    norm = twin.get_layer("stem_bn")
    assert not isinstance(norm, FrozenBatchNorm)
    before = norm.moving_mean.numpy()
    twin(images(row), training=True)
    assert (norm.moving_mean.numpy() != before).any()


def test_its_weights_are_copies():
    row = contracts.MODELS["ResNet20"]
    network = network_of(row)
    before = network.get_layer("stem_conv").kernel.numpy()
    adapted(network).get_layer("stem_conv").kernel.assign(0 * before)
    np.testing.assert_array_equal(network.get_layer("stem_conv").kernel.numpy(), before)


def test_every_convolution_and_norm_of_a_block_has_its_scale_but_not_the_classifier():
    network = network_of(contracts.MODELS["cifar_resnet20_b"])
    twin = adapted(network, scale_shift=True)
    found = {layer.name for layer in twin._flatten_layers() if isinstance(layer, ScaleShift)}
    names = ("stem_conv", "stem_bn", "conv1", "bn1", "conv2", "bn2", "conv", "bn")
    assert found == {name + SUFFIX for name in names}


def test_a_network_that_can_take_up_no_scales_is_refused():
    with pytest.raises(ValueError, match="no operation of resnet18bcn can take up a `scale_shift`"):
        adapted(network_of(contracts.MODELS["ResNet18BCN"]), scale_shift=True)
