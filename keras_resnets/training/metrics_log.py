"""metrics.csv: a row an epoch, none twice, none missing, whatever happens to the run or the disk."""

import csv
import io
import logging
import os
from pathlib import Path

import keras

from keras_resnets.training.checkpoints import naming, write_atomically

LOG = logging.getLogger(__name__)


class MetricsLog(keras.callbacks.Callback):
    """Appends a row to a CSV file after each epoch, safely on disk before the next epoch begins.

    path: of the file; its columns are those of the first row. rows: function of (epoch, logs) to the dictionary to
    write; by default the epoch and its logs. A row that can't be written (disk full) waits for the next epoch, with a
    warning; training goes on. `waiting` holds such rows.
    """

    def __init__(self, path, row=None):
        super().__init__()
        self.path, self.row = Path(path), row or (lambda epoch, logs: {"epoch": epoch} | logs)
        self.waiting = []

    def on_epoch_end(self, epoch, logs=None):
        self.waiting.append({name: _number(value) for name, value in self.row(epoch, logs).items()})
        try:
            self.write()
        except OSError as error:
            LOG.warning("The row of epoch %d waits for the next: %s.", epoch, error)

    def write(self):
        """Writes the rows that wait. Raises OSError where the disk refuses; the file is as it was, and they wait on."""
        begun = self.path.exists() and self.path.stat().st_size > 0  # a full disk may leave an empty file
        columns = _columns(self.path) if begun else list(self.waiting[0])
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
        if not begun:
            writer.writeheader()
        writer.writerows(self.waiting)
        with naming(self.path):
            _append_whole(self.path, text.getvalue().encode())
        self.waiting.clear()


def read_metrics(path):
    """Rows of a metrics.csv as dictionaries of numbers; none where there is no file. Half-written rows are left out.

    A column that an epoch had no value for is left out of its row.
    """
    path = Path(path)
    if not path.exists():
        return []
    with path.open(newline="") as file:
        lines = file.read().splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]  # a row without its end was being written
    return [
        {name: float(value) for name, value in row.items() if value}
        for row in csv.DictReader(whole)
        if None not in row and None not in row.values()
    ]


def read_until(path, step):
    """Rows up to `step`."""
    return [row for row in read_metrics(path) if row["step"] <= step]


def rewind_metrics(path, step):
    """Takes rows after `step` out of a metrics.csv, so that a run that goes on writes none twice; returns the rest."""
    path, rows = Path(path), read_until(path, step)
    if not rows:
        path.unlink(missing_ok=True)
        return rows
    text = io.StringIO()
    writer = csv.DictWriter(text, _columns(path), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _number(value) for name, value in row.items()} for row in rows)
    write_atomically(path, lambda file: file.write(text.getvalue().encode()))
    return rows


def _columns(path):
    with path.open(newline="") as file:
        return next(csv.reader(file))


def _number(value):
    value = float(value)
    return str(int(value)) if value.is_integer() else repr(value)


def _append_whole(path, content):
    """Appends `content` to the file, or leaves it as it was."""
    with open(path, "ab") as file:
        size = file.tell()
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            os.ftruncate(file.fileno(), size)
            raise
