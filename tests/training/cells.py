"""Tries every feature of the doctor's table on one kind of devices, and prints {feature: what came of it} as JSON.

    python cells.py "one device" | replicas | workers [RANK]

Each feature trains a tiny network for two steps and validates it on a last batch that is short; "works" means finite
weights that moved, and for plain SGD predictions in order, too; "refused: ..." is the message.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import tensorflow as tf

from keras_resnets.data import datasets, pipeline
from keras_resnets.recipe import Augment, Data, Optimizer, Recipe
from keras_resnets.training import distribution
from keras_resnets.training.assemble import compiled
from keras_resnets.training.distribution_rules import FEATURES, check, tried

BASE = Recipe(
    data=Data(batch_size=16, validation=0.1),
    augment=Augment(crop_padding=1),
    optimizer=Optimizer(momentum=0.9),
    steps=2,
)


def strategy(kind):
    if kind == "workers":
        return distribution.strategy("workers")
    return distribution.strategy("cpu", 2 if kind == "replicas" else None)


def network(policy):
    keras.utils.set_random_seed(0)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        images = keras.Input((8, 8, 1))
        x = keras.layers.Conv2D(8, 3, name="conv")(images)
        x = keras.layers.BatchNormalization(name="bn")(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.GlobalAveragePooling2D()(keras.layers.Dropout(0.1)(x))
        return keras.Model(images, keras.layers.Dense(10, dtype="float32", name="predictions")(x))
    finally:
        keras.config.set_dtype_policy(before)


def outcome(feature, strategy, dataset):
    recipe = tried(feature, BASE)
    try:
        check(recipe, strategy)
    except ValueError as error:
        return f"refused: {error}"
    with strategy.scope():
        model = compiled(recipe, network(recipe.mixed_precision))
    before = [weight.numpy() for weight in model.trainable_weights]
    watched = dataset.validation
    history = model.fit(
        distribution.distributed(strategy, lambda share: pipeline.training(dataset, recipe, 0, share)),
        steps_per_epoch=recipe.steps,
        validation_data=distribution.distributed(strategy, lambda share: pipeline.evaluation(watched, 16, share)),
        validation_steps=-(-watched.size // 16),
        shuffle=False,
        verbose=0,
    ).history
    after = [weight.numpy() for weight in model.trainable_weights]
    if not np.isfinite([history["loss"], history["val_loss"]]).all():
        return f"not finite: {history}"
    if not feature.fields and (wrong := predicted_wrongly(strategy, model, watched)):
        return wrong
    moved = all(np.isfinite(b).all() for b in after) and any((a != b).any() for a, b in zip(before, after, strict=True))
    return "works" if moved else "weights did not move"


def predicted_wrongly(strategy, model, examples):
    """What is wrong with `model.predict` on the shares of a split, padded at its end; "" where nothing is."""
    batches = distribution.distributed(strategy, lambda share: pipeline.evaluation(examples, 16, share))
    found = model.predict(batches, steps=-(-examples.size // 16), verbose=0)[: examples.size]
    expected = distribution.alone(strategy, keras.Model(model.inputs[0], model.outputs[0]))(examples.arrays[0])
    difference = float(np.abs(found - np.asarray(expected)).max())
    return "" if difference < 1e-5 else f"predict differs by {difference} from one device in order"


def main(kind):
    found = strategy(kind)
    dataset = datasets.load(BASE.data)
    results = {}
    for feature in sorted(FEATURES, key=lambda each: "deterministic" in each.fields):  # that one stays on
        if "deterministic" in feature.fields:
            tf.config.experimental.enable_op_determinism()
        try:
            results[feature.name] = outcome(feature, found, dataset)
        except Exception as error:
            results[feature.name] = f"{type(error).__name__}: {str(error)[:300]}"
    if distribution.is_chief(found):
        print(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1])
