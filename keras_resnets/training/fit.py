"""From a step to the last: the calls of `fit`, what they log and keep, and the way back when a run diverges."""

import itertools
import logging
import sys

import keras

from keras_resnets.data import pipeline
from keras_resnets.training import averaging, callbacks, checkpoints
from keras_resnets.training.epochs import EpochFacts, stretches
from keras_resnets.training.faults import Diverged, Guard, Rollbacks
from keras_resnets.training.metrics_log import MetricsLog, read_metrics, rewind_metrics

LOG = logging.getLogger(__name__)


def fit(recipe, workdir, dataset, network, model, notice=None):
    """Trains `model` from the newest checkpoint in `workdir` to the recipe's last step.

    network: what shares its weights and is kept as best.keras. notice: `preemption.Notice`.
    Returns the seconds that all epochs so far took. Raises `Diverged`, `Preempted`.
    """
    rollbacks = Rollbacks(workdir / "rollbacks.json", recipe.faults)
    if recipe.faults.rollbacks and not any((workdir / "checkpoints").glob(checkpoints.PATTERN)):
        checkpoints.save(workdir / "checkpoints", 0, model)  # a first epoch that diverges has somewhere to go back to
    while True:
        try:
            _fit(recipe, workdir, dataset, network, model, notice, rollbacks.rate_factor)
            break
        except Diverged as error:
            rollbacks.add(int(model.optimizer.iterations.numpy()), error)
    return sum(row["seconds"] for row in read_metrics(workdir / "metrics.csv"))


def settle(recipe, dataset, model):
    """Gives `model` the weights that are evaluated and kept: the averaged ones, if the recipe averages."""
    if model.average is None:
        return
    model.average.copy_to_weights()
    if recipe.average.recalibrate:
        batches = pipeline.training(dataset, recipe, start_step=recipe.steps)
        averaging.recalibrate_batch_norm(model, itertools.islice(batches, recipe.average.recalibrate))


def _fit(recipe, workdir, dataset, network, model, notice, rate_factor):
    step, open_epoch = _resume(workdir, model)
    model.optimizer.rate_factor.assign(rate_factor)
    epoch_steps = recipe.epoch_steps or pipeline.steps_per_epoch(dataset, recipe)
    best = _best(rewind_metrics(workdir / "metrics.csv", step))
    rewind_metrics(workdir / "clipping.csv", step)
    facts = EpochFacts(recipe.data.batch_size, epoch_steps)
    facts.resume(open_epoch)
    watched = dataset.test if recipe.data.watch == "test" else dataset.validation
    validation = None if watched is None else pipeline.evaluation(watched, recipe.data.batch_size)
    actors = _callbacks(recipe, workdir, network, model, facts, best, notice)
    for stretch in stretches(step, recipe.steps, epoch_steps):
        model.fit(
            pipeline.training(dataset, recipe, start_step=stretch.start),
            validation_data=validation,
            initial_epoch=stretch.epoch,
            epochs=stretch.epoch + stretch.epochs,
            steps_per_epoch=stretch.steps,
            shuffle=False,
            verbose=1 if sys.stdout.isatty() else 2,
            callbacks=actors,
        )
        if model.stop_training:
            break


def _callbacks(recipe, workdir, network, model, facts, best, notice):
    """What acts between steps and epochs, in this order: what raises comes before what keeps."""

    def clipping(epoch, logs):
        return {"epoch": epoch, "step": logs["step"]} | facts.clipped_fractions()

    found = [Guard(recipe.faults.skips), facts, MetricsLog(workdir / "metrics.csv")]
    if model.average is not None:
        found.insert(0, callbacks.EvaluateAverage())
    if recipe.optimizer.clipping is not None:
        found.append(MetricsLog(workdir / "clipping.csv", clipping))
    found.append(keras.callbacks.TensorBoard(workdir / "tensorboard", write_graph=False))
    if recipe.data.watch == "validation":  # nothing is chosen by test images
        found.append(callbacks.Best(network, workdir / "best.keras", best=best))
    return [*found, callbacks.Checkpoint(workdir / "checkpoints", facts, recipe.checkpoint_steps, notice)]


def _resume(workdir, model):
    """(step of the newest checkpoint, its open epoch), with `model` set back to it; (0, {}) for a new run."""
    step, open_epoch = checkpoints.restore_newest(workdir / "checkpoints", model)
    if step:
        LOG.info("Going on after step %s of %s.", f"{step:,}", workdir)
    return step, open_epoch


def _best(rows):
    return max((row["val_top1"] for row in rows if "val_top1" in row), default=None)
