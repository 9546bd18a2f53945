"""The runner: a small real run on digits, interrupted and resumed, refused where it must be."""

import json

import keras
import numpy as np
import pytest

from keras_resnets.recipe import Augment, Data, Recipe, override
from keras_resnets.training import fit, run
from keras_resnets.training.metrics_log import read_metrics
from keras_resnets.training.workdir import claim

TINY = Recipe(
    model_options={"blocks": (1, 1, 1)},
    data=Data(batch_size=64),
    augment=Augment(crop_padding=1),
    steps=23,
    epoch_steps=10,
)


def test_a_run_leaves_everything_it_promises(tmp_path):
    finished = run.train(TINY, tmp_path, "test")
    for name in (
        "recipe.json",
        "metrics.csv",
        "model.keras",
        "best.keras",
        "evaluation.json",
        "hardest.npz",
        "run.json",
        "report.html",
        "artifact/model.tflite",
        "artifact/saved_model",
        "artifact/labels.txt",
        "artifact/metadata.json",
        "artifact/README.md",
    ):
        assert (tmp_path / name).exists(), name
    assert list((tmp_path / "tensorboard").rglob("*tfevents*"))
    rows = read_metrics(tmp_path / "metrics.csv")
    assert [row["step"] for row in rows] == [10, 20, 23]
    assert {"loss", "top1", "val_loss", "val_top1", "gradient_norm", "clipped_fraction"} <= set(rows[0])
    assert finished.evaluation.n == 500
    assert finished.evaluation.top1 > 0.3  # of ten classes, after 23 steps
    facts = json.loads((tmp_path / "run.json").read_text())
    assert facts["training_images"] + facts["validation_images"] + facts["test_images"] == 1797
    # The saved file, the artifact and the network agree on pixels.
    images = np.load(tmp_path / "hardest.npz")["images"].astype("float32")
    expected = finished.network.predict(images, verbose=0)
    np.testing.assert_array_equal(
        keras.models.load_model(tmp_path / "model.keras").predict(images, verbose=0), expected
    )


class Interrupted(Exception):
    pass


class Breaks(keras.callbacks.Callback):
    """Stands in for a process that is killed before a step."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_begin(self, batch, logs=None):
        if self.model.optimizer.iterations.numpy() == self.step:
            raise Interrupted


def interrupted(recipe, workdir, monkeypatch, step):
    guard = fit.Guard
    with monkeypatch.context() as patch:
        patch.setattr(fit, "Guard", lambda skips: keras.callbacks.CallbackList([guard(skips), Breaks(step)]))
        with pytest.raises(Interrupted):
            run.train(recipe, workdir)


@pytest.mark.parametrize("checkpoint_steps", [None, 4])
def test_an_interrupted_run_goes_on_to_the_same_network_and_log(tmp_path, monkeypatch, checkpoint_steps):
    changes = {"export.formats": (), "checkpoint_steps": checkpoint_steps, "average.decay": 0.9}
    recipe = override(TINY, changes)
    whole = run.train(recipe, tmp_path / "whole")
    interrupted(recipe, tmp_path / "broken", monkeypatch, 19)  # in the middle of the second epoch
    newest = sorted((tmp_path / "broken" / "checkpoints").iterdir())[-1]
    assert newest.name == f"step-{16 if checkpoint_steps else 10:09d}.npz"
    resumed = run.train(recipe, tmp_path / "broken")
    for one, two in zip(whole.network.weights, resumed.network.weights, strict=True):
        np.testing.assert_allclose(two.numpy(), one.numpy(), rtol=1e-5, atol=1e-6, err_msg=one.path)
    one, two = (read_metrics(tmp_path / name / "metrics.csv") for name in ("whole", "broken"))
    assert [row["step"] for row in two] == [10, 20, 23]
    for expected, row in zip(one, two, strict=True):
        for name in ("loss", "top1", "val_loss", "val_top1", "gradient_norm", "clipped_fraction", "learning_rate"):
            assert row[name] == pytest.approx(expected[name], rel=1e-4, abs=1e-5), name
    assert [row["step"] for row in read_metrics(tmp_path / "broken" / "clipping.csv")] == [10, 20, 23]


def test_a_workdir_of_another_recipe_is_refused_with_the_difference(tmp_path):
    claim(tmp_path, TINY).close()
    with pytest.raises(ValueError, match=r"another recipe:\n  schedule\.peak: 0\.1 there, 0\.2 now\nChoose another"):
        run.train(override(TINY, {"schedule.peak": 0.2}), tmp_path)


def test_a_second_run_in_a_workdir_is_refused(tmp_path):
    with claim(tmp_path, TINY), pytest.raises(RuntimeError, match="a run is going on in"):
        run.train(TINY, tmp_path)


def test_a_batch_larger_than_the_data_is_refused_before_training(tmp_path):
    with pytest.raises(ValueError, match=r"batch_size"):
        run.train(override(TINY, {"data.batch_size": 5000}), tmp_path)
    assert not (tmp_path / "metrics.csv").exists()
