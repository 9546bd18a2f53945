"""The footers of the pages in `recipes/`: every knob by flag, then the run."""

import functools
import inspect
import json
import sys
from pathlib import Path
from typing import Annotated

import tyro
from rich.table import Table

from keras_resnets.cli.messages import CONSOLE, with_messages
from keras_resnets.cli.train import Flat, train_and_print
from keras_resnets.recipe import Recipe, differences, get, override

WORKDIR = tyro.conf.arg(help="Folder of the run; None is runs/MODEL-DATASET.")


def run(recipe, argv=None):
    """The footer of every page in `recipes/`: every knob by flag, then `train`.

    recipe: function that returns a `Recipe`. Its arguments, all with defaults, are names of recipe fields that other
    values depend on: where a flag changes one, the function is called again with it, and what depends on it follows.
    """
    page = Path(inspect.getfile(recipe))
    description = inspect.getdoc(inspect.getmodule(recipe))
    with_messages(_run, recipe, page, description, sys.argv[1:] if argv is None else argv)


def _run(recipe, page, description, argv):
    def command(recipe: Annotated[Recipe, Flat], workdir: Annotated[Path | None, WORKDIR] = None):
        return recipe, workdir

    chosen, workdir = _parsed(recipe, command, prog=page.name, description=description, args=argv)
    return train_and_print(chosen, workdir, page.name)


def _parsed(recipe, command, **options):
    """What `command` returns for the flags; `recipe` is called again with those of its arguments that flags changed."""

    def parse(default):
        return tyro.cli(functools.partial(command, recipe=default), **options)

    chosen = parse(recipe())[0]
    return parse(recipe(**{name: _leaf(chosen, name) for name in inspect.signature(recipe).parameters}))


def _leaf(recipe, name):
    """The value of the recipe field `name`, at the top or in one of the parts."""
    for path in (name, *(f"{part}.{name}" for part in ("data", "augment", "optimizer", "schedule"))):
        try:
            return get(recipe, path)
        except ValueError:
            continue
    raise ValueError(f"run: the recipe's argument `{name}` is no recipe field.")


def run_degradation(recipe, argv=None):
    """The footer of recipes/cifar_degradation.py: plain and residual nets of several depths, then figure 6.

    recipe: function of a model's and a data set's name that returns the `Recipe`.
    """
    page = Path(inspect.getfile(recipe))
    with_messages(_run_degradation, recipe, page, sys.argv[1:] if argv is None else argv)


def _run_degradation(recipe, page, argv):
    from keras_resnets import plots
    from keras_resnets.analysis.degradation import degradation
    from keras_resnets.training.metrics_log import read_metrics

    def command(
        recipe: Annotated[Recipe, Flat],
        depths: Annotated[tuple[int, int], tyro.conf.arg(help="Depths to compare; they set --model.")] = (20, 56),
        workdir: Annotated[Path, tyro.conf.arg(help="Folder of all runs and the figure.")] = Path("runs/degradation"),
    ):
        return recipe, depths, workdir

    description = inspect.getdoc(inspect.getmodule(recipe))
    chosen, depths, workdir = _parsed(recipe, command, prog=page.name, description=description, args=argv)
    first = recipe(**{name: _leaf(chosen, name) for name in inspect.signature(recipe).parameters})
    changes = {path: after for path, (_, after) in differences(first, chosen).items()}
    curves = {"plain": {}, "residual": {}}
    for kind, family in (("plain", "PlainNet"), ("residual", "ResNet")):
        for depth in depths:
            model = f"{family}{depth}"
            train_and_print(override(recipe(model, chosen.data.name), changes), workdir / model.lower(), page.name)
            curves[kind][model] = read_metrics(workdir / model.lower() / "metrics.csv")
    result = degradation(curves)
    (workdir / "degradation.json").write_text(json.dumps(result.to_dict(), indent=1) + "\n")
    (workdir / "degradation.png").write_bytes(plots.to_png(plots.plot_degradation(curves)))
    table = Table("network", "training error", "test error", title=f"Degradation on {chosen.data.name}")
    for errors in (*result.plain, *result.residual):
        table.add_row(errors.model, f"{errors.training:.4f}", f"{errors.test:.4f}")
    CONSOLE.print(table)
    CONSOLE.print(f"{workdir / 'degradation.png'}")
