"""What a network subtracts and divides by, measured on the training images."""

import numpy as np
import tensorflow as tf

STATISTICS_IMAGES = 10_000
"""Images that mean and deviation of a streamed set are computed over at most."""


def statistics(train, image_shape, normalization, facts=None):
    """(mean, deviation) in 0..255 of training examples, for a normalization as in `recipe.Data`; see `Dataset`.

    Over all images where they are in memory, otherwise over at most 10,000, evenly spaced.
    """
    channels = image_shape[-1]
    if normalization == "none":
        return np.zeros(channels, "float32"), np.ones(channels, "float32")
    if normalization == "channel" and facts and facts.mean:
        return np.array(facts.mean, "float32"), np.array(facts.deviation, "float32")
    images = train.arrays[0] if train.cached else _sample(train)
    if normalization == "pixel-mean":
        return images.mean(axis=0, dtype="float64").astype("float32"), np.ones(image_shape, "float32")
    values = np.arange(256)
    shares = np.stack([np.bincount(images[..., c].ravel(), minlength=256) for c in range(channels)]) * channels
    mean = shares @ values / images.size
    deviation = np.sqrt(shares @ values**2 / images.size - mean**2)
    return mean.astype("float32"), np.where(deviation > 0, deviation, 1).astype("float32")


def _sample(train):
    every = -(-train.size // STATISTICS_IMAGES)
    if train.records is None:
        dataset = train.dataset.shard(every, 0)
    else:
        dataset = train.records.shard(every, 0).map(train.decode, num_parallel_calls=tf.data.AUTOTUNE)
    return np.stack([image for image, _ in dataset.as_numpy_iterator()])
