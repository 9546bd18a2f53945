"""Class weights: every class counts as much, and all images together count as before."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data.class_weights import balanced, weighted
from keras_resnets.data.examples import Examples, from_arrays
from keras_resnets.training.losses import CrossEntropy

LABELS = np.array([0] * 12 + [1] * 3 + [2])


def examples():
    return from_arrays(np.zeros((len(LABELS), 2, 2, 1), "uint8"), LABELS, classes=3)


def test_each_class_counts_as_much_and_the_average_image_counts_1():
    weights = balanced(examples(), 3)
    per_image = weights[LABELS]
    assert per_image.mean() == pytest.approx(1)
    np.testing.assert_allclose(np.bincount(LABELS, per_image), 16 / 3, rtol=1e-6)


def test_labels_of_a_set_on_disk_are_read_once():
    stream = Examples(examples().dataset, len(LABELS), classes=3)
    assert not stream.cached
    np.testing.assert_array_equal(balanced(stream, 3), balanced(examples(), 3))


def test_a_class_without_images_has_no_weight():
    with pytest.raises(ValueError, match=r"needs an example of each of the 4 classes, class 3 has none"):
        balanced(examples(), 4)


def test_a_mixed_label_gets_its_share_of_each_weight():
    labels = np.array([[1, 0, 0], [0.25, 0, 0.75]], "float32")
    batches = tf.data.Dataset.from_tensors((np.zeros((2, 1)), labels))
    (_, _, found), *_ = weighted(batches, [1.0, 2.0, 4.0])
    np.testing.assert_allclose(found, [1, 0.25 + 3])


def test_the_loss_of_a_batch_is_the_weighted_mean():
    weights = balanced(examples(), 3)
    labels = np.array([0, 1, 2, 0], "int32")
    ((_, y, sample_weight),) = weighted(tf.data.Dataset.from_tensors((np.zeros((4, 1)), labels)), weights)
    logits = np.random.RandomState(0).normal(size=(4, 3)).astype("float32")
    log_probabilities = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    expected = -(log_probabilities[np.arange(4), labels] * weights[labels]).sum() / 4
    found = keras.ops.convert_to_numpy(CrossEntropy()(y, logits, sample_weight))
    assert found == pytest.approx(expected, rel=1e-5)
