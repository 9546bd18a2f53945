"""Seeds: what is drawn follows from the recipe's seed, a purpose and a place, and from nothing that came before."""

import math

import keras
import tensorflow as tf


class StepSeeds(keras.random.SeedGenerator):
    """Seeds that follow from one base seed and nothing else, for the random layers of Keras.

    Keras' layers draw from a counter in a variable, so that what they do to a batch depends on how many batches came
    before. `start(base)` begins anew from a tensor (2,); each `next()` folds in how many came since.
    """

    def __init__(self):  # the parent would make a variable
        self.start(None)

    def start(self, base):
        self.base, self.count = base, 0
        return self

    def next(self, ordered=True):
        self.count += 1
        return tf.random.experimental.stateless_fold_in(self.base, self.count)


def seed_of(seed, purpose, step):
    """A stateless seed (2,) for a recipe's integer seed, a word that says what for, and the integer step or place."""
    word = int.from_bytes(purpose.encode()[:7], "big")
    return tf.random.experimental.stateless_fold_in(tf.constant([seed, word], tf.int64), step)


def uniform_at(places, shape, seed, maxval):
    """(n, *shape) in [0, maxval): for each of n `Places` its row of `stateless_uniform((size, *shape), seed)`.

    places: all or consecutive ones; the rows of others aren't drawn. Philox numbers its draws in fours by a counter, so
    that one can begin anywhere (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"); TensorFlow's
    counter begins at zero.
    """
    if places.chosen is None:
        return tf.random.stateless_uniform((places.size, *shape), seed, maxval=maxval)
    length, philox = math.prod(shape), tf.random.Algorithm.PHILOX.value
    fours, within = divmod(int(places.chosen[0]) * length, 4)
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    counter += tf.constant([fours, 0], tf.uint64)
    count = within + places.count * length
    drawn = tf.raw_ops.StatelessRandomUniformV2(shape=[count], key=key, counter=counter, alg=philox)
    return tf.reshape(drawn[within:], (-1, *shape)) * maxval
