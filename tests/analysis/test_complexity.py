"""Multiply-adds by the arithmetic of spec.json: counted on shapes, without computing anything."""

import json
from pathlib import Path

import keras
import pytest
from keras import layers

import keras_resnets
from keras_resnets.analysis.complexity import complexity
from keras_resnets.models import catalogue

SPEC = Path(__file__).parents[2] / "../shared/reference/spec.json"


def spec():
    if not SPEC.is_file():
        pytest.skip("../shared/reference/spec.json is absent")
    return json.loads(SPEC.read_text())


def counted(*stack, shape=(9, 8, 6)):
    return complexity(keras.Sequential([keras.Input(shape), *stack]))


def test_each_kind_of_layer_by_hand():
    assert counted(layers.Conv2D(10, 3, strides=2)).multiply_adds == 4 * 3 * 9 * 6 * 10
    assert counted(layers.Conv2D(10, 3, padding="same", groups=2)).multiply_adds == 9 * 8 * 9 * 3 * 10
    assert counted(layers.DepthwiseConv2D((3, 5), padding="same")).multiply_adds == 9 * 8 * 15 * 6
    assert counted(layers.SeparableConv2D(10, 3, strides=1)).multiply_adds == 7 * 6 * (9 * 6 + 6 * 10)
    # Each input pixel is multiplied with the whole kernel.
    assert counted(layers.Conv2DTranspose(10, 2, strides=2)).multiply_adds == 9 * 8 * 4 * 6 * 10
    assert counted(layers.Flatten(), layers.Dense(5)).multiply_adds == 9 * 8 * 6 * 5
    assert counted(keras_resnets.WSConv2D(10, 3, groups=2)).multiply_adds == 9 * 8 * 9 * 3 * 10
    assert counted(layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D()).multiply_adds == 0
    assert counted(keras_resnets.SEBlock(3)).multiply_adds == 6 * 3 + 3 * 6


def test_activations_are_the_outputs_of_the_layers():
    cost = counted(layers.Conv2D(10, 3, padding="same"), layers.ReLU())
    assert cost.activations == 2 * 9 * 8 * 10
    assert cost.activation_bytes == 4 * cost.activations
    assert cost.largest_layer_bytes == 4 * 2 * 9 * 8 * 10
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        half = counted(layers.Conv2D(10, 3, padding="same"), layers.ReLU())
    finally:
        keras.config.set_dtype_policy("float32")
    assert half.activation_bytes == cost.activation_bytes / 2


def test_a_layer_called_twice_costs_twice_but_has_its_parameters_once():
    dense = layers.Dense(6)
    cost = counted(dense, dense, shape=(2, 2, 6))
    assert cost.multiply_adds == 2 * 4 * 36
    assert [row.parameters for row in cost.layers] == [42, 0]
    assert cost.parameters == 42


def test_the_model_is_left_as_it_was():
    model = keras_resnets.ResNet20()
    complexity(model)
    assert not any("call" in vars(layer) for layer in model._flatten_layers())


def test_another_input_shape_than_the_models_own():
    model = keras_resnets.ResNet20(input_shape=(None, None, 3))
    small, large = complexity(model, (32, 32, 3)), complexity(model, (64, 64, 3))
    assert large.multiply_adds - 640 == 4 * (small.multiply_adds - 640)
    assert small == complexity(keras_resnets.ResNet20())
    with pytest.raises(ValueError, match=r"complexity: `input_shape` must be .* got \(None, None, 3\)"):
        complexity(model)


def test_a_kernel_without_a_rule_is_refused():
    class Odd(layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(name="kernel", shape=(3, 3))

        def call(self, x):
            return x

    with pytest.raises(ValueError, match=r"odd is a Odd with a kernel, which has no rule"):
        counted(Odd(name="odd"))


def check(key, expected):
    model = catalogue.create_model(key)
    channels = expected.get("input_channels", 3)
    cost = complexity(model, (expected["resolution"], expected["resolution"], channels))
    assert cost.multiply_adds == expected["macs"]
    assert cost.parameters == expected["params"]
    # Keras' EfficientNet holds its normalization's 7 values; ours takes normalized images.
    left_out = getattr(catalogue.variants()[key], "normalization_values", 0)
    assert cost.parameters_total + left_out == expected.get("params_total", cost.parameters_total)


# One small variant of each family; all of them run in the slow suite.
FEW = ["cifar_resnet20_b", "cifar_preact_resnet110", "wrn_16_4_cifar10", "resnet18", "mobilenet_v2", "nf_resnet26"]


@pytest.mark.parametrize("key", FEW)
def test_the_counts_of_a_few_are_those_of_the_specification(key):
    if key not in catalogue.variants():
        pytest.skip(f"{key} is not in the catalogue")
    check(key, spec()[key])


@pytest.mark.slow
@pytest.mark.parametrize("key", catalogue.list_models())
def test_the_counts_of_all_are_those_of_the_specification(key):
    expected = spec()
    if key not in expected:
        pytest.skip(f"{key} is not in spec.json")
    check(key, expected[key])
