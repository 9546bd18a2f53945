"""The verb `train`: a recipe and a folder become a trained, evaluated, exported, reported network."""

import logging
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_resnets.data import datasets, pipeline
from keras_resnets.data.examples import examples_to_arrays
from keras_resnets.evaluation import Evaluation, evaluate, hardest
from keras_resnets.export import Artifact, export
from keras_resnets.models import create_model
from keras_resnets.models.preprocessing import normalized
from keras_resnets.training import callbacks, checkpoints, provenance
from keras_resnets.training.losses import CrossEntropy
from keras_resnets.training.metrics import Top1
from keras_resnets.training.optimizers import SGD
from keras_resnets.training.report import write_report
from keras_resnets.training.schedules import learning_rate
from keras_resnets.training.train_step import TrainingModel
from keras_resnets.training.workdir import claim, write_json

LOG = logging.getLogger(__name__)
HARDEST = 24
"""Test images that the report shows."""


@dataclass(frozen=True)
class Run:
    """What a finished run left: its folder, the network, its evaluation on the test images, artifact and report."""

    workdir: Path
    network: keras.Model
    evaluation: Evaluation
    artifact: Artifact
    report: Path


def train(recipe, workdir, name=None):
    """Runs `recipe` in `workdir`, or goes on where an interrupted run of the same recipe stopped, and returns a `Run`.

    workdir: folder for metrics.csv, tensorboard/, checkpoints/, best.keras, model.keras, evaluation.json, artifact/ and
        report.html; a recipe other than the one in it raises ValueError, a run already in it RuntimeError.
    name: of the recipe, for the report.
    """
    workdir = Path(workdir)
    with claim(workdir, recipe):
        _reproducible(recipe)
        dataset = datasets.load(recipe.data, recipe.seed)
        network = build(recipe, dataset)
        model = compiled(recipe, network)
        step = _resume(workdir, model)
        seconds = _fit(recipe, workdir, dataset, network, model, step)
        callbacks.save_network(network, workdir / "model.keras")
        evaluation = _evaluate(recipe, workdir, dataset, network)
        facts = provenance.facts(recipe, name, dataset, network, seconds)
        artifact = _export(recipe, workdir, dataset, network, evaluation, facts)
        write_json(workdir / "run.json", facts)
        return Run(workdir, network, evaluation, artifact, write_report(workdir))


def build(recipe, dataset):
    """The network of `recipe` for `dataset`: pixels 0..255 in, logits out."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.mixed_precision)
    try:
        images = keras.Input(dataset.image_shape, name="images")
        start = images
        if recipe.data.normalization != "none":
            start = normalized(images, dataset.mean, dataset.deviation)
        return create_model(
            recipe.model,
            input_tensor=start,
            classes=len(dataset.class_names),
            classifier_activation=None,
            **recipe.model_options,
        )
    except TypeError as error:
        raise ValueError(f"Recipe: `model_options` must be arguments of {recipe.model}: {error}") from error
    finally:
        keras.config.set_dtype_policy(policy)


def compiled(recipe, network):
    """The TrainingModel of `network`, with the optimizer, schedule, loss and metrics of `recipe`."""
    settings = recipe.optimizer
    optimizer = SGD(
        learning_rate(recipe.schedule, recipe.steps),
        momentum=settings.momentum,
        nesterov=settings.nesterov,
        weight_decay=settings.weight_decay or None,
        weight_decay_exempt=settings.weight_decay_exempt,
        clipping=settings.clipping,
        clipping_epsilon=settings.clipping_epsilon,
        clipping_exempt=settings.clipping_exempt,
    )
    model = TrainingModel(network.inputs, network.outputs, name=network.name)
    model.compile(
        optimizer,
        loss=CrossEntropy(recipe.label_smoothing),
        metrics=[Top1()],
        jit_compile=recipe.jit_compile == "always",
    )
    optimizer.build(model.trainable_variables)
    return model


def _reproducible(recipe):
    keras.utils.set_random_seed(recipe.seed)
    if recipe.deterministic:
        tf.config.experimental.enable_op_determinism()


def _resume(workdir, model):
    """The step of the newest checkpoint, with `model` and metrics.csv set back to it; 0 for a new run."""
    step = checkpoints.restore_newest(workdir / "checkpoints", model)
    if step:
        LOG.info("Going on after step %s of %s.", f"{step:,}", workdir)
    return step


def _fit(recipe, workdir, dataset, network, model, step):
    """Trains from `step` to the recipe's last; returns the seconds that all epochs so far took."""
    epoch_steps = recipe.epoch_steps or pipeline.steps_per_epoch(dataset, recipe)
    metrics = workdir / "metrics.csv"
    rows = callbacks.rewind_metrics(metrics, step)
    if step < recipe.steps:
        batches = pipeline.training(dataset, recipe, start_step=step)
        watched = dataset.test if recipe.data.watch == "test" else dataset.validation
        validation = None if watched is None else pipeline.evaluation(watched, recipe.data.batch_size)
        best = callbacks.Best(network, workdir / "best.keras", best=_best(rows))
        model.fit(
            batches,
            validation_data=validation,
            initial_epoch=step // epoch_steps,
            epochs=math.ceil(recipe.steps / epoch_steps),
            steps_per_epoch=epoch_steps,
            shuffle=False,
            verbose=1 if sys.stdout.isatty() else 2,
            callbacks=[
                callbacks.StopAfter(recipe.steps),
                callbacks.Facts(recipe.data.batch_size),
                keras.callbacks.CSVLogger(metrics, append=True),
                keras.callbacks.TensorBoard(workdir / "tensorboard", write_graph=False),
                *([best] if recipe.data.watch == "validation" else []),  # nothing is chosen by test images
                callbacks.Checkpoint(workdir / "checkpoints"),
            ],
        )
    return sum(row["seconds"] for row in callbacks.read_metrics(metrics))


def _best(rows):
    return max((row["val_top1"] for row in rows if "val_top1" in row), default=None)


def _evaluate(recipe, workdir, dataset, network):
    """The network on every test image; leaves evaluation.json and the hardest images."""
    batches = pipeline.evaluation(dataset.test, recipe.data.batch_size)
    evaluation, predictions = evaluate(network.predict_on_batch, batches, dataset.class_names)
    write_json(workdir / "evaluation.json", evaluation.to_dict())
    chosen = hardest(predictions, HARDEST)
    images, labels = examples_to_arrays(dataset.test)
    facts = {
        "images": images[chosen],
        "labels": labels[chosen],
        "predictions": predictions.probabilities[chosen].argmax(axis=1),
        "probabilities": predictions.probabilities[chosen],
    }
    checkpoints.write_atomically(workdir / "hardest.npz", lambda file: np.savez_compressed(file, **facts))
    return evaluation


def _export(recipe, workdir, dataset, network, evaluation, facts):
    images, labels = examples_to_arrays(dataset.test, limit=recipe.export.verify_images)
    card = {
        "summary": f"{recipe.model} trained on {dataset.name} by keras_resnets.",
        "training_data": f"{dataset.name}, {dataset.train.size:,} images ({dataset.homepage})",
        "license": dataset.licence,
        "top1": evaluation.top1,
        "top1_images": evaluation.n,
        **facts,
    }
    return export(
        network,
        workdir / "artifact",
        class_names=dataset.class_names,
        images=images,
        labels=labels,
        formats=recipe.export.formats,
        name=f"{recipe.model}-{dataset.name}",
        card=card,
    )
