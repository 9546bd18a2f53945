"""A network at another size is the network built for that size, and its map of scores averages to its answer."""

import contracts
import keras
import numpy as np
import pytest

from keras_resnets.models import ResNet20, create_model
from keras_resnets.models.preprocessing import normalized
from keras_resnets.models.resolution import at_resolution, fully_convolutional

generator = np.random.default_rng(0)


def images(height, width, n=2):
    return generator.normal(size=(n, height, width, 3)).astype("float32")


def small(name="ResNet20", **options):
    options = {"blocks": (1, 1, 1), "classifier_activation": None} | options
    return create_model(name, **options)


def flattening(side=16):
    """A tiny VGG: maps of side / 4 flattened into two dense layers."""
    x = entry = keras.Input((side, side, 3))
    for number in (1, 2):
        x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        x = keras.layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(12, activation="relu", bias_initializer="normal", name="dense1")(x)
    x = keras.layers.Dropout(0.5, name="dropout1")(x)
    return keras.Model(entry, keras.layers.Dense(5, name="predictions")(x), name="flattening")


@pytest.mark.parametrize("row", contracts.MODELS.values(), ids=contracts.MODELS)
def test_the_twin_is_the_network_built_for_that_size(row):
    network = create_model(row.name, input_shape=row.input_shape, **row.options)
    height, width, channels = row.input_shape
    height, width = height + 24, width + 32
    twin = at_resolution(network, height, width)
    pixels = generator.normal(size=(2, height, width, channels)).astype("float32")
    assert [weight.path for weight in twin.weights] == [weight.path for weight in network.weights]
    assert network.input_shape[1:] == row.input_shape  # the original stays as it was
    if any(isinstance(layer, keras.layers.Flatten) for layer in network.layers):
        assert twin(pixels).shape == (2, network.output_shape[-1])
        return
    wanted = create_model(row.name, input_shape=(height, width, channels), **row.options)
    wanted.set_weights(network.get_weights())
    np.testing.assert_array_equal(twin(pixels), wanted(pixels))


def test_the_networks_own_size_needs_no_twin():
    network = small()
    assert at_resolution(network, 32, 32) is network


@pytest.mark.parametrize("size", [(32, 32), (48, 40)])
def test_scores_averaged_over_positions_are_the_answer_of_a_pooling_network(size):
    network = small()
    pixels = images(*size)
    scores = np.array(fully_convolutional(network)(pixels))
    assert scores.shape == (2, size[0] // 4, size[1] // 4, 10)
    np.testing.assert_allclose(scores.mean((1, 2)), at_resolution(network, *size)(pixels), atol=1e-5)


def test_flattened_maps_become_a_convolution_that_slides():
    network = flattening()
    dense = fully_convolutional(network)
    pixels = images(24, 20)
    scores = np.array(dense(pixels))
    assert scores.shape == (2, 3, 2, 5)
    np.testing.assert_allclose(dense(pixels[:, :16, :16])[:, 0, 0], network(pixels[:, :16, :16]), atol=1e-5)
    np.testing.assert_allclose(at_resolution(network, 24, 20)(pixels), scores.mean((1, 2)), atol=1e-5)


def test_a_head_of_another_kind_is_rebuilt_but_has_no_map():
    row = contracts.MODELS["MobileNetV3Small"]
    network = create_model(row.name, input_shape=row.input_shape, **row.options)
    with pytest.raises(ValueError, match=r"fully_convolutional: .*Use `at_resolution`"):
        fully_convolutional(network)


def test_refuses_a_mean_image_and_a_size_below_the_dense_layers():
    start = normalized(keras.Input((32, 32, 3)), np.full((32, 32, 3), 120.0), 1)
    network = ResNet20(blocks=(1, 1, 1), input_tensor=start)
    with pytest.raises(ValueError, match="layer 'normalization' of resnet20 subtracts a mean image of 32x32 px"):
        at_resolution(network, 40, 40)
    with pytest.raises(ValueError, match="made for 16x16 px, got 12x16, less than they span"):
        at_resolution(flattening(), 12, 16)


def test_refuses_weights_that_depend_on_the_size():
    entry = keras.Input((8, 8, 3))
    x = keras.layers.Dense(2, name="rows")(keras.layers.Permute((3, 2, 1))(entry))
    network = keras.Model(entry, keras.layers.GlobalAveragePooling2D()(x), name="positions")
    with pytest.raises(ValueError, match=r"positions can't take 16x8 px: its weight rows/kernel has shape \(8, 2\)"):
        at_resolution(network, 16, 8)
