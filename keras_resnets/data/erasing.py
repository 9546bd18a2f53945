"""Random erasing: a box of noise hides part of every second image."""

import tensorflow as tf

from keras_resnets.data.seeds import seed_of, uniform_at
from keras_resnets.data.share import all_of

SMALLEST = 0.02
"""Share of the area, or less where a recipe's largest is."""
RATIO = 0.3
"""Smallest height over width; its inverse is the largest."""
TRIES = 50
"""Boxes drawn an image, the first of which that lies within is taken; each does in a third of the cases or more."""


def erasing(augment, seed):
    """A function (images, step, places) -> images, float32 (batch, height, width, channels) in 0..255.

    `augment.erase` of a `recipe.Augment` is the largest share of the area; identity where it is 0. places: as in
    `augmentation`. Keras' layer draws height and width apart, whatever the area and ratio, and fills with clipped
    normal noise, of which half is black.
    Source: Zhong et al. 2017 (arXiv:1708.04896), algorithm 1, with its probability of 1/2 and even noise.
    """
    if not augment.erase:
        return lambda images, step, places=None: images
    area = (min(SMALLEST, augment.erase), augment.erase)

    def apply(images, step, places=None):
        places, (height, width) = places or all_of(images), images.shape[1:3]
        erased = places.of(tf.random.stateless_uniform([places.size, 1, 1], seed_of(seed, "whether", step))) < 0.5
        mask = erased & boxes(places, height, width, area, seed_of(seed, "erase", step))
        noise = uniform_at(places, images.shape[1:], seed_of(seed, "noise", step), maxval=255)
        return tf.where(mask[..., None], noise, images)

    return apply


def boxes(places, height, width, area, seed):
    """(n, height, width) booleans: for each of the `Places` a box, area even in `area`, ratio from 0.3 to 1 / 0.3."""

    def draw(purpose, low, high):
        return places.of(tf.random.stateless_uniform([places.size, TRIES], seed + purpose, low, high))

    share, ratio = draw(0, *area), draw(1, RATIO, 1 / RATIO)
    rows = tf.round(tf.sqrt(share * height * width * ratio))
    columns = tf.round(tf.sqrt(share * height * width / ratio))
    top, left = tf.floor(draw(2, 0, height)), tf.floor(draw(3, 0, width))
    fits = (top + rows <= height) & (left + columns <= width)
    first = tf.argmax(fits, axis=1)
    top, left, rows, columns, fits = (
        tf.gather(drawn, first, batch_dims=1)[:, None] for drawn in (top, left, rows, columns, fits)
    )
    row, column = tf.range(height, dtype=tf.float32), tf.range(width, dtype=tf.float32)
    inside = fits & (row >= top) & (row < top + rows), (column >= left) & (column < left + columns)
    return inside[0][:, :, None] & inside[1][:, None]
