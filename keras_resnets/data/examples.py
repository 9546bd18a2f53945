"""Examples: images with labels in a fixed order, in memory or read as they are needed."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf


@dataclass(frozen=True, eq=False)
class Examples:
    """One split of a data set.

    dataset: a `tf.data.Dataset` of (uint8 image (height, width, channels), integer label), always in the same order.
    size: how many there are.
    classes: labels must be in [0, classes); None leaves them unchecked.
    cached: keep the decoded images in memory (see `arrays`) instead of reading them in every epoch.
    records, decode: the same examples before decoding, and the function that decodes one; shuffling and skipping
        records is cheap. None where `dataset` is all there is.
    picture: a function from a record to what it was before anything was resized, an encoded file or a uint8 image of
        its own size, and the label: what random crops are taken from. None where `dataset` has resized nothing.
    shuffle_buffer: how many records a shuffle of a stream holds at a time.
    """

    dataset: tf.data.Dataset
    size: int
    classes: int | None = None
    cached: bool = False
    records: tf.data.Dataset | None = None
    decode: Callable | None = None
    picture: Callable | None = None
    shuffle_buffer: int = 10_000

    @functools.cached_property
    def arrays(self):
        """All of it decoded, once: uint8 images (size, height, width, channels) and int32 labels (size,).

        ValueError where a label is out of range.
        """
        images, labels = _collect(self.dataset, self.size)
        check_labels(labels, self.classes)
        return images, labels


def from_records(records, decode, size, **options):
    """Examples that are decoded record by record; `options` are further fields of `Examples`."""
    dataset = records.map(decode, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return Examples(dataset, size, records=records, decode=decode, **options)


def from_arrays(images, labels, **options):
    """Examples in memory: uint8 images (n, height, width, channels), integer labels (n,); `options` as above."""
    with tf.device("CPU:0"):
        dataset = tf.data.Dataset.from_tensor_slices((images, np.asarray(labels, "int32")))
    return Examples(dataset, len(images), cached=True, **options)


def examples_to_arrays(examples, limit=None):
    """The first `limit` examples (None: all): uint8 images (n, height, width, channels) and int32 labels (n,)."""
    if limit is None or limit >= examples.size or (examples.cached and "arrays" in examples.__dict__):
        images, labels = examples.arrays
        return images[:limit], labels[:limit]
    images, labels = _collect(examples.dataset.take(limit), limit)
    check_labels(labels, examples.classes)
    return images, labels


def check_labels(labels, classes):
    """ValueError names the first of the integer `labels` (n,) that is not in [0, classes)."""
    labels = np.asarray(labels)
    wrong = np.flatnonzero((labels < 0) | (labels >= classes)) if classes is not None else ()
    if len(wrong):
        raise ValueError(
            f"Data: labels must be in [0, {classes}), got {labels[wrong[0]]} at position {wrong[0]} "
            f"({len(wrong)} of {len(labels)} are out of range). Correct the labels, or the number of classes."
        )


def _collect(dataset, size):
    shape = dataset.element_spec[0].shape
    if not shape.is_fully_defined():
        raise ValueError(f"Data: images must have one known shape to be gathered, got {shape}. Set an `image_size`.")
    images, labels, count = np.empty((size, *shape), "uint8"), np.empty(size, "int32"), 0
    for image, label in dataset.batch(1024).prefetch(1).as_numpy_iterator():
        images[count : count + len(image)], labels[count : count + len(label)] = image, label
        count += len(image)
    if count != size:
        raise ValueError(f"Data: a set of {size} examples must yield as many, got {count}. Is the copy complete?")
    return images, labels
