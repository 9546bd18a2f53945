"""Evaluation counts every image once, agrees with scikit-learn and Keras, and refuses what it can't count."""

import json

import keras
import numpy as np
import pytest
import sklearn.metrics

from keras_resnets.evaluation import Evaluation, Predictions, evaluate, hardest

NAMES = ("cat", "dog", "fox", "hen", "owl", "pig", "rat")
generator = np.random.default_rng(0)
LABELS = generator.integers(0, 7, 103)
LOGITS = generator.normal(size=(103, 7)) + 1.5 * np.eye(7)[LABELS]


def batches(outputs=LOGITS, labels=LABELS, size=20):
    return [(outputs[k : k + size], labels[k : k + size]) for k in range(0, len(labels), size)]


def identity(pixels):
    return pixels


def test_every_image_is_counted_once_also_in_a_short_last_batch():
    evaluation, predictions = evaluate(identity, batches(), NAMES)
    assert evaluation.n == 103 == np.sum(evaluation.confusion) == sum(row.count for row in evaluation.bins)
    assert (predictions.labels == LABELS).all()
    assert evaluation == evaluate(identity, batches(size=103), NAMES)[0]


def test_measures_agree_with_scikit_learn_and_keras():
    evaluation, predictions = evaluate(identity, batches(), NAMES)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(LABELS, LOGITS)
    assert evaluation.loss == pytest.approx(float(loss), rel=1e-5)
    assert evaluation.loss == pytest.approx(sklearn.metrics.log_loss(LABELS, predictions.probabilities))
    assert evaluation.top1 == sklearn.metrics.accuracy_score(LABELS, LOGITS.argmax(1))
    assert evaluation.top5 == pytest.approx(sklearn.metrics.top_k_accuracy_score(LABELS, LOGITS, k=5))
    assert evaluation.confusion[2][3] == ((LABELS == 2) & (LOGITS.argmax(1) == 3)).sum()
    assert [row.n for row in evaluation.per_class] == np.bincount(LABELS).tolist()
    assert evaluation.per_class[4].recall == pytest.approx((LOGITS.argmax(1)[LABELS == 4] == 4).mean())


def test_logits_and_their_probabilities_are_judged_alike():
    one, _ = evaluate(identity, batches(), NAMES)
    probabilities = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    other, _ = evaluate(identity, batches(probabilities.astype("float32")), NAMES, from_logits=False)
    assert other.loss == pytest.approx(one.loss, rel=1e-6)
    assert other.confusion == one.confusion


def test_a_keras_model_is_a_predict_function():
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(7)])
    pixels = generator.random((103, 4, 4, 3), "float32")
    evaluation, predictions = evaluate(model, batches(pixels), NAMES)
    assert evaluation.n == 103
    assert np.allclose(predictions.probabilities, keras.ops.softmax(model(pixels)), atol=1e-6)


def test_wilson_interval_is_the_textbook_one():
    labels = np.array([0] * 8 + [1] * 2)  # 8 of 10: 0.490 to 0.943 (Agresti and Coull 1998)
    evaluation, _ = evaluate(identity, batches(np.tile([3.0, 0.0], (10, 1)), labels), NAMES[:2])
    assert evaluation.top1_interval == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_calibration_error_by_hand():
    # confidence 0.9 and right in half of 4 images, confidence 0.6 and right in both of 2: (4 * 0.4 + 2 * 0.4) / 6
    probabilities = np.array([[0.9, 0.1]] * 4 + [[0.6, 0.4]] * 2)
    evaluation, _ = evaluate(
        identity, batches(probabilities, np.array([0, 0, 1, 1, 0, 0])), NAMES[:2], from_logits=False
    )
    assert evaluation.calibration_error == pytest.approx(0.4)
    assert [row.count for row in evaluation.bins if row.count] == [2, 4]
    assert evaluation.bins[0].accuracy is None


def test_a_network_that_says_nothing_is_right_by_chance_only():
    evaluation, _ = evaluate(identity, batches(np.zeros((70, 7)), np.arange(70) % 7), NAMES)
    assert evaluation.top1 == pytest.approx(1 / 7)
    assert evaluation.top5 == pytest.approx(5 / 7)
    assert evaluation.per_class[0].precision == pytest.approx(1 / 7)
    assert evaluation.per_class[1].precision is None  # never predicted: no share to speak of


def test_top5_of_fewer_classes_is_top_of_all():
    evaluation, _ = evaluate(identity, batches(LOGITS[:, :3], LABELS % 3), NAMES[:3])
    assert evaluation.top5 == 1.0 > evaluation.top1


def test_confident_mistakes_are_not_capped():
    evaluation, predictions = evaluate(identity, batches(np.array([[500.0, 0.0]]), np.array([1])), NAMES[:2])
    assert evaluation.loss == pytest.approx(500)
    assert (predictions.probabilities.sum(axis=1) == 1).all()


def test_hardest_is_most_wrong_first():
    predictions = Predictions(np.array([[0.9, 0.1], [0.2, 0.8], [0.55, 0.45]]), np.array([0, 0, 0]))
    assert hardest(predictions, 2).tolist() == [1, 2]
    assert hardest(predictions, 9).tolist() == [1, 2, 0]
    with pytest.raises(ValueError, match="hardest: `count` must be 0 or positive, got -1"):
        hardest(predictions, -1)


def test_json_round_trip():
    evaluation, _ = evaluate(identity, batches(), NAMES)
    values = evaluation.to_dict()
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert Evaluation.from_dict(values) == evaluation


@pytest.mark.parametrize(
    ("data", "names", "from_logits", "message"),
    [
        ([], NAMES, True, "`batches` must hold at least one image, got none"),
        (batches(labels=np.where(np.arange(103) == 41, 7, LABELS)), NAMES, True, r"in \[0, 7\).* got 7 at image 41\."),
        (batches(labels=np.where(np.arange(103) == 3, -1, LABELS)), NAMES, True, "got -1 at image 3"),
        (
            batches(labels=np.eye(7)[LABELS]),
            NAMES,
            True,
            r"integers of shape \(images,\), got float64 of shape \(20, 7\)",
        ),
        (
            batches(np.where(np.arange(103)[:, None] == 25, np.nan, LOGITS)),
            NAMES,
            True,
            r"finite.* got nan at image 25, class 0 \(1 of 20",
        ),
        (batches(), (*NAMES, "yak"), True, r"each of the 8 `class_names`, \(20, 8\), got \(20, 7\)"),
        (batches(), NAMES, False, "For logits, say from_logits=True"),
    ],
)
def test_refuses(data, names, from_logits, message):
    with pytest.raises(ValueError, match=message):
        evaluate(identity, data, names, from_logits=from_logits)
