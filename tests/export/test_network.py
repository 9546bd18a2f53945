import keras
import numpy as np
import pytest

from keras_resnets.export.network import float32_network, logits, plain_network


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16"])
def test_a_twin_in_float32_has_the_weights_and_leaves_the_model_alone(make_network, policy):
    model = make_network([keras.Sequential([keras.layers.Conv2D(4, 3)], name="branch")], policy=policy)
    network = float32_network(plain_network(model))
    assert {layer.compute_dtype for layer in network._flatten_layers()} == {"float32"}
    for ours, theirs in zip(network.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, np.asarray(theirs, "float32"))
    images = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 1))
    np.testing.assert_allclose(logits(network, images), logits(model, images), atol=0.2)
    assert model.get_layer("conv").dtype_policy.name == policy


def test_a_float32_model_keeps_its_layers(trained):
    assert float32_network(plain_network(trained)).layers[1] is trained.layers[1]


@pytest.mark.parametrize(
    ("inputs", "layer", "message"),
    [
        ((None, None, 1), keras.layers.GlobalAveragePooling2D, r"of known size, got \(None, None, None, 1\)"),
        ((8, 8), keras.layers.Flatten, r"must take images \(batch, height, width, channels\)"),
        ((8, 8, 1), keras.layers.ReLU, r"must return logits \(batch, classes\), got \(None, 8, 8, 1\)"),
    ],
)
def test_models_of_other_shapes_are_refused(inputs, layer, message):
    images = keras.Input(inputs)
    with pytest.raises(ValueError, match=message):
        plain_network(keras.Model(images, layer()(images)))


def test_models_without_one_input_and_one_output_are_refused():
    images = keras.Input((8, 8, 1))
    with pytest.raises(ValueError, match=r"one input and one output, got Functional with 1 and 2"):
        plain_network(keras.Model(images, [images, images]))
    with pytest.raises(ValueError, match=r"got Model with 0 and 0"):
        plain_network(keras.Model())
