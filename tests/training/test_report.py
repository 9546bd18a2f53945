"""The report shows what a run left, says what it lacks, and lets no text of a user become markup."""

import csv
import html.parser
import json
import re

import numpy as np
import pytest

from keras_resnets import recipe
from keras_resnets.evaluation import evaluate
from keras_resnets.training.report import write_report

NAMES = ("<b>", "<script>alert(1)</script>", "\"quoted' & $plain_")
FIELDS = sum(
    1 + len(getattr(part, "__dataclass_fields__", ())) - hasattr(part, "__dataclass_fields__")
    for part in vars(recipe.Recipe()).values()
)
LABELS = np.arange(60) % 3
LOGITS = np.random.default_rng(0).normal(size=(60, 3)) + 2 * np.eye(3)[LABELS]


@pytest.fixture
def workdir(tmp_path):
    return finish_run(tmp_path)


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return write_report(finish_run(tmp_path_factory.mktemp("run"))).read_text("utf-8")


@pytest.fixture(scope="module")
def shown(text):
    return Page(text)


def finish_run(tmp_path):
    """A folder with all the files of a finished run, and markup in every text."""
    evaluation, predictions = evaluate(lambda pixels: pixels, [(LOGITS, LABELS)], NAMES)
    changes = {"schedule.peak": 0.05, "model_options": {"shortcut": "<b>"}, "data.name": "folder:<b>"}
    settings = recipe.override(recipe.Recipe(), changes)
    facts = {
        "recipe": "<b>cifar",
        "parameters": 272474,
        "seconds": 134.2,
        "images_per_second": 612.3,
        "peak_memory_bytes": 1_300_000_000,
        "data": {"name": "<b>", "note": "JPEG at <b>quality</b> 75"},
        "versions": {"keras": "3.15.1"},
        "commit": "abc1234",
    }
    file = {
        "format": "tflite",
        "name": "<b>.tflite",
        "bytes": 1_103_456,
        "agreement": {"agreement": 1.0, "images": 256, "probability_difference": 6e-8},
        "latency": {"median": 0.42, "machine": "<b>processor"},
    }
    (tmp_path / "artifact").mkdir()
    for name, content in {
        "recipe.json": recipe.to_dict(settings),
        "evaluation.json": evaluation.to_dict(),
        "run.json": facts,
        "artifact/metadata.json": {"files": [file, {"format": "keras", "name": "model.keras"}]},
    }.items():
        (tmp_path / name).write_text(json.dumps(content))
    with (tmp_path / "metrics.csv").open("w", newline="") as lines:
        rows = csv.writer(lines)
        rows.writerows([("epoch", "step", "loss", "top1"), (1, 25, 2.0, 0.4), (2, 50, 1.0, 0.7)])
    np.savez(
        tmp_path / "hardest.npz",
        images=np.zeros((4, 8, 8, 1), "uint8"),
        labels=LABELS[:4],
        predictions=[1, 1, 1, 1],
        probabilities=predictions.probabilities[:4],
    )
    return tmp_path


class Page(html.parser.HTMLParser):
    """The tags, addresses and texts of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href", "srcset", "action")]

    def handle_data(self, data):
        self.text += data


def test_shows_the_run(shown):
    for words in (
        "272,474",
        "2 min 14 s",
        "612 images a second",
        "1.30 GB",
        "commit abc1234",
        "3.15.1",
        "n = 60",
        "(95 %)",
        "1.10 MB",
        "100.00%",
        "6e-08",
        "0.42",
        f"3 of {FIELDS} fields differ",
    ):
        assert words in shown.text
    assert "not measured" not in shown.text
    assert shown.tags.count("figure") == 4
    assert shown.tags.count("img") == 4 + 3


def test_needs_no_other_file(shown):
    assert shown.addresses
    assert all(address.startswith("data:") for address in shown.addresses)
    assert not {"script", "iframe", "object"} & set(shown.tags)


def test_no_text_becomes_markup(text, shown):
    assert "b" not in shown.tags and "script" not in shown.tags
    assert all(name in shown.text for name in NAMES)
    for words in ("folder:<b>", "<b>cifar", "JPEG at <b>quality</b> 75", "<b>.tflite", "<b>processor"):
        assert words in shown.text
    assert not re.search(r'alt="[^"]*<', text)


def test_a_probability_is_not_rounded_to_a_certainty(tmp_path):
    (tmp_path / "recipe.json").write_text(json.dumps(recipe.to_dict(recipe.Recipe())))
    arrays = {"labels": [1], "predictions": [0], "probabilities": [[0.99999, 0.00001]]}
    np.savez(tmp_path / "hardest.npz", images=np.zeros((1, 8, 8, 3), "uint8"), **arrays)
    shown = Page(write_report(tmp_path).read_text("utf-8"))
    assert "0 (>99.9%)" in shown.text and "label 1 (<0.1%)" in shown.text


def test_a_note_stands_above_the_numbers(text):
    assert text.index("Note.") < text.index("Test top-1")


def test_changed_fields_are_marked(text):
    marked = set(re.findall(r'<tr class="changed"><td>([^<]*)</td><td>([^<]*)</td><td>([^<]*)</td>', text))
    assert marked == {
        ("schedule.peak", "0.05", "0.1"),
        ("model_options.shortcut", "&lt;b&gt;", "–"),
        ("data.name", "folder:&lt;b&gt;", "digits"),
    }


def test_a_recipe_alone_is_a_report_that_measured_nothing(tmp_path):
    (tmp_path / "recipe.json").write_text(json.dumps(recipe.to_dict(recipe.Recipe())))
    shown = Page(write_report(tmp_path).read_text("utf-8"))
    assert shown.text.count("not measured") == 6 + 7  # cards and sections
    assert f"0 of {FIELDS} fields differ" in shown.text


def test_no_recipe_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"write_report: `workdir` must hold recipe.json"):
        write_report(tmp_path)


@pytest.mark.parametrize(
    "name", ["recipe.json", "run.json", "evaluation.json", "artifact/metadata.json", "hardest.npz"]
)
def test_a_broken_file_is_named_and_the_old_report_stays(workdir, name):
    (workdir / "report.html").write_text("old")
    (workdir / name).write_text("[1, 2")
    with pytest.raises(ValueError, match=rf"{name} must be what a run writes there, but can't be read"):
        write_report(workdir)
    assert (workdir / "report.html").read_text() == "old"
    assert not list(workdir.glob(".report*"))
