"""The state of a run in one file: written whole or not at all, and read back exactly."""

import contextlib
import io
import logging
import os
import struct
import zlib
from pathlib import Path

import numpy as np

LOG = logging.getLogger(__name__)
PATTERN = "step-*.npz"
KEEP = 3
"""Newest checkpoints that stay; those before the newest are there in case it is damaged."""
TRAILER, MAGIC = struct.Struct("<8sI"), b"krckpt1\n"
"""After the archive: a mark, and the CRC-32 of all before it (the archive's own covers neither names nor headers)."""


def state(model):
    """{name: variable} of all that training changes: weights, statistics, random seeds, optimizer, moving average.

    The optimizer must be built. Metrics are left out: they start afresh with each epoch.
    """
    passing = {id(variable) for metric in model.metrics for variable in metric.variables}
    passing |= {id(variable) for variable in model.metrics_variables}
    variables = [variable for variable in model.variables if id(variable) not in passing]
    averages = model.average.averages if model.average is not None else []
    lasting = {id(weight) for weight in [*model.weights, *model.optimizer.variables]}
    # Random seeds and averages have numbered names that differ from process to process: their place alone names them.
    owners = (
        ("model", "seed", variables),
        ("optimizer", "", model.optimizer.variables),
        ("average", "average", averages),
    )
    return {
        f"{owner}/{place:05d}/{variable.path if id(variable) in lasting else unnamed}": variable
        for owner, unnamed, found in owners
        for place, variable in enumerate(found)
    }


def save(directory, step, model, epoch=None):
    """Writes the state after `step` updates and forgets all but the newest KEEP up to it; returns the path.

    Those of later steps are damaged, or of a past that the run went back from: they go, too.

    epoch: {name: array} of what an epoch that has not ended measured so far.
    Raises ValueError where a number of the state is not finite, and OSError where the disk refuses; either way the
    checkpoints before stay.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    path = path_of(directory, step)
    arrays = {name: np.asarray(variable.numpy()) for name, variable in state(model).items()}
    _check_finite(arrays)
    arrays |= {f"epoch/{name}": value for name, value in (epoch or {}).items()}
    content = io.BytesIO()
    np.savez(content, **arrays)
    check = zlib.crc32(content.getbuffer())
    write_atomically(path, lambda file: (file.write(content.getbuffer()), file.write(TRAILER.pack(MAGIC, check))))
    present = sorted(directory.glob(PATTERN))
    for other in set(present) - set(present[: present.index(path) + 1][-KEEP:]):
        other.unlink()
    return path


def path_of(directory, step):
    """Where the state after `step` updates is kept."""
    return Path(directory) / f"step-{step:09d}.npz"


def save_if_possible(directory, step, model, epoch=None):
    """As `save`, with a warning and None where it can't: the checkpoints before stay, and training goes on."""
    try:
        return save(directory, step, model, epoch)
    except (OSError, ValueError) as error:
        LOG.warning("The state after step %d can't be saved (%s); the checkpoint before stays.", step, error)


def newest(directory):
    """The step of the newest checkpoint that can be read; 0 where there is none. Damaged ones are warned of."""
    return next((step for step, _ in _readable(directory)), 0)


def restore_newest(directory, model, until=None):
    """Sets `model` to the newest checkpoint that can be read; returns (its step, {name: array} of its open epoch).

    until: no step after this one. A damaged file is passed over with a warning; one of another network raises
    ValueError. (0, {}) where there is none.
    """
    for step, arrays in _readable(directory, until):
        epoch = {name.removeprefix("epoch/"): arrays.pop(name) for name in list(arrays) if name.startswith("epoch/")}
        _restore(directory, model, arrays)
        return step, epoch
    return 0, {}


def _readable(directory, until=None):
    """(step, arrays) of each checkpoint that is whole, newest first."""
    for path in sorted(Path(directory).glob(PATTERN), reverse=True):
        step = int(path.stem.removeprefix("step-"))
        if until is not None and step > until:
            continue
        try:
            yield step, _read(path)
        except (ValueError, OSError) as error:
            LOG.warning("Checkpoint %s is damaged (%s); the one before it is used.", path, error)


def _read(path):
    """{name: array} of a checkpoint; ValueError for one that is not as it was written, to the last bit."""
    content = path.read_bytes()
    archive, trailer = content[: -TRAILER.size], content[-TRAILER.size :]
    if len(trailer) < TRAILER.size or TRAILER.unpack(trailer) != (MAGIC, zlib.crc32(archive)):
        raise ValueError(f"its checksum does not fit its {len(content):,} bytes")
    with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _check_finite(arrays):
    lasting = ("model/", "average/")  # the optimizer keeps the norm of a skipped step too
    for name, array in arrays.items():
        if name.startswith(lasting) and array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name.split('/', 2)[-1]} holds NaN or infinity")


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
    """Calls `write` with an open binary file that takes the place of `path` once it is safely on disk.

    Raises OSError, which names `path`, where the disk refuses.
    """

    def write_file(temporary):
        with open(temporary, "wb") as file:
            write(file)

    replace_atomically(path, path.with_name(f".{path.name}.{os.getpid()}.tmp"), write_file)


def replace_atomically(path, temporary, write):
    """As `write_atomically` for a `write` that takes a path, `temporary`, in the same folder as `path`."""
    try:
        with naming(path):
            write(temporary)
            _sync(temporary)
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(path.parent)


@contextlib.contextmanager
def naming(path):
    """Lets an OSError say `path`, which a full disk's does not."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def _sync(path):
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
