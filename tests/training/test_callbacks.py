"""Callbacks that write: what a full disk keeps waiting is written before the next checkpoint, or there is none."""

import keras
import numpy as np
import pytest

from keras_resnets.training import callbacks, checkpoints
from keras_resnets.training.epochs import EpochFacts
from keras_resnets.training.losses import CrossEntropy
from keras_resnets.training.metrics_log import MetricsLog, read_metrics
from keras_resnets.training.optimizers import SGD
from keras_resnets.training.train_step import TrainingModel

IMAGES, LABELS = np.random.RandomState(0).normal(size=(8, 6)).astype("float32"), np.arange(8) % 2


class FullDisk(OSError):
    def __init__(self):
        super().__init__(28, "No space left on device")


@pytest.fixture
def model():
    inputs = keras.Input((6,))
    network = TrainingModel(inputs, keras.layers.Dense(2, name="predictions")(inputs))
    network.compile(SGD(0.1), loss=CrossEntropy(), metrics=["accuracy"], average_decay=0.9)
    return network


class Disk(keras.callbacks.Callback):
    """Full in the epochs given: what is written there raises."""

    def __init__(self, patch, full):
        super().__init__()
        self.patch, self.full = patch, full

    def on_epoch_begin(self, epoch, logs=None):
        def refuse(*arguments):
            raise FullDisk

        self.patch.undo()
        if epoch in self.full:
            self.patch.setattr(checkpoints.os, "fsync", refuse)

    def on_train_end(self, logs=None):
        self.patch.undo()


def trained(model, folder, patch, full, epochs=3):
    facts = EpochFacts(8, 1)
    files = [MetricsLog(folder / "metrics.csv"), callbacks.Best(model, folder / "best.keras")]
    actors = [Disk(patch, full), facts, *files, callbacks.Checkpoint(folder / "checkpoints", facts, files=files)]
    data = {"validation_data": (IMAGES, LABELS), "batch_size": 8, "epochs": epochs, "verbose": 0}
    model.fit(IMAGES, LABELS, callbacks=[_named_top1(), *actors], **data)
    return files


def _named_top1():
    return keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(val_top1=float(epoch)))


def test_there_is_no_checkpoint_while_a_row_or_the_best_network_waits(tmp_path, model, monkeypatch, caplog):
    files = trained(model, tmp_path, monkeypatch, full=(1, 2))
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-000000001.npz"]
    assert f"The state after step 2 is not saved before this is: [Errno 28] No space left on device: '{tmp_path}" in (
        caplog.text
    )
    callbacks.write_waiting(files)
    assert [row["step"] for row in read_metrics(tmp_path / "metrics.csv")] == [1, 2, 3]


def test_what_waited_is_written_before_the_next_checkpoint(tmp_path, model, monkeypatch):
    trained(model, tmp_path, monkeypatch, full=(1,))
    assert [row["step"] for row in read_metrics(tmp_path / "metrics.csv")] == [1, 2, 3]
    assert checkpoints.newest(tmp_path / "checkpoints") == 3


def test_the_best_network_that_waited_is_the_one_that_was_best(tmp_path, model, monkeypatch):
    files = trained(model, tmp_path, monkeypatch, full=(0,), epochs=1)
    best = [weight.copy() for weight in files[1].waiting]
    now = model.get_weights()
    model.set_weights([weight + 1 for weight in now])
    callbacks.write_waiting(files)
    kept = keras.models.load_model(tmp_path / "best.keras").get_weights()
    for one, two, moved, before in zip(kept, best, model.get_weights(), now, strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(moved, before + 1)


def test_the_state_after_an_epoch_is_saved_once_its_row_is_written(tmp_path, model):
    """A run that is killed in the validation does the epoch's last steps again, and so writes its row."""
    seen, facts = [], EpochFacts(8, 2)
    saved = callbacks.Checkpoint(tmp_path, facts, every=1)
    looking = keras.callbacks.LambdaCallback()
    looking.on_test_begin = lambda logs=None: seen.append(checkpoints.newest(tmp_path))
    data = {"validation_data": (IMAGES, LABELS), "batch_size": 4, "epochs": 2, "verbose": 0}
    model.fit(IMAGES, LABELS, callbacks=[facts, saved, looking], **data)
    assert seen == [1, 3]
    assert checkpoints.newest(tmp_path) == 4
