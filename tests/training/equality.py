"""Five steps of a recipe on one kind of devices; leaves weights and logs.

    python equality.py "one device" | replicas | workers OUTPUT.npz

Two networks: a small one with batch norm, and a normalizer-free ResNet; adaptive clipping, decay, Nesterov momentum, a
moving average, padded crops and flips; validation on images that do not fill the last batch.
"""

import sys

import cells  # beside this file; sets up TensorFlow's environment
import keras
import numpy as np

from keras_resnets.data import datasets, pipeline
from keras_resnets.recipe import Augment, Average, Data, Optimizer, Recipe
from keras_resnets.training import distribution
from keras_resnets.training.assemble import build, compiled

RECIPE = Recipe(
    model="NFResNet20",
    data=Data(batch_size=64, validation=0.1),
    augment=Augment(crop_padding=1, flip=True),
    optimizer=Optimizer(clipping=0.0005, nesterov=True, weight_decay=1e-3),
    average=Average(decay=0.9),
    label_smoothing=0.1,
    steps=5,
)


def batch_norm_network():
    keras.utils.set_random_seed(7)
    images = keras.Input((8, 8, 1))
    x = keras.layers.Rescaling(1 / 64, -1.0)(images)
    for k, filters in enumerate((8, 16)):
        x = keras.layers.Conv2D(filters, 3, strides=2, padding="same", name=f"conv{k}")(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9, name=f"bn{k}")(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, keras.layers.Dense(10, name="predictions")(x))


def trained(strategy, dataset, make):
    keras.utils.set_random_seed(0)
    with strategy.scope():
        model = compiled(RECIPE, make())
    watched, size = dataset.validation, RECIPE.data.batch_size
    history = model.fit(
        distribution.distributed(strategy, lambda share: pipeline.training(dataset, RECIPE, 0, share)),
        steps_per_epoch=RECIPE.steps,
        validation_data=distribution.distributed(strategy, lambda share: pipeline.evaluation(watched, size, share)),
        validation_steps=-(-watched.size // size),
        shuffle=False,
        verbose=0,
    ).history
    state = [*model.weights, *model.optimizer.velocities, *model.average.averages]
    arrays = {f"{k:04d} {v.path}": v.numpy() for k, v in enumerate(state)}
    return arrays | {f"log {name}": np.array(values) for name, values in history.items()}


def main(kind, output):
    strategy = cells.strategy(kind)
    dataset = datasets.load(RECIPE.data)
    found = {f"batch norm/{name}": array for name, array in trained(strategy, dataset, batch_norm_network).items()}
    free = trained(strategy, dataset, lambda: build(RECIPE, dataset))
    found |= {f"normalizer-free/{name}": array for name, array in free.items()}
    if distribution.is_chief(strategy):
        np.savez(output, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
