"""Fine-tuning as a whole: from a file to a report, interrupted in each phase, ended early, merged at export."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.models import create_model
from keras_resnets.models.preprocessing import normalized
from keras_resnets.recipe import Augment, Data, FineTune, Optimizer, Recipe, Schedule, override
from keras_resnets.training import run
from keras_resnets.training.metrics_log import read_metrics

OPTIONS = {"blocks": (1, 1, 1)}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of two classes, 12 and 24 color images of 12 px: warm or cold noise."""
    root, random = tmp_path_factory.mktemp("photos"), np.random.RandomState(0)
    for name, count, color in (("cold", 12, (60, 100, 170)), ("warm", 24, (180, 120, 60))):
        (root / name).mkdir()
        for k in range(count):
            image = random.normal(color, 50, (12, 12, 3)).clip(0, 255).astype("uint8")
            (root / name / f"{k}.png").write_bytes(tf.io.encode_png(image).numpy())
    return f"folder:{root}"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file as runs leave it, of a network for four classes of 16 px."""
    path = tmp_path_factory.mktemp("source") / "source.keras"
    start = normalized(keras.Input((16, 16, 3), name="images"), (120, 110, 110), (80, 55, 80))
    network = create_model("ResNet20", input_tensor=start, classes=4, classifier_activation=None, **OPTIONS)
    noise = np.random.RandomState(0).normal(115, 70, (64, 16, 16, 3)).clip(0, 255).astype("float32")
    network.compile(keras.optimizers.SGD(0.0), "mse")
    network.fit(noise, np.zeros((64, 4)), batch_size=8, epochs=6, verbose=0)  # the statistics alone move
    network.save(path)
    return str(path)


@pytest.fixture
def recipe(photos, weights):
    return Recipe(
        model="ResNet20",
        model_options=OPTIONS,
        data=Data(name=photos, batch_size=8, validation=0.25),
        augment=Augment(flip=True),
        optimizer=Optimizer(),
        schedule=Schedule(kind="cosine", peak=0.02),
        fine_tune=FineTune(weights=weights, unfreeze=(0.34,)),
        class_weights="balanced",
        steps=6,
        epoch_steps=2,
    )


def test_a_run_of_scales_and_shifts_ends_in_a_network_like_any_other(recipe, tmp_path, weights):
    recipe = override(recipe, {"fine_tune.method": "ssf", "patience": 9})
    finished = run.train(recipe, tmp_path)
    source = keras.models.load_model(weights)
    assert [w.path for w in finished.network.weights] == [w.path for w in source.weights]
    assert finished.network.input_shape == (None, 16, 16, 3)  # the file's
    facts = json.loads((tmp_path / "artifact" / "metadata.json").read_text())
    (ours,), (theirs,) = (facts["input"]["normalization"], [source.get_layer("normalization").get_config()])
    np.testing.assert_allclose(ours["scale"], theirs["scale"], rtol=1e-6)
    assert (tmp_path / "artifact" / "model.tflite").exists()
    note = json.loads((tmp_path / "run.json").read_text())["network_note"]
    assert note.startswith("Kept: the network of epoch ") and note in (tmp_path / "report.html").read_text()


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("step", [1, pytest.param(3, marks=pytest.mark.slow)])  # the head alone trains, or all
def test_a_run_interrupted_in_any_phase_goes_on_to_the_same_network(recipe, tmp_path, monkeypatch, step):
    recipe = override(recipe, {"export.formats": (), "augment.flip": False})
    whole = run.train(recipe, tmp_path / "whole")

    class Breaks(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations.numpy() == step + 1:
                raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr("keras_resnets.training.fit.Guard", lambda skips: Breaks())
        with pytest.raises(Interrupted):
            run.train(recipe, tmp_path / "broken")
    resumed = run.train(recipe, tmp_path / "broken")
    for one, two in zip(whole.network.weights, resumed.network.weights, strict=True):
        np.testing.assert_allclose(two.numpy(), one.numpy(), rtol=1e-5, atol=1e-6, err_msg=one.path)
    assert [row["step"] for row in read_metrics(tmp_path / "broken" / "metrics.csv")] == [2, 4, 6]


def test_a_run_out_of_patience_ends_keeps_its_best_and_does_not_go_on(recipe, tmp_path):
    changes = {"patience": 2, "steps": 40, "fine_tune.method": "head", "schedule.peak": 1e-9, "export.formats": ()}
    finished = run.train(override(recipe, changes), tmp_path)
    rows = read_metrics(tmp_path / "metrics.csv")
    assert len(rows) < 20
    best, kept = (keras.models.load_model(tmp_path / name) for name in ("best.keras", "model.keras"))
    for one, two in zip(best.weights, kept.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())
    again = run.train(override(recipe, changes), tmp_path)
    assert read_metrics(tmp_path / "metrics.csv") == rows
    assert again.evaluation.top1 == finished.evaluation.top1


def test_patience_without_validation_images_is_refused(recipe, tmp_path):
    with pytest.raises(ValueError, match=r"`patience` needs validation images, `data.validation` is 0"):
        run.train(override(recipe, {"patience": 2, "data.validation": 0.0}), tmp_path)


def test_photos_of_another_range_are_refused_before_the_first_step(recipe, tmp_path):
    recipe = override(recipe, {"fine_tune.preprocessing": "none"})
    with pytest.raises(ValueError, match="nothing in it normalizes"):
        run.train(recipe, tmp_path)
    assert not (tmp_path / "metrics.csv").exists()
