"""One page that shows a finished run: report.html, which needs no other file and no network.

It reads what a run left in its folder:

    recipe.json             recipe.to_dict; the only file that must exist
    metrics.csv             a row an epoch: epoch, step, loss, top1, val_loss, val_top1, learning_rate, gradient_norm,
                            clipped_fraction, skipped_updates
    evaluation.json         Evaluation.to_dict of the test images
    hardest.npz             images uint8 (n, height, width, channels), labels (n,), predictions (n,),
                            probabilities (n, classes), or (n,) of the predictions
    run.json                facts, shown as they are; a name's ending `bytes` or `seconds` is its unit, and what ends in
                            `note`, or speaks of JPEG, also stands on top of the page
    artifact/metadata.json  `files`: a dictionary a format, as keras_resnets.export writes it
"""

import csv
import functools
import json
import string
from importlib import resources

import numpy as np

from keras_resnets import plots, recipe
from keras_resnets.evaluation import Evaluation
from keras_resnets.training import page
from keras_resnets.training.checkpoints import write_atomically

NOT_MEASURED = '<p class="quiet">not measured</p>'
MANY_ROWS = 20
"""A longer table is folded."""

ARTIFACT_COLUMNS = {
    # header: (path in a row of metadata.json's `files`, how to show it)
    "format": ("format", str),
    "file": ("name", str),
    "size": ("bytes", functools.partial(page.value, "bytes")),
    "agreement": ("agreement.agreement", "{:.2%}".format),
    "images": ("agreement.images", "{:,}".format),
    "max Δ probability": ("agreement.probability_difference", "{:.2g}".format),
    "max Δ logit": ("agreement.logit_difference", "{:.2g}".format),
    "top-1 on these": ("agreement.top1", "{:.2%}".format),
    "latency, ms": ("latency.median", "{:.2f}".format),
}
"""Columns of the table of artifacts; one that no row fills is left out."""


def write_report(workdir):
    """Writes workdir/report.html, replacing an old one in one step, and returns its path.

    workdir: pathlib.Path of the folder of a run; the module's docstring names the files read. What a missing file would
        have shown is said to be "not measured".
    Raises FileNotFoundError without recipe.json, ValueError for a file that is not what its name says.
    """
    if not (workdir / "recipe.json").exists():
        raise FileNotFoundError(
            f"write_report: `workdir` must hold recipe.json, the recipe of a run; {workdir} does not. "
            "Give the folder that training wrote to."
        )
    settings = _read(workdir, "recipe.json", lambda path: recipe.from_dict(_json(path)))
    facts = _read(workdir, "run.json", lambda path: _flatten(_json(path))) or {}
    rows = _read(workdir, "metrics.csv", _csv) or []
    evaluation = _read(workdir, "evaluation.json", lambda path: Evaluation.from_dict(_json(path)))
    artifacts = _read(workdir, "artifact/metadata.json", _artifact_rows)
    images = _read(workdir, "hardest.npz", _npz)
    template = resources.files(__package__).joinpath("report.html.template").read_text("utf-8")
    text = string.Template(template).substitute(
        title=page.text(f"{settings.model} on {settings.data.name}"),
        subtitle=page.text(_subtitle(facts)),
        note=_note(facts),
        cards=_cards(evaluation, facts),
        curves=_plot(plots.plot_curves(rows), "Training curves", wide=True) if rows else NOT_MEASURED,
        confusion=_confusion(evaluation) if evaluation else NOT_MEASURED,
        reliability=_plot(plots.plot_reliability(evaluation), "Accuracy by confidence") if evaluation else NOT_MEASURED,
        classes=_classes(evaluation) if evaluation else NOT_MEASURED,
        hardest=_hardest(images, evaluation) if images else NOT_MEASURED,
        artifacts=_artifacts(artifacts),
        recipe=_recipe(settings),
        facts=_facts(facts) if facts else NOT_MEASURED,
    )
    path = workdir / "report.html"
    write_atomically(path, lambda file: file.write(text.encode()))
    return path


def _read(workdir, name, read):
    """What `read` makes of a file in `workdir`, or None where there is no such file."""
    path = workdir / name
    if not path.exists():
        return None
    try:
        return read(path)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ValueError(
            f"write_report: {path} must be what a run writes there, but can't be read: {error!r}. "
            "Run the same training again to write it anew, or delete it for a report without it."
        ) from error


def _json(path):
    return json.loads(path.read_text("utf-8"))


def _artifact_rows(path):
    return [_flatten(row) for row in _json(path)["files"]]


def _csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _npz(path):
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in ("images", "labels", "predictions", "probabilities")}


def _subtitle(facts):
    finished = str(facts.get("finished") or "")[:16].replace("T", " ")
    parts = (facts.get("recipe"), finished, facts.get("commit") and f"commit {facts['commit']}")
    return " · ".join(str(part) for part in parts if part)


def _note(facts):
    """The caveats of the data set, which a reader must see before the numbers."""
    texts = {str(v): None for key, v in facts.items() if v and (key.endswith("note") or "jpeg" in str(v).lower())}
    return "".join(f'<p class="note"><strong>Note.</strong> {page.text(text)}</p>' for text in texts)


def _cards(evaluation, facts):
    if evaluation:
        low, high = evaluation.top1_interval
        top = min(5, len(evaluation.class_names))
        measured = [
            ("Test top-1", f"{evaluation.top1:.2%}", f"{low:.2%} to {high:.2%} (95 %), n = {evaluation.n:,}"),
            (f"Test top-{top}", f"{evaluation.top5:.2%}", f"{len(evaluation.class_names):,} classes"),
            ("Test loss", f"{evaluation.loss:.4f}", "nats an image"),
            ("Calibration error", f"{evaluation.calibration_error:.2%}", f"{len(evaluation.bins)} bins"),
        ]
    else:
        names = ("Test top-1", "Test top-5", "Test loss", "Calibration error")
        measured = [(name, "–", "not measured") for name in names]
    for name, key, more in (("Parameters", "parameters", ""), ("Time", "seconds", "images_per_second")):
        value = facts.get(key)
        speed = f"{facts[more]:,.0f} images a second" if isinstance(facts.get(more), int | float) else ""
        measured.append((name, "–", "not measured") if value is None else (name, page.value(key, value), speed))
    return "\n".join(
        f'<div class="card{" first" if k == 0 else ""}"><div class="name">{page.text(name)}</div>'
        f'<div class="value">{page.text(value)}</div><div class="more">{page.text(more)}</div></div>'
        for k, (name, value, more) in enumerate(measured)
    )


def _confusion(evaluation):
    counts = np.array(evaluation.confusion)
    mistakes = counts * ~np.eye(len(counts), dtype=bool)
    order = np.argsort(-mistakes, axis=None, kind="stable")[:5]
    worst = [(*divmod(int(k), len(counts)), mistakes.flat[k]) for k in order if mistakes.flat[k]]
    names = evaluation.class_names
    text = ", ".join(f"{names[label]} taken for {names[guess]} ({n})" for label, guess, n in worst) or "none"
    return (
        _plot(plots.plot_confusion(evaluation), "Confusion matrix")
        + f'<p class="quiet">Most frequent mistakes: {page.text(text)}.</p>'
    )


def _classes(evaluation):
    rows = [
        (row.name, f"{row.n:,}", *("–" if v is None else f"{v:.2%}" for v in (row.precision, row.recall, row.f1)))
        for row in evaluation.per_class
    ]
    fold = f"{len(rows)} classes" if len(rows) > MANY_ROWS else None
    return page.table(("class", "images", "precision", "recall", "F1"), rows, numbers=(1, 2, 3, 4), fold=fold)


def _hardest(arrays, evaluation):
    count = 1 + max(arrays["labels"].max(initial=0), arrays["predictions"].max(initial=0))
    names = evaluation.class_names if evaluation else range(count)
    figures = "".join(_hard_image(names, *row) for row in zip(*arrays.values(), strict=True))
    explained = "Highest loss first: the prediction with its probability, and the label with its."
    return f'<p class="quiet">{explained}</p><div class="gallery">{figures}</div>'


def _hard_image(names, image, label, prediction, probabilities):
    shares = {prediction: probabilities} if np.ndim(probabilities) == 0 else dict(enumerate(probabilities))
    predicted, labeled = (
        f"{names[k]} ({_share(shares[k])})" if k in shares else str(names[k]) for k in (int(prediction), int(label))
    )
    if prediction == label:
        caption = f'<span class="good">✓ {page.text(predicted)}</span>'
    else:
        caption = f'<span class="bad">✗ {page.text(predicted)}</span><br>label {page.text(labeled)}'
    uri = page.data_uri(plots.image_to_png(image), "image/png")
    return f'<figure><img src="{uri}" alt="{page.text(names[label])}"><figcaption>{caption}</figcaption></figure>'


def _share(probability):
    """In %, never rounded to a certainty."""
    return "<0.1%" if probability < 0.0005 else ">99.9%" if probability >= 0.9995 else f"{probability:.1%}"


def _artifacts(files):
    if not files:
        return NOT_MEASURED
    columns = {name: c for name, c in ARTIFACT_COLUMNS.items() if any(row.get(c[0]) is not None for row in files)}
    rows = [["–" if row.get(path) is None else show(row[path]) for path, show in columns.values()] for row in files]
    numbers = [k for k, (_, show) in enumerate(columns.values()) if show is not str]
    machines = dict.fromkeys(row["latency.machine"] for row in files if row.get("latency.machine"))
    how = f"Latency: median of one image at a time, on {', '.join(machines)}. " if machines else ""
    text = f"{how}Agreement and differences: with the Keras model on the same test images."
    return f'{page.table(list(columns), rows, numbers)}<p class="quiet">{page.text(text)}</p>'


def _recipe(settings):
    values, defaults = (_flatten(recipe.to_dict(r)) for r in (settings, recipe.Recipe()))
    changed = [key for key, value in values.items() if key not in defaults or defaults[key] != value]
    rows = {key: (key, page.value("", value), page.value("", defaults.get(key))) for key, value in values.items()}
    header = ("field", "value", "default")
    some = page.table(header, [rows[key] for key in changed], marked=changed) if changed else ""
    every = page.table(header, list(rows.values()), marked=[key in changed for key in rows], fold="all fields")
    return f'<p class="quiet">{len(changed)} of {len(rows)} fields differ from the default.</p>{some}{every}'


def _facts(facts):
    return page.table(("", ""), [(page.label(key), page.value(key, value)) for key, value in facts.items()])


def _plot(figure, description, wide=False):
    uri = page.data_uri(plots.to_svg(figure, transparent=True), "image/svg+xml")
    return f'<div class="plot{" wide" if wide else ""}"><img src="{uri}" alt="{page.text(description)}"></div>'


def _flatten(node, prefix=""):
    """{dotted path: value} of nested dictionaries; an empty one is a value."""
    values = {}
    for key, value in node.items():
        inner = _flatten(value, f"{prefix}{key}.") if isinstance(value, dict) and value else {f"{prefix}{key}": value}
        values |= inner
    return values
