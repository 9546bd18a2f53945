"""The verb `train`: a recipe and a folder become a trained, evaluated, exported, reported network."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_resnets.data import datasets, pipeline
from keras_resnets.data.examples import examples_to_arrays
from keras_resnets.evaluation import Evaluation, evaluate, hardest
from keras_resnets.export import Artifact, export
from keras_resnets.models.resolution import at_resolution
from keras_resnets.training import callbacks, checkpoints, distribution, distribution_rules, preemption, provenance
from keras_resnets.training.assemble import build, compiled
from keras_resnets.training.fit import fit, settle
from keras_resnets.training.input_check import check_photos
from keras_resnets.training.pretrained import sized
from keras_resnets.training.report import write_report
from keras_resnets.training.workdir import claim, write_json

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


@distribution.noticing_losses()
def train(recipe, workdir, name=None, devices="auto", replicas=None, data_service=None):
    """Runs `recipe` in `workdir`, or goes on where an interrupted run of the same recipe stopped, and returns a `Run`.

    workdir: folder for metrics.csv, tensorboard/, checkpoints/, best.keras, model.keras, evaluation.json, artifact/ and
        report.html; a recipe other than the one in it raises ValueError, a run already in it RuntimeError. All workers
        must see it; the first of them writes, and the others return None.
    name: of the recipe, for the report.
    devices, replicas: what to compute on, see `distribution.strategy`; with the same global batch the result is the
        same. ValueError for what can't be combined, see `distribution_rules`.
    data_service: address of a tf.data service that computes the batches, see `data.service`; they are the same.
    """
    workdir = Path(workdir)
    strategy = distribution.strategy(devices, replicas)
    distribution_rules.check(recipe, strategy)
    with claim(workdir, recipe, distribution.rank(strategy)):
        _reproducible(recipe)
        recipe = sized(recipe)
        dataset = datasets.load(recipe.data, recipe.seed)
        with strategy.scope():
            network = build(recipe, dataset)
            check_photos(recipe, dataset, network)
            model = compiled(recipe, network)
        with preemption.notice() as notice:
            seconds, steps = fit(recipe, workdir, dataset, network, model, notice, data_service)
        kept = settle(recipe, workdir, dataset, network, model)
        if not distribution.is_chief(strategy):
            return None
        network = distribution.alone(strategy, network)
        callbacks.save_network(network, workdir / "model.keras")
        evaluation = _evaluate(recipe, workdir, dataset, network)
        facts = provenance.facts(recipe, name, dataset, network, seconds, steps) | kept | distribution.facts(strategy)
        artifact = _export(recipe, workdir, dataset, network, evaluation, facts)
        write_json(workdir / "run.json", facts)
        return Run(workdir, network, evaluation, artifact, write_report(workdir))


def _reproducible(recipe):
    keras.utils.set_random_seed(recipe.seed)
    if recipe.deterministic:
        tf.config.experimental.enable_op_determinism()


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
        at_resolution(network, *dataset.test_shape[:2]),
        workdir / "artifact",
        class_names=dataset.class_names,
        images=images,
        labels=labels,
        formats=recipe.export.formats,
        name=f"{recipe.model}-{dataset.name}",
        card=card,
    )
