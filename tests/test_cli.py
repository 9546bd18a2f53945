"""The command line as a user types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def typed(*arguments, cwd, code=0):
    """Standard output of a real process, which must end with `code`."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "COLUMNS": "200"}
    finished = subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300
    )
    assert finished.returncode == code, finished.stdout + finished.stderr
    return finished.stdout if code == 0 else finished.stderr


def test_the_recipe_on_digits_from_data_to_phone_file(tmp_path):
    """The main job, end to end, through the recipe's page and the verbs that take what it leaves."""
    page = ROOT / "recipes" / "cifar_resnet.py"
    flags = ["--data.name", "digits", "--steps", "30", "--schedule.kind", "cosine", "--optimizer.clipping", "0.02"]
    printed = typed(page, *flags, "--model-options", "shortcut", "B", "--workdir", "run", cwd=tmp_path)
    assert "top-1" in printed
    recipe = json.loads((tmp_path / "run" / "recipe.json").read_text())
    assert recipe["schedule"]["kind"] == "cosine"
    assert recipe["model_options"] == {"shortcut": "B"}
    assert recipe["data"]["normalization"] == "pixel-mean"
    trained = json.loads((tmp_path / "run" / "evaluation.json").read_text())

    for model in ("run/model.keras", "run/artifact/model.tflite", "run/artifact/saved_model"):
        typed("-m", "keras_resnets", "evaluate", model, "--output", "again.json", cwd=tmp_path)
        assert json.loads((tmp_path / "again.json").read_text())["top1"] == pytest.approx(trained["top1"], abs=1e-9)

    printed = typed("-m", "keras_resnets", "export", "run/best.keras", "--to", "phone", "--images", "8", cwd=tmp_path)
    assert "tflite" in printed
    assert (tmp_path / "phone" / "model.tflite").stat().st_size > 1e6


def test_help_names_every_knob_with_its_default(tmp_path):
    printed = typed(ROOT / "recipes" / "cifar_resnet.py", "--help", cwd=tmp_path)
    for word in ("--model", "--schedule.peak", "--optimizer.weight-decay", "--data.directory", "(default: 64000)"):
        assert word in printed
    printed = typed("-m", "keras_resnets", "--help", cwd=tmp_path)
    for verb in ("train", "evaluate", "port", "export", "list"):
        assert verb in printed


def test_list_shows_names_and_parameters(tmp_path):
    printed = typed("-m", "keras_resnets", "list", "cifar_resnet20_*", cwd=tmp_path)
    assert "cifar_resnet20_b" in printed and "272,474" in printed and "3 models." in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--steps", "0"], "error: Recipe: `steps` must be at least 1, got 0."),
        (["train", "--model", "ResNet2O"], "got 'ResNet2O'. Did you mean ResNet"),
        (["train", "--model-options", "shortcutt", "B"], "has no argument `shortcutt`. Did you mean `shortcut`?"),
        (["evaluate", "nowhere.keras"], "nowhere.keras"),
        (["port", "x.npz", "--source", "akamaster", "--model", "ResNet20", "--output", "y.keras"], "names no file"),
    ],
)
def test_a_mistake_gets_a_sentence_not_a_stack_trace(tmp_path, arguments, message):
    printed = typed("-m", "keras_resnets", *arguments, cwd=tmp_path, code=1)
    assert message in " ".join(printed.split())
    assert "Traceback" not in printed
