"""From a step to the last: the calls of `fit`, what they log and keep, and the way back when a run diverges."""

import functools
import itertools
import logging
import math
import sys

from keras_resnets.data import pipeline
from keras_resnets.data.class_weights import balanced, weighted
from keras_resnets.training import averaging, callbacks, checkpoints, distribution, fine_tuning
from keras_resnets.training.early_stopping import EarlyStopping, best_row, exhausted
from keras_resnets.training.epochs import EpochFacts, stretches
from keras_resnets.training.faults import Diverged, Guard, Rollbacks
from keras_resnets.training.metrics_log import MetricsLog, read_metrics, read_until, rewind_metrics

LOG = logging.getLogger(__name__)


def fit(recipe, workdir, dataset, network, model, notice=None, service=None):
    """Trains `model` from the newest checkpoint in `workdir` to the recipe's last step.

    network: what shares its weights and is kept as best.keras. notice: `preemption.Notice`.
    service: address of a tf.data service, see `data.service`.
    Returns the seconds that all epochs so far took, and the steps they made. Raises `Diverged`, `Preempted`.
    """
    strategy = model.distribute_strategy
    rollbacks = Rollbacks(workdir / "rollbacks.json", recipe.faults, distribution.is_chief(strategy))
    if (
        recipe.faults.rollbacks
        and distribution.is_chief(strategy)
        and not any((workdir / "checkpoints").glob(checkpoints.PATTERN))
    ):
        checkpoints.save(workdir / "checkpoints", 0, model)  # a first epoch that diverges has somewhere to go back to
    while True:
        try:
            _fit(recipe, workdir, dataset, network, model, notice, rollbacks.rate_factor, service)
            break
        except Diverged as error:
            rollbacks.add(int(model.optimizer.iterations.numpy()), error)
    rows = read_metrics(workdir / "metrics.csv")
    return sum(row["seconds"] for row in rows), int(model.optimizer.iterations.numpy())


def settle(recipe, workdir, dataset, network, model):
    """Gives `network` the weights that are evaluated and kept, and returns which as a fact for the report.

    With `patience` those of best.keras, else the averaged ones, if the recipe averages, or the last.
    """
    rows = read_metrics(workdir / "metrics.csv")
    if recipe.patience is not None:
        network.load_weights(workdir / "best.keras")
        epoch, early = rows.index(best_row(rows)) + 1, rows[-1]["step"] < recipe.steps
        ended = f"ended at epoch {len(rows)}" + (f", {recipe.patience} epochs without a better one" if early else "")
        return {"network_note": f"Kept: the network of epoch {epoch}, the best on validation images; training {ended}."}
    if model.average is not None:
        model.average.copy_to_weights()
        if recipe.average.recalibrate:
            batches = pipeline.training(dataset, recipe, start_step=recipe.steps)
            averaging.recalibrate_batch_norm(model, itertools.islice(batches, recipe.average.recalibrate))
    fine_tuning.bring_back(recipe, model, network)
    return {"network_kept": "the last" if model.average is None else "the moving average"}


def _fit(recipe, workdir, dataset, network, model, notice, rate_factor, service):
    strategy = model.distribute_strategy
    chief = distribution.is_chief(strategy)
    step, open_epoch = _resume(workdir, model)
    model.optimizer.rate_factor.assign(rate_factor)
    model.optimizer.stop_asked.assign(0.0)
    epoch_steps = recipe.epoch_steps or pipeline.steps_per_epoch(dataset, recipe)
    rewind = rewind_metrics if chief else read_until
    rows = rewind(workdir / "metrics.csv", step)
    rewind(workdir / "clipping.csv", step)
    plan = fine_tuning.phases(recipe, fine_tuning.stages(network), epoch_steps)
    if exhausted(rows, recipe.patience, plan[-1].start):
        return
    facts = EpochFacts(recipe.data.batch_size, epoch_steps)
    facts.resume(open_epoch)
    watched = dataset.test if recipe.data.watch == "test" else dataset.validation
    if recipe.patience is not None and watched is None:
        raise ValueError(
            "Recipe: `patience` needs validation images, `data.validation` is 0. Hold some out, e.g. 0.2, or set "
            "`patience` None."
        )
    validation = None if watched is None else _validation(recipe, watched, strategy)
    actors = _callbacks(recipe, workdir, network, model, facts, rows, notice)
    if recipe.patience is not None:
        actors.insert(-1, EarlyStopping(rows, recipe.patience, plan[-1].start))
    for stretch in stretches(step, recipe.steps, epoch_steps, ends=[phase.start for phase in plan]):
        fine_tuning.enter(recipe, model, plan, stretch.start)
        model.fit(
            _batches(recipe, dataset, strategy, stretch.start, service),
            validation_data=validation,
            validation_steps=validation and math.ceil(watched.size / recipe.data.batch_size),
            initial_epoch=stretch.epoch,
            epochs=stretch.epoch + stretch.epochs,
            steps_per_epoch=stretch.steps,
            shuffle=False,
            verbose=1 if sys.stdout.isatty() else 2,
            callbacks=actors,
        )
        if model.stop_training:
            break
    callbacks.write_waiting(actors[-1].files)  # what a full disk kept waiting to the end ends the run


def _batches(recipe, dataset, strategy, step, service):
    def share_of(share):
        batches = pipeline.training(dataset, recipe, step, share, service)
        if recipe.class_weights == "none":
            return batches
        return weighted(batches, balanced(dataset.train, len(dataset.class_names)))

    return distribution.distributed(strategy, share_of)


def _validation(recipe, watched, strategy):
    if strategy.num_replicas_in_sync == 1:
        return pipeline.evaluation(watched, recipe.data.batch_size)

    def share_of(share):  # endless, so that fit reads just as many batches in each epoch
        return pipeline.evaluation(watched, recipe.data.batch_size, share).repeat()

    return distribution.distributed(strategy, share_of)


def _callbacks(recipe, workdir, network, model, facts, rows, notice):
    """What acts between steps and epochs, in this order: what raises comes before what keeps."""

    def clipping(epoch, logs):
        return {"epoch": epoch, "step": logs["step"]} | facts.clipped_fractions()

    chief = distribution.is_chief(model.distribute_strategy)
    found = [Guard(recipe.faults.skips), facts]
    if model.average is not None:
        found.insert(0, callbacks.EvaluateAverage())
    directory = workdir / "checkpoints"
    if not chief:
        return [*found, callbacks.Checkpoint(directory, facts, recipe.checkpoint_steps, notice, chief)]
    files = [MetricsLog(workdir / "metrics.csv")]
    if recipe.optimizer.clipping is not None:
        files.append(MetricsLog(workdir / "clipping.csv", clipping))
    found += [*files, callbacks.TensorBoard(workdir / "tensorboard", write_graph=False)]
    if recipe.data.watch == "validation":  # nothing is chosen by test images
        bring_back = functools.partial(fine_tuning.bring_back, recipe, model, network)
        files.append(callbacks.Best(network, workdir / "best.keras", best_row(rows), bring_back))
        found.append(files[-1])
    return [*found, callbacks.Checkpoint(directory, facts, recipe.checkpoint_steps, notice, chief, files)]


def _resume(workdir, model):
    """(step of the newest checkpoint that all workers can read, its open epoch), with `model` set back to it."""
    strategy, directory = model.distribute_strategy, workdir / "checkpoints"
    newest = distribution.agreed(strategy, checkpoints.newest(directory))
    step, open_epoch = checkpoints.restore_newest(directory, model, newest)
    if step:
        LOG.info("Going on after step %s of %s.", f"{step:,}", workdir)
    elif any(directory.glob(checkpoints.PATTERN)):
        LOG.warning("No checkpoint in %s can be used by all: the run starts again from step 0.", directory)
    return step, open_epoch
