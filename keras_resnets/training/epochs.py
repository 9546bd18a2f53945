"""Epochs, also those that go on in the middle: which calls of `fit` do which steps, and what an epoch measured."""

import time
from dataclasses import dataclass

import keras
import numpy as np

from keras_resnets.training import distribution


@dataclass(frozen=True)
class Stretch:
    """Steps that one call of `fit` does."""

    start: int
    """Updates before it."""
    epoch: int
    """Number of its first epoch, from 0."""
    epochs: int
    """How many epochs."""
    steps: int
    """Updates in each of them."""


def stretches(start, last, epoch_steps, ends=()):
    """The `Stretch`es from step `start` to step `last`, with epochs of `epoch_steps` steps from step 0 on.

    ends: steps that no stretch crosses, because the network changes there. A run that stopped in the middle of an epoch
    does the rest of it first; the last epoch may be short.
    """
    found, position = [], start
    while position < last:
        limit = min([last, *(end for end in ends if end > position)])
        epoch, done = divmod(position, epoch_steps)
        whole = 0 if done else (limit - position) // epoch_steps
        epochs, steps = (whole, epoch_steps) if whole else (1, min(epoch_steps - done, limit - position))
        found.append(Stretch(position, epoch, epochs, steps))
        position += epochs * steps
    return found


class EpochFacts(keras.callbacks.Callback):
    """Adds `step`, `learning_rate`, `images_per_second` and `seconds` of training to the logs of each epoch.

    It comes before the callbacks that write logs. batch_size: images a step, over all replicas. epoch_steps: updates in
    a whole epoch. What it counts within an epoch is state of the run: `arrays()` gives it with the network's own
    metrics on each replica, and `resume(arrays)` goes on from it in the next epoch that begins.
    `clipped` is the sum over the epoch of each weight's clipped fraction, in the optimizer's order of weights.
    """

    def __init__(self, batch_size, epoch_steps):
        super().__init__()
        self.batch_size, self.epoch_steps = batch_size, epoch_steps
        self.resumed = self.read_metrics = None

    def arrays(self):
        """{name: array} of what the epoch has measured so far; all workers must call it."""
        if self.read_metrics is None:
            self.read_metrics = distribution.reader(self.model.distribute_strategy, self.model.metrics_variables)
        own = {"seconds": np.asarray(self._seconds()), "clipped": self.clipped, "batches": self.batches}
        return own | {"metrics": self.read_metrics()}

    def resume(self, arrays):
        """Lets the next epoch begin as if it had already measured `arrays`."""
        self.resumed = arrays or None

    def on_train_begin(self, logs=None):
        self.read_metrics = None  # the model may have been compiled anew

    def on_epoch_begin(self, epoch, logs=None):
        self.earlier, self.start, self.trained = 0.0, time.monotonic(), None
        self.clipped = np.zeros(self.model.optimizer.clipped_by_weight.shape, "float32")
        self.batches = np.zeros((), "int64")
        if self.resumed is not None:
            self.earlier = float(self.resumed["seconds"])
            self.clipped, self.batches = self.resumed["clipped"].copy(), self.resumed["batches"].copy()

    def on_train_batch_end(self, batch, logs=None):
        if self.resumed is not None:  # only now do all metrics exist; they are sums and counts
            model = self.model
            distribution.add_to_replicas(model.distribute_strategy, model.metrics_variables, self.resumed["metrics"])
            self.resumed = None
        self.clipped += self.model.optimizer.clipped_by_weight.numpy()
        self.batches += 1

    def on_test_begin(self, logs=None):
        self.trained = self._seconds()

    def on_epoch_end(self, epoch, logs=None):
        seconds = self.trained or self._seconds()
        step = int(self.model.optimizer.iterations.numpy())
        logs["step"] = step
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        logs["seconds"] = seconds
        logs["images_per_second"] = (step - epoch * self.epoch_steps) * self.batch_size / seconds

    def clipped_fractions(self):
        """{path: mean clipped fraction in this epoch} of every weight that may be clipped."""
        optimizer = self.model.optimizer
        means = self.clipped / max(int(self.batches), 1)
        return {
            variable.path: float(mean)
            for variable, mean in zip(optimizer.variables_built, means, strict=True)
            if optimizer.clips(variable)
        }

    def _seconds(self):
        return self.earlier + time.monotonic() - self.start
