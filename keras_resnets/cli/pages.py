"""The footers of the pages in `recipes/`: every knob by flag, then the run."""

import functools
import inspect
import sys
from pathlib import Path
from typing import Annotated

import tyro

from keras_resnets.cli.messages import with_messages
from keras_resnets.cli.train import DataService, Devices, Flat, Replicas, train_and_print
from keras_resnets.recipe import Recipe, get, override

WORKDIR = tyro.conf.arg(help="Folder of the run; None is runs/MODEL-DATASET.")


def run(*recipes, argv=None):
    """The footer of every page in `recipes/`: every knob by flag, then `train`.

    recipes: functions that return a `Recipe`; the first word of the command line chooses one by its name, else it is
        the first. Its arguments, all with defaults, are names of recipe fields that other values depend on: where a
        flag changes one, the function is called again with it, and what depends on it follows.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    named = {recipe.__name__: recipe for recipe in recipes}
    chosen = named[argv.pop(0)] if argv and argv[0] in named else recipes[0]
    page = Path(inspect.getfile(chosen))
    description = inspect.getdoc(inspect.getmodule(chosen))
    with_messages(_run, chosen, page, description, argv)


def _run(recipe, page, description, argv):
    def command(
        recipe: Annotated[Recipe, Flat],
        workdir: Annotated[Path | None, WORKDIR] = None,
        devices: Devices = "auto",
        replicas: Replicas = None,
        data_service: DataService = None,
    ):
        return recipe, workdir, devices, replicas, data_service

    _, (chosen, workdir, *machines) = parsed(recipe, command, prog=page.name, description=description, args=argv)
    return train_and_print(chosen, workdir, page.name, *machines)


def parsed(recipe, command, **options):
    """(arguments of `recipe` that flags changed, what `command` returns for the recipe of these and all flags).

    command: function of `recipe`, and of flags of its own, that returns a tuple that begins with the recipe.
    """

    def parse(default):
        return tyro.cli(functools.partial(command, recipe=default), **options)

    first = recipe()
    loose = override(first, {"schedule.warmup_steps": 0})  # flags may shorten the run below the first recipe's warm-up
    arguments = _changed(recipe, first, parse(loose)[0])
    return arguments, parse(recipe(**arguments))


def _changed(recipe, first, chosen):
    """{name: value} of the function's arguments in which the recipe `chosen` by flags differs from the `first`."""
    values = {name: _leaf(chosen, name) for name in inspect.signature(recipe).parameters}
    return {name: value for name, value in values.items() if value != _leaf(first, name)}


def _leaf(recipe, name):
    """The value of the recipe field `name`, at the top or in one of the parts."""
    for path in (name, *(f"{part}.{name}" for part in ("data", "augment", "optimizer", "schedule", "fine_tune"))):
        try:
            return get(recipe, path)
        except ValueError:
            continue
    raise ValueError(f"run: the recipe's argument `{name}` is no recipe field.")
