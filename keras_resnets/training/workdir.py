"""The folder of a run: one recipe, one run at a time, files that are whole."""

import fcntl
import json
import shutil

from keras_resnets import recipe as recipes
from keras_resnets.training.checkpoints import write_atomically

LEFT_BEHIND = (".*.tmp", ".*.half-written.keras", ".artifact-*")
"""What a process that was killed was writing, in the folder of a run and of its checkpoints; never read."""


def claim(workdir, recipe, rank=0):
    """Makes `workdir` this run's own until the returned file is closed, and checks that it holds no other recipe.

    workdir: pathlib.Path, made if need be. rank: this process' number among the workers; each claims its own lock, and
        only the first writes the recipe. Raises RuntimeError while another process holds it, ValueError that lists
    the differences where it holds another recipe.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    lock = open(workdir / (f".lock-{rank}" if rank else ".lock"), "w")  # noqa: SIM115 (the caller's `with` closes, and so unlocks, it)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise RuntimeError(
            f"train: a run is going on in {workdir}. Wait for it, or choose another --workdir."
        ) from error
    try:
        _check_recipe(workdir / "recipe.json", recipe, rank)
    except ValueError:
        lock.close()
        raise
    if rank == 0:
        _sweep(workdir)
    return lock


def _sweep(workdir):
    for path in (path for kind in LEFT_BEHIND for path in [*workdir.glob(kind), *workdir.glob(f"checkpoints/{kind}")]):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _check_recipe(path, recipe, rank):
    if not path.exists():
        if rank == 0:
            write_json(path, recipes.to_dict(recipe))
        return
    changed = recipes.differences(recipes.from_dict(json.loads(path.read_text("utf-8"))), recipe)
    if changed:
        lines = "\n  ".join(f"{field}: {before!r} there, {after!r} now" for field, (before, after) in changed.items())
        raise ValueError(
            f"train: {path.parent} holds a run of another recipe:\n  {lines}\n"
            "Choose another --workdir, remove this one, or give the same flags to go on."
        )


def write_json(path, values):
    """Writes `values` to `path` as JSON, whole or not at all."""
    text = json.dumps(values, indent=1) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))
