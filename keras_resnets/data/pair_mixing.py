"""NFNet's mixing: pairs of images become one each, half of them by MixUp, half by CutMix."""

import tensorflow as tf

from keras_resnets.data.seeds import seed_of
from keras_resnets.data.share import Places


def pair_mixing(mixup, cutmix, classes, seed):
    """A function (images, labels, step, places) -> (images, labels) from 2 n float32 images and int32 labels to n.

    Images k and n + k are a pair. The first half of the pairs is mixed by MixUp, each with a ratio of its own, the
    others by CutMix, each with a box of its own; with one of the parameters 0, all by the other.
    places: the n pairs' `Places` among all pairs of the batch, ascending; left out where they are all.
    mixup, cutmix: parameter of the beta distribution of the first image's share; NFNets have 0.2 and 1.
    Labels are float32 (n, classes) shares: exactly those of the pixels.
    Source: Brock et al. 2021, arXiv:2102.06171, section 6; google-deepmind/deepmind-research nfnets/dataset.py, which
    pairs other positions of the batch.
    """

    def apply(images, labels, step, places=None):
        pairs = tf.shape(images)[0] // 2
        places = places or Places(pairs)
        of_all = places.size // 2 if mixup and cutmix else places.size if mixup else 0
        ratio = beta(of_all, mixup or 1.0, seed_of(seed, "mixup", step))
        drawn = cutmix_boxes(places.size - of_all, cutmix or 1.0, seed_of(seed, "cutmix", step))
        blended = of_all
        if places.chosen is not None:
            pairs, blended = len(places.chosen), int((places.chosen < of_all).sum())
            ratio = tf.gather(ratio, places.chosen[:blended])
            drawn = [tf.gather(part, places.chosen[blended:] - of_all) for part in drawn]
        boxes = cutmix_masks(*drawn, images.shape[1:3])
        share = tf.concat([ratio, tf.reduce_mean(boxes, axis=(1, 2))], axis=0)[:, None]
        labels = tf.one_hot(labels, classes)
        labels = share * labels[:pairs] + (1 - share) * labels[pairs:]
        first, second = images[:pairs], images[pairs:]
        ratio, boxes = ratio[:, None, None, None], boxes[..., None]
        mixed = ratio * first[:blended] + (1 - ratio) * second[:blended]
        pasted = boxes * first[blended:] + (1 - boxes) * second[blended:]
        return tf.concat([mixed, pasted], axis=0), labels

    return apply


def beta(count, parameter, seed):
    """(count,) draws from the beta distribution with both parameters the same, in [0, 1]."""
    one, other = tf.unstack(tf.random.stateless_gamma([2, count], seed, parameter, dtype=tf.float64))
    return tf.cast(tf.math.divide_no_nan(one, one + other), tf.float32)


def cutmix_boxes(count, parameter, seed):
    """(count,) sides and (count, 2) centers in [0, 1) of CutMix' boxes.

    Sides are sqrt(1 - lambda) with lambda ~ Beta(parameter, parameter), centers even.
    """
    return tf.sqrt(1 - beta(count, parameter, seed)), tf.random.stateless_uniform([count, 2], seed + 1)


def cutmix_masks(side, center, shape):
    """(count, height, width) masks, 1 in boxes of `cutmix_boxes`, cut off at the borders.

    Half the box' sides are whole px, as in the reference.
    """
    inside = []
    for axis, length in enumerate(shape):
        middle = tf.cast(center[:, axis] * length, tf.int32)[:, None]
        half = tf.cast(side * length, tf.int32)[:, None] // 2
        place = tf.range(length)
        inside.append((place >= middle - half) & (place < middle + half))
    return tf.cast(inside[0][:, :, None] & inside[1][:, None], tf.float32)
