"""The state of a run in one file: written whole or not at all, and read back exactly."""

import logging
import os
import zipfile
from pathlib import Path

import numpy as np

LOG = logging.getLogger(__name__)
PATTERN = "step-*.npz"
KEEP = 2
"""Newest checkpoints that stay; the one before the newest is there in case the newest is damaged."""


def state(model):
    """{name: variable} of all that training changes: weights, batch statistics, random seeds, optimizer.

    The optimizer must be built. Metrics are left out: they start afresh with each epoch.
    """
    passing = {id(variable) for metric in model.metrics for variable in metric.variables}
    passing |= {id(variable) for variable in model.metrics_variables}
    variables = [variable for variable in model.variables if id(variable) not in passing]
    lasting = {id(weight) for weight in [*model.weights, *model.optimizer.variables]}
    # Random seeds have numbered names that differ from process to process, so their place alone names them.
    return {
        f"{owner}/{place:05d}/{variable.path if id(variable) in lasting else 'seed'}": variable
        for owner, found in (("model", variables), ("optimizer", model.optimizer.variables))
        for place, variable in enumerate(found)
    }


def save(directory, step, model):
    """Writes the state after `step` updates and forgets all but the newest KEEP; returns the path."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"step-{step:09d}.npz"
    arrays = {name: np.asarray(variable.numpy()) for name, variable in state(model).items()}
    write_atomically(path, lambda file: np.savez(file, **arrays))
    for old in sorted(directory.glob(PATTERN))[:-KEEP]:
        old.unlink()
    return path


def restore_newest(directory, model):
    """Sets `model` to the newest checkpoint that can be read and returns its step; 0 where there is none.

    A damaged file is passed over with a warning; one of another network raises ValueError.
    """
    for path in sorted(Path(directory).glob(PATTERN), reverse=True):
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
            LOG.warning("Checkpoint %s is damaged (%s); the one before it is used.", path, error)
            continue
        _restore(path, model, arrays)
        return int(path.stem.removeprefix("step-"))
    return 0


def _restore(path, model, arrays):
    variables = state(model)
    if differing := sorted(set(variables) ^ set(arrays)):
        raise ValueError(
            f"Checkpoint {path} is of another network: {len(differing)} names differ, first {differing[0]}. "
            "Choose another --workdir."
        )
    for name, variable in variables.items():
        variable.assign(arrays[name])


def write_atomically(path, write):
    """Calls `write` with an open binary file that takes the place of `path` once it is safely on disk."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
