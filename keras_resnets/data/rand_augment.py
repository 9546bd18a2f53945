"""RandAugment: each image goes through operations chosen at random, one after the other."""

import functools

import tensorflow as tf

from keras_resnets.data import keras_rand_augment, operations
from keras_resnets.data.seeds import seed_of

fold_in = tf.random.experimental.stateless_fold_in


def rand_augment(augment, image_shape, seed):
    """A function (image, place) -> image that does what a `recipe.Augment` asks, or None where it asks for none.

    Images are float32 (height, width, 3) in 0..255; `place` is the image's integer position in the whole run.
    `nfnet` is not what Keras' layer does. The layer draws among eleven operations (no Invert, Color by another name, no
    Cutout, Solarize and SolarizeAdd as one, x and y of Shear and Translate as one), draws the strength of each between
    0 and its factor, brightens by adding, and fills with a reflection; NFNets draw among sixteen, always at full
    strength, blend, and fill with gray.
    Source: Cubuk et al. 2019, arXiv:1909.13719. ValueError for images without three channels.
    """
    if not augment.rand_augment:
        return None
    if image_shape[-1] != 3:
        raise ValueError(
            f"Augment: `rand_augment` needs images with 3 channels, got {image_shape[-1]}. Use 0, which is off."
        )
    if augment.rand_augment_policy == "keras":
        vary = keras_rand_augment.layers(augment.rand_augment, augment.rand_augment_magnitude)
    else:
        vary = functools.partial(nfnet, count=augment.rand_augment, level=augment.rand_augment_level)
    return lambda image, place: tf.ensure_shape(vary(image, seed_of(seed, "augment", place)), image_shape)


def nfnet(image, seed, count, level):
    """`count` of NFNet's sixteen operations on a float32 image (height, width, 3), clipped to 0..255.

    level: strength, 10 of 10 and up to 20. Every chosen operation is applied: the reference draws a probability for
    each and never uses it.
    Source: google-deepmind/deepmind-research nfnets/autoaugment.py, distort_image_with_randaugment.
    """
    image = tf.cast(tf.clip_by_value(image, 0, 255), tf.uint8)
    chosen = tf.random.stateless_uniform([count], seed, maxval=len(operations.NFNET), dtype=tf.int32)

    def one(place, image):
        drawn = fold_in(seed, place + 1)
        branches = [functools.partial(operation, image, level, drawn) for operation in operations.NFNET.values()]
        return place + 1, tf.ensure_shape(tf.switch_case(chosen[place], branches), image.shape)

    return tf.cast(tf.while_loop(lambda place, _: place < count, one, (0, image))[1], tf.float32)
