"""What happens between steps and at the end of an epoch: averaged weights, the best network, checkpoints."""

import contextlib
import logging
from pathlib import Path

import keras

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
    """

    def __init__(self, network, path, best=None, bring_back=None):
        super().__init__()
        self.network, self.path, self.best = network, Path(path), best
        self.bring_back = bring_back or (lambda: None)

    def on_epoch_end(self, epoch, logs=None):
        if "val_top1" not in logs or (self.best is not None and score(logs) <= score(self.best)):
            return
        average = self.model.average
        with contextlib.nullcontext() if average is None else average.in_place():
            self.bring_back()
            try:
                save_network(self.network, self.path)
            except OSError as error:
                LOG.warning("%s can't be written (%s); training goes on.", self.path, error)
                return
        self.best = dict(logs)


class Checkpoint(keras.callbacks.Callback):
    """Writes the state of the run to `directory` after each epoch and each `every` steps.

    facts: the EpochFacts whose counts belong to the state within an epoch. every: None for epochs only. notice: when it
    is given to any one worker, all write the state after the same step, one or two later, and raise `Preempted`.
    chief: whether this process writes. A disk that is full or a weight that is not finite costs the checkpoint, not the
    run.
    """

    def __init__(self, directory, facts, every=None, notice=None, chief=True):
        super().__init__()
        self.directory, self.facts, self.every, self.notice, self.chief = directory, facts, every, notice, chief

    def on_epoch_end(self, epoch, logs=None):
        self._save()

    def on_train_batch_end(self, batch, logs=None):
        optimizer = self.model.optimizer
        if self.notice is not None and self.notice.given:
            optimizer.stop_asked.assign(1.0)
        stop = optimizer.stop_agreed.numpy() > 0
        if stop or (self.every is not None and self._step() % self.every == 0):
            self._save(self.facts.arrays())
        if stop:
            raise Preempted(
                f"train: asked to stop (SIGTERM); the state after step {self._step():,} is in {self.directory}. "
                "The same command goes on from there."
            )

    def _save(self, epoch=None):
        if self.chief:
            checkpoints.save_if_possible(self.directory, self._step(), self.model, epoch)

    def _step(self):
        return int(self.model.optimizer.iterations.numpy())


def save_network(network, path):
    """Writes `network` to a `.keras` file, whole or not at all."""
    half_written = path.with_name(f".{path.stem}.half-written.keras")
    try:
        network.save(half_written)
        half_written.replace(path)
    finally:
        half_written.unlink(missing_ok=True)
