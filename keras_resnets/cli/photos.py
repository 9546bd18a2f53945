"""The footer of the pages for people's own photos: short flags for the folder and the weights."""

import inspect
import sys
from pathlib import Path
from typing import Annotated

import tyro

from keras_resnets.cli.messages import with_messages
from keras_resnets.cli.pages import WORKDIR, parsed
from keras_resnets.cli.train import Devices, Flat, Replicas, train_and_print
from keras_resnets.recipe import Recipe, override

DATA = tyro.conf.arg(help="The photos: `folder:PATH`, one sub-folder a class; short for --data.name.")
WEIGHTS = tyro.conf.arg(help="A .keras file, or `imagenet`; short for --fine-tune.weights.")


def run_on_photos(recipe, argv=None):
    """As `pages.run`, with `--data` and `--weights` beside all other flags."""
    page = Path(inspect.getfile(recipe))
    description = inspect.getdoc(inspect.getmodule(recipe))
    with_messages(_run, recipe, page, description, sys.argv[1:] if argv is None else argv)


def _run(recipe, page, description, argv):
    def command(
        recipe: Annotated[Recipe, Flat],
        data: Annotated[str | None, DATA] = None,
        weights: Annotated[str | None, WEIGHTS] = None,
        workdir: Annotated[Path | None, WORKDIR] = None,
        devices: Devices = "auto",
        replicas: Replicas = None,
    ):
        short = {"data.name": data, "fine_tune.weights": weights}
        changes = {path: value for path, value in short.items() if value is not None}
        return override(recipe, changes), workdir, devices, replicas

    _, (chosen, workdir, *machines) = parsed(recipe, command, prog=page.name, description=description, args=argv)
    return train_and_print(chosen, workdir, page.name, *machines)
