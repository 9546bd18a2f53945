"""The order in which images reach a network: cache, shuffle, crop, augment, batch, mix, prefetch.

The batch at step k is a pure function of (recipe, k): an epoch is a seeded permutation, all that is drawn at random is
stateless, and a run that stopped continues with `start_step=k` as if it had not. The order is by example, however many
workers read: an input worker opens its `Share` of each batch and no more, but for MixUp and CutMix within a batch,
where each opens all of it. To read only some of a set's files would make the order depend on the number of workers,
and is not offered. Nothing here knows of replicas.
"""

import math

import numpy as np
import tensorflow as tf

from keras_resnets.data.augmentation import augmentation
from keras_resnets.data.crops import crops
from keras_resnets.data.erasing import erasing
from keras_resnets.data.mixing import consumed, mixes_batch, mixing
from keras_resnets.data.rand_augment import rand_augment
from keras_resnets.data.seeds import seed_of
from keras_resnets.data.service import served
from keras_resnets.data.share import WHOLE, Places, padded

FOREVER = 2**62


def training(dataset, recipe, start_step=0, share=WHOLE, service=None):
    """An endless `tf.data.Dataset` of full batches, beginning with that of step `start_step`.

    Yields float32 images (batch, height, width, channels) in 0..255 and int32 labels (batch,), or with MixUp or CutMix
    float32 shares (batch, classes). A batch may straddle two epochs; each epoch shows every image once. NFNet's mixing
    makes one image of two, so that an epoch by `steps_per_epoch` passes twice over the images.
    share: of each batch, what this input worker takes; the batches of all workers together are those of one, bit for
        bit. No other images are opened, but for MixUp and CutMix by `mixing batch`, which may blend any two of a batch:
        each worker opens it whole. Of a set in memory or in files of an image each nothing else is read; the records of
        larger files are all read, and those of other shares passed over undecoded.
    service: address of a tf.data service that computes the batches, see `served`; None computes them here.
    Sets that aren't cached are shuffled within a buffer of `shuffle_buffer` records rather than as a whole.
    Errors: those of `check`, and ValueError where a batch does not divide among the workers.
    """
    check(dataset, recipe)
    size, raw = recipe.data.batch_size, consumed(recipe)
    share.check(size)
    opens = WHOLE if mixes_batch(recipe.augment) else share
    stream = ordered(dataset.train, recipe, start_step * raw)
    places = opens.places(size, raw // size)
    batches = opened(stream, dataset.train, recipe, dataset.image_shape, raw, start_step, places=places)
    batches = augmented(batches, dataset, recipe, start_step, opens)
    if share != opens:
        batches = batches.map(share.of)
    if service is not None:
        batches = served(batches, service, start_step)
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


def opened(stream, examples, recipe, image_shape, batch_size, start_step=0, whole=False, places=None):
    """Batches (uint8 images (n, *image_shape), labels) of a stream of `ordered`, cropped as the recipe asks.

    whole: no random crops: as in evaluation.
    places: the `Places` of the n in a batch of `batch_size` that are opened; None is all.
    """
    places = places or Places(batch_size)
    crop = None if whole else crops(recipe.augment, recipe.data, image_shape)
    if _in_memory(examples, recipe):
        with tf.device("CPU:0"):
            images, labels = (tf.constant(array) for array in examples.arrays)

        def open_(chosen):
            return tf.gather(images, chosen), tf.gather(labels, chosen)

        if crop is None:  # a batch at a time: some 100,000 images a second
            return _chosen(stream, places).map(open_)
    else:
        open_ = examples.decode if crop is None else examples.picture or examples.decode

    def one(place, record):
        picture, label = _call(open_, record)
        return picture if crop is None else crop(picture, seed_of(recipe.seed, "window", place)), label

    if open_ or crop:
        stream = stream.enumerate(start_step * batch_size)
        if places.chosen is not None:  # read on while the chosen are decoded
            stream = _chosen(stream, places).prefetch(1).unbatch()
        stream = stream.map(one, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        batches = stream.batch(places.count, drop_remainder=True)
    else:
        batches = _chosen(stream, places)
    return batches.map(lambda images, labels: (images, _in_range(labels, examples.classes)))


def augmented(batches, dataset, recipe, start_step=0, share=WHOLE):
    """What becomes of batches of `opened`, the first of which is that of step `start_step`.

    share: of each batch, what there is of it; it must be whole for MixUp and CutMix by `mixing batch`.
    In order: padded crop, flip, color, RandAugment, erasing, mixing; for NFNets mixing precedes RandAugment.
    """
    augment, seed, shape = recipe.augment, recipe.seed, dataset.image_shape
    prepare, erase = augmentation(augment, shape, seed), erasing(augment, seed)
    mix = mixing(augment, len(dataset.class_names), seed)
    vary = rand_augment(augment, shape, seed)
    early, size = augment.mixing == "nfnet", recipe.data.batch_size
    raw, places = share.places(size, consumed(recipe) // size), share.places(size)

    def first(step, batch):
        images, labels = prepare(batch[0], step, raw), tf.cast(batch[1], tf.int32)
        return mix(images, labels, step, places) if early else (images, labels)

    def numbered(step, batch):
        return *first(step, batch), places.positions(step)

    def last(step, batch):
        images, labels = erase(batch[0], step, places), batch[1]
        return (images, labels) if early else mix(images, labels, step)

    def parallel(stages, start, function):
        return stages.enumerate(start).map(function, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

    if vary is None:
        return parallel(batches, start_step, lambda step, batch: last(step, first(step, batch)))
    images = parallel(batches, start_step, numbered).unbatch()
    images = images.map(
        lambda image, label, position: (vary(image, position), label),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    return parallel(images.batch(places.count, drop_remainder=True), start_step, last)


def evaluation(examples, batch_size, share=None):
    """A finite `tf.data.Dataset` of (float32 images in 0..255, int32 labels), in order; the last batch may be short.

    share: for several input workers, who must all see equally many batches: this one's part of each, and no more is
        opened. The last batch is filled up, and a third tensor holds weights, 0 for what fills. ValueError where a
        batch does not divide among the workers.
    """
    dataset, decode = examples.dataset, None
    if examples.cached:
        with tf.device("CPU:0"):
            dataset = tf.data.Dataset.from_tensor_slices(examples.arrays)
    elif share is not None and examples.records is not None:
        dataset, decode = examples.records, examples.decode
    part = batch_size
    if share is not None:
        share.check(batch_size)
        part = batch_size // share.count
        dataset = dataset.batch(part).shard(share.count, share.index).unbatch()  # of `count` parts in a row, its own
    if decode:
        dataset = dataset.map(decode, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

    def finish(images, labels):
        return tf.cast(images, tf.float32), tf.cast(_in_range(labels, examples.classes), tf.int32)

    batches = dataset.batch(part).map(finish, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    if share is not None:
        nothing = tf.data.Dataset.from_tensors(
            (tf.zeros((0, *dataset.element_spec[0].shape)), tf.zeros(0, tf.int32))  # where a last batch ends before it
        )
        batches = batches.concatenate(nothing).take(math.ceil(examples.size / batch_size))
        batches = batches.map(lambda images, labels: padded(part, images, labels))
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


def _chosen(stream, places):
    """Batches of those examples of `stream`, not yet opened, that stand at `places` of each batch."""
    batches = stream.batch(places.size, drop_remainder=True)
    if places.chosen is None:
        return batches

    def choose(*example):
        found = tf.nest.map_structure(places.of, example)
        return found if len(found) > 1 else found[0]

    return batches.map(choose)


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
