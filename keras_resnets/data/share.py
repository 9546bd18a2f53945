"""Shares of a batch: what one of several input workers takes of every global batch."""

from dataclasses import dataclass

import numpy as np
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

    def places(self, size, batches=1):
        """`Places` of this part of each of `batches` batches of `size`, which follow one another as one."""
        if self.count == 1:
            return Places(size * batches)
        own = self.index * (size // self.count) + np.arange(size // self.count)
        return Places(size * batches, np.concatenate([batch * size + own for batch in range(batches)]))

    def check(self, size):
        """ValueError where batches of `size` do not divide among the workers."""
        if size % self.count:
            raise ValueError(
                f"Share: `batch_size` must divide among {self.count} input workers, got {size}. Choose a multiple."
            )


WHOLE = Share(0, 1)


@dataclass(frozen=True, eq=False)
class Places:
    """Where in a batch of `size` images those at hand stand: `chosen`, integers (n,), or None for all of them.

    What is drawn at random for a batch is drawn for all of it and then chosen from, so that an image meets with the
    same whether or not the others are there.
    """

    size: int
    chosen: np.ndarray | None = None

    @property
    def count(self):
        """How many images these are."""
        return self.size if self.chosen is None else len(self.chosen)

    def of(self, drawn):
        """What was drawn for these images, of a tensor (size, ...) of what was drawn for all."""
        return drawn if self.chosen is None else tf.gather(drawn, self.chosen)

    def positions(self, step):
        """Integers (n,): the positions of these images in the stream of all batches, at an integer `step`."""
        places = tf.range(self.size) if self.chosen is None else tf.constant(self.chosen)
        return step * self.size + tf.cast(places, step.dtype)


def all_of(images):
    """The `Places` of a batch that is whole."""
    return Places(tf.shape(images)[0])


def padded(batch_size, images, labels):
    """A batch as (images, labels, weights), filled up to `batch_size` with images of weight 0."""
    missing = batch_size - tf.shape(images)[0]

    def fill(tensor):
        return tf.pad(tensor, [[0, missing]] + [[0, 0]] * (len(tensor.shape) - 1))

    weights = tf.ones(tf.shape(images)[:1])
    filled = fill(images), fill(labels), fill(weights)
    return tuple(tf.ensure_shape(tensor, (batch_size, *tensor.shape[1:])) for tensor in filled)
