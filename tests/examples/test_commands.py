"""The commands of the job files are ones that the recipe's page takes, with a batch that divides among their GPUs."""

import runpy
import shlex
from pathlib import Path

import pytest

from keras_resnets.cli import pages

ROOT = Path(__file__).parents[2]
COMMANDS = {  # as the tests of the job files find them
    "one_host": ("he2018 --data.directory /shared --devices gpus --workdir /shared/run", 8),
    "four_hosts": ("goyal2017 --data.directory /shared --devices workers --workdir /shared/run", 32),
}


@pytest.mark.parametrize(("command", "gpus"), COMMANDS.values(), ids=COMMANDS)
def test_the_recipe_takes_the_command(monkeypatch, command, gpus):
    taken = []
    monkeypatch.setattr(pages, "train_and_print", lambda *arguments: taken.append(arguments))
    monkeypatch.setattr("sys.argv", ["imagenet_resnet.py", *shlex.split(command)])
    runpy.run_path(str(ROOT / "recipes/imagenet_resnet.py"), run_name="__main__")
    ((recipe, workdir, _, devices, *_),) = taken
    assert (workdir, recipe.data.directory) == (Path("/shared/run"), "/shared")
    assert devices == ("workers" if gpus > 8 else "gpus")
    assert recipe.data.batch_size % gpus == 0
    assert recipe.data.batch_size // gpus >= 32  # or batch norm has too little to go by
