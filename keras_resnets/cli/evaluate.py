"""The verb `evaluate`."""

import json
from pathlib import Path

import tyro
from rich.table import Table

from keras_resnets.cli.messages import CONSOLE
from keras_resnets.recipe import Data


def evaluate(
    model: tyro.conf.Positional[Path],
    data: Data = Data(),  # noqa: B008 (frozen)
    output: Path | None = None,
):
    """Evaluate a `.keras` file, a SavedModel folder or a `.tflite` file on the test images of a data set.

    The file takes pixels 0 to 255, as those that `train`, `port` and `export` write do.

    Args:
        model: File or folder.
        data: Which images.
        output: Where to write everything as JSON.
    """
    from keras_resnets.data import datasets, pipeline
    from keras_resnets.evaluation import evaluate as evaluate_
    from keras_resnets.export.formats import open_model, probabilities

    dataset = datasets.load(data)
    opened = open_model(model)
    result, _ = evaluate_(
        lambda pixels: probabilities(opened.run(pixels)),
        pipeline.evaluation(dataset.test, data.batch_size),
        dataset.class_names,
        from_logits=False,
    )
    low, high = result.top1_interval
    table = Table("class", "n", "precision", "recall", "f1", title=f"{model} on {data.name}")
    for row in result.per_class:
        table.add_row(row.name, f"{row.n:,}", f"{row.precision:.4f}", f"{row.recall:.4f}", f"{row.f1:.4f}")
    CONSOLE.print(table)
    CONSOLE.print(
        f"top-1 {result.top1:.4f} ({low:.4f} to {high:.4f}), top-5 {result.top5:.4f}, loss {result.loss:.4f}, "
        f"calibration error {result.calibration_error:.4f}, n = {result.n:,}"
    )
    if output:
        output.write_text(json.dumps(result.to_dict(), indent=1) + "\n")
