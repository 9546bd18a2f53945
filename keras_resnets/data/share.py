"""Shares of a batch: what one of several input workers takes of every global batch."""

from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True)
class Share:
    """The `index`-th of `count` equal, consecutive parts of every batch; ValueError for an index outside [0, count)."""

    index: int
    count: int

    def __post_init__(self):
        if not 0 <= self.index < self.count:
            raise ValueError(f"Share: `index` must be in [0, {self.count}), got {self.index}.")

    def of(self, *batch):
        """This part of each tensor (batch, ...) of a batch whose size `count` divides."""
        if self.count == 1:
            return batch

        def part(tensor):
            size = tf.shape(tensor)[0] // self.count
            return tensor[self.index * size : (self.index + 1) * size]

        return tuple(part(tensor) for tensor in batch)


WHOLE = Share(0, 1)


def padded(batch_size, images, labels):
    """A batch as (images, labels, weights), filled up to `batch_size` with images of weight 0."""
    missing = batch_size - tf.shape(images)[0]

    def fill(tensor):
        return tf.pad(tensor, [[0, missing]] + [[0, 0]] * (len(tensor.shape) - 1))

    weights = tf.ones(tf.shape(images)[:1])
    filled = fill(images), fill(labels), fill(weights)
    return tuple(tf.ensure_shape(tensor, (batch_size, *tensor.shape[1:])) for tensor in filled)
