"""The order in which images reach a network: cache, shuffle, augment, batch, mix, prefetch.

The batch at step k is a pure function of (recipe, k): an epoch is a seeded permutation, augmentation is stateless, and
a run that stopped continues with `start_step=k` as if it had not. Nothing here knows of replicas or workers.
"""

import numpy as np
import tensorflow as tf

from keras_resnets.data.augmentation import augmentation
from keras_resnets.data.mixing import mixing

FOREVER = 2**62


def training(dataset, recipe, start_step=0):
    """An endless `tf.data.Dataset` of full batches, beginning with that of step `start_step`.

    Yields float32 images (batch, height, width, channels) in 0..255 and int32 labels (batch,), or with MixUp or CutMix
    float32 shares (batch, classes). A batch may straddle two epochs; each epoch shows every image once.
    Sets that aren't cached are shuffled within a buffer of `shuffle_buffer` records rather than as a whole.
    Errors: those of `check`.
    """
    check(dataset, recipe)
    augment = augmentation(recipe.augment, dataset.image_shape, recipe.seed)
    mix = mixing(recipe.augment, len(dataset.class_names), recipe.seed)

    def finish(step, batch):
        images, labels = batch
        return mix(augment(images, step), tf.cast(labels, tf.int32), step)

    batches = _batches(dataset.train, recipe.data.batch_size, recipe.seed, start_step).enumerate(start_step)
    return batches.map(finish, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(tf.data.AUTOTUNE)


def evaluation(examples, batch_size):
    """A finite `tf.data.Dataset` of (float32 images in 0..255, int32 labels), in order; the last batch may be short."""
    dataset = examples.dataset
    if examples.cached:
        with tf.device("CPU:0"):
            dataset = tf.data.Dataset.from_tensor_slices(examples.arrays)

    def finish(images, labels):
        return tf.cast(images, tf.float32), tf.cast(_in_range(labels, examples.classes), tf.int32)

    batches = dataset.batch(batch_size).map(finish, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return batches.prefetch(tf.data.AUTOTUNE)


def steps_per_epoch(dataset, recipe):
    """Full batches in one pass over the training images; ValueError where there is none."""
    _check_batch(dataset, recipe)
    return dataset.train.size // recipe.data.batch_size


def check(dataset, recipe):
    """Raises ValueError for what would spoil a run: too large a batch, wrong labels, a class without examples.

    Labels and classes of a set that isn't cached are not read beforehand; a wrong label there stops the stream.
    """
    _check_batch(dataset, recipe)
    for name, examples in (("training", dataset.train), ("validation", dataset.validation)):
        if examples is None or not examples.cached:
            continue
        counts = np.bincount(examples.arrays[1], minlength=len(dataset.class_names))
        if not counts.all():
            raise ValueError(
                f"Data: each class needs an example in {name}, class {dataset.class_names[counts.argmin()]!r} of "
                f"{dataset.name} has none among {examples.size}. Choose another `validation` share, or 0."
            )


def _check_batch(dataset, recipe):
    if recipe.data.batch_size > dataset.train.size:
        raise ValueError(
            f"Data: `batch_size` must be at most the {dataset.train.size} training images of {dataset.name}, "
            f"got {recipe.data.batch_size}. Lower `--data.batch-size`."
        )


def _batches(examples, batch_size, seed, start_step):
    """Batches (uint8 images, labels) of the seeded order, from `start_step` on, without end."""
    start = start_step * batch_size
    if examples.cached:  # shuffle positions, then gather a batch at a time: some 100,000 images a second
        with tf.device("CPU:0"):
            images, labels = (tf.constant(array) for array in examples.arrays)
        positions = _shuffled(tf.data.Dataset.range(examples.size), examples.size, examples.size, seed, start)
        batches = positions.batch(batch_size, drop_remainder=True)
        return batches.map(lambda chosen: (tf.gather(images, chosen), tf.gather(labels, chosen)))
    records = examples.dataset if examples.records is None else examples.records
    stream = _shuffled(records, examples.size, examples.shuffle_buffer, seed, start)
    if examples.records is not None:
        stream = stream.map(examples.decode, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    batches = stream.batch(batch_size, drop_remainder=True)
    return batches.map(lambda images, labels: (images, _in_range(labels, examples.classes)))


def _shuffled(records, size, buffer, seed, start):
    """Epoch after epoch of `records` without end, each in an order of its own, from position `start` of the stream."""

    def epoch(number):
        # tf.data mixes the program's global seed into its own; inside this function, that is the following constant
        tf.random.set_seed(1)
        drawn = tf.random.stateless_uniform([], tf.stack([seed, number]), maxval=2**31, dtype=tf.int64)
        return records.shuffle(min(buffer, size), seed=drawn, reshuffle_each_iteration=False)

    return tf.data.Dataset.range(start // size, FOREVER).flat_map(epoch).skip(start % size)


def _in_range(labels, classes):
    if classes is None:
        return labels
    wrong = (labels < 0) | (labels >= tf.cast(classes, labels.dtype))
    first = tf.argmax(wrong)
    rule = f"Data: labels must be in [0, {classes}). The label and its position in the batch:"
    with tf.control_dependencies([tf.debugging.Assert(~tf.reduce_any(wrong), [rule, labels[first], first])]):
        return tf.identity(labels)
