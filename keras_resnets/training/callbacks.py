"""What happens between steps and at the end of an epoch: averaged weights, the best network, checkpoints."""

import contextlib
import logging
from pathlib import Path

import keras
import tensorflow as tf

from keras_resnets.training import checkpoints
from keras_resnets.training.early_stopping import score
from keras_resnets.training.preemption import Preempted

LOG = logging.getLogger(__name__)


class EvaluateAverage(keras.callbacks.Callback):
    """Validates the averaged weights of a TrainingModel that has them. It comes first, so that all others see them."""

    def on_test_begin(self, logs=None):
        self.model.average.swap()

    def on_test_end(self, logs=None):
        self.model.average.swap()


class Best(keras.callbacks.Callback):
    """Saves `network` to `path` whenever it validates better than ever before, with the averaged weights if there are.

    best: the best row of metrics before this run went on (`early_stopping.score`); None for none.
    bring_back: what gives `network` the weights of the model, where it doesn't share them; called before saving.
    Where the disk refuses, the weights wait in `waiting` for the next epoch, with a warning; training goes on.
    """

    def __init__(self, network, path, best=None, bring_back=None):
        super().__init__()
        self.network, self.path, self.best = network, Path(path), best
        self.bring_back = bring_back or (lambda: None)
        self.waiting = None

    def on_epoch_end(self, epoch, logs=None):
        if "val_top1" not in logs or (self.best is not None and score(logs) <= score(self.best)):
            return
        average = self.model.average
        with contextlib.nullcontext() if average is None else average.in_place():
            self.bring_back()
            try:
                save_network(self.network, self.path)
                self.waiting = None
            except OSError as error:
                self.waiting = self.network.get_weights()
                LOG.warning("The best network waits for the next epoch: %s.", error)
        self.best = dict(logs)

    def write(self):
        """Saves the weights that wait. Raises OSError where the disk refuses, and they wait on."""
        now = self.network.get_weights()
        self.network.set_weights(self.waiting)
        try:
            save_network(self.network, self.path)
        finally:
            self.network.set_weights(now)
        self.waiting = None


class TensorBoard(keras.callbacks.TensorBoard):
    """Keras' own, but a disk that is full costs its curves, not the run."""

    def on_train_begin(self, logs=None):
        self._try(super().on_train_begin, logs)

    def on_test_begin(self, logs=None):
        self._try(super().on_test_begin, logs)

    def on_test_end(self, logs=None):
        self._try(super().on_test_end, logs)

    def on_epoch_end(self, epoch, logs=None):
        self._try(super().on_epoch_end, epoch, logs)

    def on_train_end(self, logs=None):
        self._try(super().on_train_end, logs)

    def _try(self, method, *args):
        try:
            method(*args)
        except (tf.errors.OpError, OSError) as error:
            LOG.warning("%s lacks an epoch: %s.", self.log_dir, getattr(error, "message", error))


class Checkpoint(keras.callbacks.Callback):
    """Writes the state of the run to `directory` after each epoch and each `every` steps.

    facts: the EpochFacts whose counts belong to the state within an epoch. every: None for epochs only. notice: when it
    is given to any one worker, all write the state after the same step, one or two later, and raise `Preempted`.
    chief: whether this process writes. files: callbacks that write before it (MetricsLog, Best); while something of
    theirs waits for the disk there is no checkpoint, so that a run that goes on from the newest has all of it.
    A disk that is full or a weight that is not finite costs the checkpoint, not the run.
    """

    def __init__(self, directory, facts, every=None, notice=None, chief=True, files=()):
        super().__init__()
        self.directory, self.facts, self.every, self.notice, self.chief = directory, facts, every, notice, chief
        self.files = files

    def on_epoch_end(self, epoch, logs=None):
        self._save()
        self._leave_if_asked()

    def on_train_batch_end(self, batch, logs=None):
        optimizer = self.model.optimizer
        if self.notice is not None and self.notice.given:
            optimizer.stop_asked.assign(1.0)
        if batch + 1 == self.params["steps"]:  # the state after an epoch is not whole before its row is written
            return
        if self._asked() or (self.every is not None and self._step() % self.every == 0):
            self._save(self.facts.arrays())  # in all workers: each replica has sums of its own
        self._leave_if_asked()

    def _asked(self):
        return self.model.optimizer.stop_agreed.numpy() > 0

    def _leave_if_asked(self):
        if not self._asked():
            return
        there = checkpoints.path_of(self.directory, self._step()).exists() or not self.chief
        found = f"the state after step {self._step():,} is in" if there else "its state can't be saved: see"
        raise Preempted(
            f"train: asked to stop (SIGTERM); {found} {self.directory}. The same command goes on from the newest."
        )

    def _save(self, epoch=None):
        if not self.chief:
            return
        try:
            write_waiting(self.files)
        except OSError as error:
            LOG.warning("The state after step %d is not saved before this is: %s.", self._step(), error)
            return
        checkpoints.save_if_possible(self.directory, self._step(), self.model, epoch)

    def _step(self):
        return int(self.model.optimizer.iterations.numpy())


def write_waiting(files):
    """Writes what still waits in any of `files`, callbacks. Raises OSError where the disk refuses again."""
    for file in files:
        if file.waiting:
            file.write()


def save_network(network, path):
    """Writes `network` to a `.keras` file, whole or not at all. Raises OSError where the disk refuses."""
    checkpoints.replace_atomically(path, path.with_name(f".{path.stem}.half-written.keras"), network.save)
