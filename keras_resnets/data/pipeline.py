"""The order in which images reach a network: cache, shuffle, crop, augment, batch, mix, prefetch.

The batch at step k is a pure function of (recipe, k): an epoch is a seeded permutation, all that is drawn at random is
stateless, and a run that stopped continues with `start_step=k` as if it had not. Nothing here knows of replicas or
workers.
"""

import numpy as np
import tensorflow as tf

from keras_resnets.data.augmentation import augmentation
from keras_resnets.data.crops import crops
from keras_resnets.data.erasing import erasing
from keras_resnets.data.mixing import consumed, mixing
from keras_resnets.data.rand_augment import rand_augment
from keras_resnets.data.seeds import seed_of
from keras_resnets.data.share import WHOLE, padded

FOREVER = 2**62


def training(dataset, recipe, start_step=0, share=WHOLE):
    """An endless `tf.data.Dataset` of full batches, beginning with that of step `start_step`.

    Yields float32 images (batch, height, width, channels) in 0..255 and int32 labels (batch,), or with MixUp or CutMix
    float32 shares (batch, classes). A batch may straddle two epochs; each epoch shows every image once. NFNet's mixing
    makes one image of two, so that an epoch by `steps_per_epoch` passes twice over the images.
    share: of each batch, what this input worker takes; the batches of all workers together are those of one.
    Sets that aren't cached are shuffled within a buffer of `shuffle_buffer` records rather than as a whole.
    Errors: those of `check`.
    """
    check(dataset, recipe)
    raw = consumed(recipe)
    stream = ordered(dataset.train, recipe, start_step * raw)
    batches = opened(stream, dataset.train, recipe, dataset.image_shape, raw, start_step)
    batches = augmented(batches, dataset, recipe, start_step)
    if share != WHOLE:
        batches = batches.map(share.of)
    return batches.prefetch(tf.data.AUTOTUNE)


def ordered(examples, recipe, start=0):
    """An endless stream of examples not yet opened, from position `start` of the seeded order: places or records."""
    if _in_memory(examples, recipe):
        stream = tf.data.Dataset.range(examples.size)
        buffer = examples.size
    else:
        stream = examples.dataset if examples.records is None else examples.records
        buffer = examples.shuffle_buffer
    return _shuffled(stream, examples.size, buffer, recipe.seed, start)


def opened(stream, examples, recipe, image_shape, batch_size, start_step=0, whole=False):
    """Batches (uint8 images (batch_size, *image_shape), labels) of a stream of `ordered`, cropped as the recipe asks.

    whole: no random crops: as in evaluation.
    """
    crop = None if whole else crops(recipe.augment, recipe.data, image_shape)
    if _in_memory(examples, recipe):
        with tf.device("CPU:0"):
            images, labels = (tf.constant(array) for array in examples.arrays)

        def open_(chosen):
            return tf.gather(images, chosen), tf.gather(labels, chosen)

        if crop is None:  # a batch at a time: some 100,000 images a second
            return stream.batch(batch_size, drop_remainder=True).map(open_)
    else:
        open_ = examples.decode if crop is None else examples.picture or examples.decode

    def one(place, record):
        picture, label = _call(open_, record)
        return picture if crop is None else crop(picture, seed_of(recipe.seed, "window", place)), label

    if open_ or crop:
        stream = stream.enumerate(start_step * batch_size)
        stream = stream.map(one, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    batches = stream.batch(batch_size, drop_remainder=True)
    return batches.map(lambda images, labels: (images, _in_range(labels, examples.classes)))


def augmented(batches, dataset, recipe, start_step=0):
    """What becomes of batches of `opened`, the first of which is that of step `start_step`.

    In order: padded crop, flip, color, RandAugment, erasing, mixing; for NFNets mixing precedes RandAugment.
    """
    augment, seed, shape = recipe.augment, recipe.seed, dataset.image_shape
    prepare, erase = augmentation(augment, shape, seed), erasing(augment, seed)
    mix = mixing(augment, len(dataset.class_names), seed)
    vary = rand_augment(augment, shape, seed)
    early = augment.mixing == "nfnet"

    def first(step, batch):
        images, labels = prepare(batch[0], step), tf.cast(batch[1], tf.int32)
        return mix(images, labels, step) if early else (images, labels)

    def last(step, batch):
        images, labels = erase(batch[0], step), batch[1]
        return (images, labels) if early else mix(images, labels, step)

    def parallel(stages, start, function):
        return stages.enumerate(start).map(function, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

    if vary is None:
        return parallel(batches, start_step, lambda step, batch: last(step, first(step, batch)))
    size = recipe.data.batch_size
    images = parallel(batches, start_step, first).unbatch()
    images = parallel(images, start_step * size, lambda place, example: (vary(example[0], place), example[1]))
    return parallel(images.batch(size, drop_remainder=True), start_step, last)


def evaluation(examples, batch_size, share=None):
    """A finite `tf.data.Dataset` of (float32 images in 0..255, int32 labels), in order; the last batch may be short.

    share: for several input workers, who must all see equally many batches: this one's part of each. The last batch is
    filled up, and a third tensor holds weights, 0 for what fills.
    """
    dataset = examples.dataset
    if examples.cached:
        with tf.device("CPU:0"):
            dataset = tf.data.Dataset.from_tensor_slices(examples.arrays)

    def finish(images, labels):
        return tf.cast(images, tf.float32), tf.cast(_in_range(labels, examples.classes), tf.int32)

    batches = dataset.batch(batch_size).map(finish, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    if share is not None:
        batches = batches.map(lambda images, labels: share.of(*padded(batch_size, images, labels)))
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
    size, raw = dataset.train.size, consumed(recipe)
    if raw > size:
        drawn = "" if raw == recipe.data.batch_size else ", twice of which are drawn for `augment.mixing nfnet`"
        raise ValueError(
            f"Data: `batch_size` must be at most the {size} training images of {dataset.name}, "
            f"got {recipe.data.batch_size}{drawn}. Lower `--data.batch-size`."
        )


def _in_memory(examples, recipe):
    """Whether what training begins with are the decoded images in memory, not pictures of their own size."""
    return examples.cached and (recipe.augment.crop == "none" or examples.picture is None)


def _call(function, record):
    if function is None:
        return record
    return function(*record) if isinstance(record, tuple) else function(record)


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
