"""What every model of the table MODELS promises, and what all variants of the catalogue do."""

import inspect
import json
from pathlib import Path

import contracts
import keras
import numpy as np
import pytest

import keras_resnets
from keras_resnets.models import catalogue

GOLDEN = Path(__file__).parents[1] / "golden"

rows = pytest.mark.parametrize("row", contracts.MODELS.values(), ids=contracts.MODELS)


def create(row, **options):
    return keras_resnets.create_model(row.name, input_shape=row.input_shape, **row.options, **options)


def images(row, batch=4):
    return np.random.RandomState(0).normal(size=(batch, *row.input_shape)).astype("float32")


@rows
def test_its_answer_is_a_probability_for_each_class(row):
    answer = create(row, classes=7).predict(images(row), verbose=0)
    assert answer.shape == (4, 7)
    np.testing.assert_allclose(answer.sum(axis=1), 1, rtol=1e-5)


@rows
def test_it_is_saved_and_loaded_exactly(row, tmp_path):
    model = create(row)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(images(row), verbose=0), model.predict(images(row), verbose=0))
    model.save_weights(tmp_path / "model.weights.h5")
    twin = create(row, weights=tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(twin.predict(images(row), verbose=0), model.predict(images(row), verbose=0))


@rows
def test_a_training_step_moves_every_weight(row):
    model = create(row, classifier_activation=None)
    before = model.get_weights()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    for _ in range(row.steps):
        loss = model.train_on_batch(images(row, 16), np.arange(16) % 10)
    assert np.isfinite(loss)
    still = [
        w.path
        for w, old in zip(model.weights, before, strict=True)
        if np.array_equal(keras.ops.convert_to_numpy(w), old)
    ]
    # A branch that stochastic depth dropped in this one step, or a gain behind a silent branch, may stay.
    assert not still or (row.options.get("stochastic_depth") and len(still) < len(before) / 2), still


@rows
def test_under_mixed_precision_the_classifier_stays_whole(row):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = create(row)
    finally:
        keras.config.set_dtype_policy("float32")
    assert {layer.compute_dtype for layer in model.layers[1:-1]} <= {"bfloat16", "float32"}
    assert model.get_layer("predictions").compute_dtype == "float32"
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert np.isfinite(model.predict(images(row), verbose=0)).all()


@rows
def test_without_its_top_it_gives_features(row):
    features = create(row, include_top=False)
    pooled = create(row, include_top=False, pooling="avg")
    assert len(features.output_shape) == 4
    assert pooled.output_shape == (None, features.output_shape[-1])


@rows
def test_names_and_shapes_of_weights_are_those_of_saved_files(row, request):
    name = next(name for name, other in contracts.MODELS.items() if other is row)
    path = GOLDEN / f"{name}.json"
    found = {weight.path: list(weight.shape) for weight in create(row).weights}
    if request.config.getoption("--golden"):
        path.write_text(json.dumps(found, indent=0) + "\n")
    assert found == json.loads(path.read_text()), "names changed: old files no longer load. If meant, `make golden`."


def count(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


SMALL = [
    key
    for key, variant in catalogue.variants().items()
    if key.startswith("cifar_") and variant.parameters < 3e6 and sum(variant.blocks) < 200
]


@pytest.mark.parametrize("key", sorted(set(SMALL) & set(keras_resnets.list_models("cifar_*"))))
def test_parameters_are_the_tables(key):
    assert count(keras_resnets.create_model(key)) == catalogue.variants()[key].parameters


@pytest.mark.slow
@pytest.mark.parametrize(
    "key", sorted({*keras_resnets.list_models("cifar_*"), *keras_resnets.list_models("wrn_*")} - set(SMALL))
)
def test_parameters_of_large_variants_are_the_tables(key):
    assert count(keras_resnets.create_model(key)) == catalogue.variants()[key].parameters


def test_every_constructor_has_the_arguments_of_keras_applications():
    expected = list(inspect.signature(keras.applications.ResNet50).parameters)
    for name, constructor in catalogue.constructors().items():
        assert list(inspect.signature(constructor).parameters)[: len(expected)] == expected, name
        assert getattr(keras_resnets, name) is constructor
        assert constructor.__doc__.startswith(name)
