"""A run that diverges: noticed, named, ended, or taken back to where it was good."""

import json
import logging

import keras
import numpy as np

from keras_resnets.training.checkpoints import write_atomically

LOG = logging.getLogger(__name__)
NAMED = 3
"""Weights that a message names at most."""


class Diverged(FloatingPointError):
    """So many updates in a row were not finite that the run can't go on from here."""


class Guard(keras.callbacks.Callback):
    """Raises `Diverged` when `skips` updates in a row were skipped; its message names the step, the weights, the rate.

    The weights are as they were before the first of them. It comes before the callbacks that keep anything.
    """

    def __init__(self, skips):
        super().__init__()
        self.skips = skips

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.skipped_in_row.numpy()) >= self.skips:
            raise Diverged(self._message())

    def _message(self):
        optimizer = self.model.optimizer
        step, rate = int(optimizer.iterations.numpy()), float(optimizer.learning_rate)
        return (
            f"train: {self.skips} updates in a row were not finite numbers, the last at step {step:,} with learning "
            f"rate {rate:.3g}. {self._where()} Lower `--schedule.peak`, lengthen `--schedule.warmup-steps`, clip with "
            "`--optimizer.clipping 0.01`, or let the run go back with `--faults.rollbacks`."
        )

    def _where(self):
        sick = [v.path for v in self.model.weights if not np.isfinite(v.numpy()).all()]
        if sick:
            return f"These weights hold NaN or infinity: {_some(sick)}."
        optimizer = self.model.optimizer
        finite = optimizer.finite_by_weight.numpy() > 0
        sick = [v.path for v, sound in zip(optimizer.variables_built, finite, strict=True) if not sound]
        if sick:
            return f"The gradients of {len(sick)} of {len(finite)} weights were NaN or infinite, first {_some(sick)}."
        return "The loss or a batch statistic was NaN or infinite though gradients and weights were not."


class Rollbacks:
    """How often a run went back, kept in a file so that a restarted run has gone back as often.

    path: of the JSON file, a list of {"step", "reason"}. settings: `recipe.Faults`. chief: whether this process writes.
    """

    def __init__(self, path, settings, chief=True):
        self.path, self.settings, self.chief = path, settings, chief
        self.done = json.loads(path.read_text("utf-8")) if path.exists() else []

    @property
    def rate_factor(self):
        """What every learning rate is multiplied by from now on."""
        return self.settings.rollback_factor ** len(self.done)

    def add(self, step, error):
        """Counts one more, or raises `error` where none is left."""
        if len(self.done) >= self.settings.rollbacks:
            raise error
        self.done.append({"step": step, "reason": str(error)})
        text = json.dumps(self.done, indent=1) + "\n"
        if self.chief:
            write_atomically(self.path, lambda file: file.write(text.encode()))
        LOG.warning(
            "%s Going back to the last good checkpoint with %g times the learning rate (%d of %d rollbacks).",
            str(error).split(" Lower ")[0],
            self.rate_factor,
            len(self.done),
            self.settings.rollbacks,
        )


def _some(names):
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
