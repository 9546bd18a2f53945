"""Class weights: photos of a rare class count for more, so that each class counts as much as any other."""

import numpy as np
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight


def balanced(examples, classes):
    """Weight of each class, float32 (classes,): images / (classes * images of the class), so 1 on average over images.

    A set that isn't cached is read once for its labels. Raises ValueError for a class without an example.
    """
    labels = examples.arrays[1] if examples.cached else _labels(examples.dataset)
    counts = np.bincount(labels, minlength=classes)
    if not counts.all():
        raise ValueError(
            f"Data: `class_weights balanced` needs an example of each of the {classes} classes, class "
            f"{counts.argmin()} has none. Add images, or set it to `none`."
        )
    return compute_class_weight("balanced", classes=np.arange(classes), y=labels).astype("float32")


def weighted(batches, weights):
    """`batches` of (images, labels) with a third part, each image's weight: what `keras.Model.fit` weighs losses by.

    weights: (classes,). A mixed label, (batch, classes) of shares, gets as much of each weight as it holds.
    """
    weights = tf.constant(weights, tf.float32)

    def add(images, labels):
        mixed = labels.shape.rank == 2
        return images, labels, tf.linalg.matvec(labels, weights) if mixed else tf.gather(weights, labels)

    return batches.map(add, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _labels(dataset):
    return np.fromiter(dataset.map(lambda image, label: label).as_numpy_iterator(), "int64")
