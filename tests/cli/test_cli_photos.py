"""The pages for people's own photos: what short flags mean, and a run on photos as a phone takes them."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.cli import photos

ROOT = Path(__file__).parents[2]
PAGES = ("finetune.py", "phone_mobilenet.py")


@pytest.fixture
def chosen(monkeypatch):
    """A function from a page and flags to (recipe, workdir) that would be trained."""
    found = []
    monkeypatch.syspath_prepend(ROOT / "recipes")
    monkeypatch.setattr(photos, "train_and_print", lambda recipe, workdir, *others: found.append((recipe, workdir)))

    def choose(page, *flags):
        photos.run_on_photos(runpy.run_path(str(ROOT / "recipes" / page))["recipe"], list(flags))
        return found[-1]

    return choose


@pytest.mark.parametrize("page", PAGES)
def test_the_flags_of_the_issue_are_understood(chosen, page):
    flags = ["--data", "folder:my photos", "--model", "MobileNetV3Large", "--weights", "a.keras", "--workdir", "run"]
    recipe, workdir = chosen(page, *flags)
    assert (recipe.data.name, recipe.model, recipe.fine_tune.weights) == (
        "folder:my photos",
        "MobileNetV3Large",
        "a.keras",
    )
    assert workdir == Path("run")
    assert recipe.patience and recipe.class_weights == "balanced" and recipe.fine_tune.batch_statistics == "frozen"


def test_a_short_flag_does_not_undo_the_long_ones(chosen):
    recipe, _ = chosen("finetune.py", "--weights", "a.keras", "--fine-tune.method", "ssf", "--steps", "7")
    assert (recipe.fine_tune.weights, recipe.fine_tune.method, recipe.steps) == ("a.keras", "ssf", 7)
    assert (recipe.schedule.warmup_steps, recipe.schedule.peak) == (0, 0.02)


def test_the_phones_page_follows_the_paper_from_scratch_and_the_other_page_from_weights(chosen):
    scratch, _ = chosen("phone_mobilenet.py", "--data", "folder:photos")
    assert (scratch.optimizer.kind, scratch.optimizer.momentum, scratch.optimizer.weight_decay) == (
        "rmsprop",
        0.9,
        1e-5,
    )
    assert scratch.schedule.peak == pytest.approx(0.1 * scratch.data.batch_size / 4096)
    assert scratch.average.decay == 0.9999
    tuned = [chosen(page, "--weights", "a.keras")[0] for page in PAGES]
    assert tuned[0] == tuned[1]


@pytest.mark.slow
def test_a_few_steps_on_photos_of_a_phone_need_nothing_but_flags(tmp_path):
    """Real-sized JPEGs, from scratch and then on from what that left, on another folder."""
    random = np.random.RandomState(0)
    for name in ("a", "b", "c"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for k in range(8):
            coarse = random.uniform(0, 255, (6, 8, 3)).astype("float32")
            photo = tf.cast(tf.image.resize(coarse, (600, 800), "bicubic"), tf.uint8)
            (tmp_path / "photos" / name / f"{k}.jpg").write_bytes(tf.io.encode_jpeg(photo).numpy())
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    few = ["--data", "folder:photos", "--steps", "3", "--data.batch-size", "4"]
    for page, more in (
        ("phone_mobilenet.py", ["--data.image-size", "64", "--workdir", "first"]),
        (
            "finetune.py",
            ["--weights", "first/model.keras", "--workdir", "second", "--model-options", "momentum", "0.9"],
        ),
    ):
        command = [sys.executable, str(ROOT / "recipes" / page), *few, *more]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
    facts = json.loads((tmp_path / "second" / "artifact" / "metadata.json").read_text())
    assert facts["input"]["shape"] == ["batch", 64, 64, 3]
    assert (tmp_path / "second" / "report.html").exists()
