"""The verb `train`."""

from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.table import Table

from keras_resnets.cli.messages import CONSOLE
from keras_resnets.recipe import Recipe

Flat = tyro.conf.arg(name="")
Devices = Annotated[
    Literal["auto", "cpu", "gpu", "gpus", "workers"],
    tyro.conf.arg(
        help="gpus: all of this host's; workers: processes of TF_CONFIG or of a Slurm job; auto: the most there is."
    ),
]
Replicas = Annotated[
    int | None,
    tyro.conf.arg(help="Devices of this host; None is all GPUs, or one CPU. A batch is divided among them."),
]
DataService = Annotated[
    str | None,
    tyro.conf.arg(
        metavar="grpc://HOST:PORT",
        help="Dispatcher of a tf.data service of one worker, which computes the batches; None computes them here.",
    ),
]


def train(
    recipe: Annotated[Recipe, Flat] = Recipe(),  # noqa: B008 (frozen)
    workdir: Path | None = None,
    devices: Devices = "auto",
    replicas: Replicas = None,
    data_service: DataService = None,
):
    """Train a network, evaluate it, export it for others and the phone, and write report.html.

    With no flag: ResNet-20 on scikit-learn's digits, in about two minutes on two cores. The same command goes on where
    an interrupted run stopped.

    Args:
        recipe: What to train on what, and how.
        workdir: Folder of the run; by default runs/MODEL-DATASET.
    """
    train_and_print(recipe, workdir, None, devices, replicas, data_service)


def train_and_print(recipe, workdir, name, devices="auto", replicas=None, data_service=None):
    """Trains `recipe` in `workdir`, by default runs/MODEL-DATASET, and prints what the test images say."""
    from keras_resnets.training.run import train as train_

    workdir = workdir or Path("runs") / f"{recipe.model.lower()}-{Path(recipe.data.name.removeprefix('folder:')).name}"
    finished = train_(recipe, workdir, name, devices, replicas, data_service)
    if finished is None:  # another worker evaluates and reports
        return
    evaluation = finished.evaluation
    low, high = evaluation.top1_interval
    table = Table("test", "", title=f"{recipe.model} on {recipe.data.name}")
    table.add_row("top-1", f"{evaluation.top1:.4f} ({low:.4f} to {high:.4f}, n = {evaluation.n:,})")
    table.add_row("top-5", f"{evaluation.top5:.4f}")
    table.add_row("loss", f"{evaluation.loss:.4f}")
    table.add_row("calibration error", f"{evaluation.calibration_error:.4f}")
    table.add_row("artifact", str(finished.artifact.directory))
    table.add_row("report", str(finished.report))
    CONSOLE.print(table)
