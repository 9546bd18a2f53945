"""Mixing: MixUp and CutMix blend the images of a batch and their labels alike."""

import keras
import tensorflow as tf

from keras_resnets.data import pair_mixing
from keras_resnets.data.seeds import StepSeeds, seed_of


def consumed(recipe):
    """Images that a batch of `recipe` is made of: as many as it has, or twice as many for NFNet's mixing."""
    return recipe.data.batch_size * (2 if recipe.augment.mixing == "nfnet" else 1)


def mixes_batch(augment):
    """Whether any image of a batch may be mixed with any other."""
    return augment.mixing == "batch" and bool(augment.mixup or augment.cutmix)


def mixing(augment, classes, seed):
    """A function (images, labels, step, places) -> (images, labels) that does what a `recipe.Augment` asks.

    Without MixUp and CutMix, labels stay int32 (batch,). With either they become float32 (batch, classes) shares that
    sum to 1. With both, a coin decides for each step. Keras' layers mix the batch with itself in another order, and
    keep all of CutMix' box within the image. NFNets have no coin, two images for each one, and boxes that borders cut
    off: for `nfnet` see `pair_mixing`, the only one to heed `places`: any other takes whole batches. Seeded by (seed,
    step).
    Sources: Zhang et al. 2017, arXiv:1710.09412; Yun et al. 2019, arXiv:1905.04899.
    ValueError where CutMix' parameter is above 1, which Keras' layer doesn't take.
    """
    if augment.cutmix > 1:
        raise ValueError(f"Augment: `cutmix` must be in [0, 1], got {augment.cutmix}. The paper uses 1.")
    if augment.mixing == "nfnet":
        return pair_mixing.pair_mixing(augment.mixup, augment.cutmix, classes, seed)
    layers = []
    if augment.mixup:
        layers.append(keras.layers.MixUp(alpha=augment.mixup, dtype="float32"))
    if augment.cutmix:  # a pair, because Keras draws the parameter anew for each batch from 0 to a single number
        layers.append(keras.layers.CutMix(factor=(augment.cutmix, augment.cutmix), dtype="float32"))
    seeds = StepSeeds()

    def mix(layer, images, labels, seed):
        drawn = layer.get_random_transformation(images, seed=seeds.start(seed))
        return layer.transform_images(images, drawn), layer.transform_labels(labels, drawn)

    def apply(images, labels, step, places=None):
        if not layers:
            return images, labels
        labels = tf.one_hot(labels, classes)
        drawn = seed_of(seed, "mix", step)
        if len(layers) == 1:
            return mix(layers[0], images, labels, drawn)
        coin = tf.random.stateless_uniform([], seed_of(seed, "coin", step)) < 0.5
        mixup, cutmix = layers
        return tf.cond(coin, lambda: mix(mixup, images, labels, drawn), lambda: mix(cutmix, images, labels, drawn))

    return apply
