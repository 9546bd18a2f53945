"""What every layer of the table LAYERS promises."""

import contracts
import keras
import numpy as np
import pytest
from keras import ops

rows = pytest.mark.parametrize("row", contracts.LAYERS.values(), ids=contracts.LAYERS)


def images(row, batch=4):
    return np.random.RandomState(0).normal(size=(batch, *row.input_shape)).astype("float32")


def randomized(layer):
    """The layer with other values than the first ones, so that nothing hides behind zeros and ones."""
    random = np.random.RandomState(1)
    for weight in layer.weights:
        weight.assign(random.uniform(0.5, 1.5, weight.shape))
    return layer


@rows
def test_shapes_are_as_promised_and_as_computed(row):
    layer = row.create(**row.options)
    assert layer.compute_output_shape((None, *row.input_shape)) == (None, *row.output_shape)
    anywhere = (None, None, None, row.input_shape[-1])
    assert layer.compute_output_shape(anywhere) == (None, None, None, row.output_shape[-1])
    assert layer(images(row)).shape == (4, *row.output_shape)


@rows
def test_its_config_makes_an_equal_layer(row):
    layer = row.create(**row.options)
    layer(images(row))
    twin = type(layer).from_config(layer.get_config())
    twin(images(row))
    assert twin.get_config() == layer.get_config()
    assert [w.path.split("/", 1)[1:] for w in twin.weights] == [w.path.split("/", 1)[1:] for w in layer.weights]
    twin.set_weights(randomized(layer).get_weights())
    np.testing.assert_array_equal(twin(images(row), training=False), layer(images(row), training=False))


@rows
def test_a_saved_model_gives_the_same_answers(row, tmp_path):
    inputs = keras.Input(row.input_shape)
    layer = row.create(**row.options)
    model = keras.Model(inputs, layer(inputs))
    randomized(layer)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(images(row)), model(images(row)))


@rows
def test_under_mixed_precision_it_computes_in_half_and_keeps_its_weights_whole(row):
    layer = row.create(**row.options, dtype="mixed_bfloat16")
    assert keras.backend.standardize_dtype(layer(images(row)).dtype) == "bfloat16"
    assert {weight.dtype for weight in layer.weights} <= {"float32"}
    whole = row.create(**row.options)
    whole(images(row))
    whole.set_weights(randomized(layer).get_weights())
    half = ops.convert_to_numpy(ops.cast(layer(images(row), training=False), "float32"))
    np.testing.assert_allclose(half, whole(images(row), training=False), rtol=0.1, atol=0.1 * np.abs(half).max())


@rows
def test_it_takes_images_of_any_size(row):
    inputs = keras.Input((None, None, row.input_shape[-1]))
    model = keras.Model(inputs, row.create(**row.options)(inputs))
    assert model(images(row)).shape == (4, *row.output_shape)
