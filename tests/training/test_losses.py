"""Cross-entropy with and without smoothing, for class numbers and distributions."""

import keras
import numpy as np
import pytest

from keras_resnets.training.losses import CrossEntropy

LOGITS = np.random.RandomState(0).normal(size=(6, 4)).astype("float32")
LABELS = np.array([0, 1, 2, 3, 0, 1])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 4)])
def test_it_equals_keras_dense_loss_for_every_form_of_label(smoothing, shape):
    dense = np.eye(4, dtype="float32")[LABELS]
    expected = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)(dense, LOGITS)
    labels = dense if shape == (6, 4) else LABELS.reshape(shape)
    np.testing.assert_allclose(CrossEntropy(smoothing)(labels, LOGITS), expected, rtol=1e-6)


def test_it_is_mean_over_the_batch_weighted_by_sample():
    loss = CrossEntropy()
    each = [float(loss(LABELS[i : i + 1], LOGITS[i : i + 1])) for i in range(6)]
    np.testing.assert_allclose(loss(LABELS, LOGITS), np.mean(each), rtol=1e-6)
    only_first = loss(LABELS, LOGITS, sample_weight=np.eye(6)[0])
    np.testing.assert_allclose(only_first, each[0] / 6, rtol=1e-6)


def test_smoothing_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"`label_smoothing` must be in \[0, 1\), got 1\.5"):
        CrossEntropy(1.5)
