"""What happens at the end of an epoch: facts for the log, checkpoints, the best network so far, the last step."""

import csv
import time
from pathlib import Path

import keras

from keras_resnets.training import checkpoints


class Facts(keras.callbacks.Callback):
    """Adds `step`, `learning_rate`, `seconds` and `images_per_second` to the logs of each epoch.

    It comes before the callbacks that write logs. batch_size: images a step, over all replicas.
    """

    def __init__(self, batch_size):
        super().__init__()
        self.batch_size = batch_size

    def on_epoch_begin(self, epoch, logs=None):
        self.first_step, self.start = self._step(), time.monotonic()
        self.trained = None

    def on_test_begin(self, logs=None):
        self.trained = time.monotonic() - self.start

    def on_epoch_end(self, epoch, logs=None):
        seconds = self.trained or time.monotonic() - self.start
        logs["step"] = self._step()
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        logs["seconds"] = seconds
        logs["images_per_second"] = (self._step() - self.first_step) * self.batch_size / seconds

    def _step(self):
        return int(self.model.optimizer.iterations.numpy())


class Checkpoint(keras.callbacks.Callback):
    """Writes the state of the run to `directory` after each epoch."""

    def __init__(self, directory):
        super().__init__()
        self.directory = directory

    def on_epoch_end(self, epoch, logs=None):
        checkpoints.save(self.directory, int(self.model.optimizer.iterations.numpy()), self.model)


class Best(keras.callbacks.Callback):
    """Saves `network` to `path` whenever `monitor` is higher than ever before.

    best: its highest value before this run went on; None for none.
    """

    def __init__(self, network, path, monitor="val_top1", best=None):
        super().__init__()
        self.network, self.path, self.monitor, self.best = network, Path(path), monitor, best

    def on_epoch_end(self, epoch, logs=None):
        value = logs.get(self.monitor)
        if value is not None and (self.best is None or value > self.best):
            self.best = value
            save_network(self.network, self.path)


class StopAfter(keras.callbacks.Callback):
    """Ends the fit after `steps` updates, also in the middle of an epoch."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations.numpy()) >= self.steps:
            self.model.stop_training = True


def save_network(network, path):
    """Writes `network` to a `.keras` file, whole or not at all."""
    half_written = path.with_name(f".{path.stem}.half-written.keras")
    try:
        network.save(half_written)
        half_written.replace(path)
    finally:
        half_written.unlink(missing_ok=True)


def read_metrics(path):
    """Rows of a metrics.csv as dictionaries of numbers; none where there is no file. Half-written rows are left out."""
    path = Path(path)
    if not path.exists():
        return []
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        {name: float(value) for name, value in row.items()}
        for row in rows
        if None not in row and all(value not in (None, "") for value in row.values())
    ]


def rewind_metrics(path, step):
    """Takes rows after `step` out of a metrics.csv, so that a run that goes on writes none twice; returns the rest."""
    rows = [row for row in read_metrics(path) if row["step"] <= step]
    path = Path(path)
    if not rows:
        path.unlink(missing_ok=True)
        return rows

    def write(file):
        lines = [",".join(rows[0])] + [",".join(_number(value) for value in row.values()) for row in rows]
        file.write(("\n".join(lines) + "\n").encode())

    checkpoints.write_atomically(path, write)
    return rows


def _number(value):
    return str(int(value)) if value == int(value) else repr(value)
