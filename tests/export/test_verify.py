import numpy as np
import pytest

from keras_resnets.export.verify import THRESHOLDS, Agreement, ExportMismatch, compare, require

LOGITS = np.array([[4.0, 1.0, -2.0], [0.0, 3.0, 1.0], [1.0, 1.00001, -1.0]])


def softmax(logits):
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(-1, keepdims=True)


def test_equal_outputs_agree_whatever_they_are_given_as():
    for outputs in ({"logits": LOGITS}, {"probabilities": softmax(LOGITS)}, {"logits": LOGITS + 5}):
        agreement = compare(LOGITS, outputs, labels=[0, 1, 1])
        assert agreement.probability_difference < 1e-12 and agreement.logit_difference < 1e-12
        assert agreement.agreement == 1 and agreement.ties == 0 and agreement.top1 == 1
        require("tflite", agreement)


def test_logits_are_recovered_from_probabilities_up_to_a_constant():
    moved = LOGITS.copy()
    moved[1, 2] += 0.3
    agreement = compare(LOGITS, {"probabilities": softmax(moved)})
    assert agreement.logit_difference == pytest.approx(0.2)  # 0.3 less the mean that it moves by 0.1
    assert agreement.logit_difference_relative == pytest.approx(0.2 / 3)


def test_probabilities_that_underflow_say_nothing_about_logits():
    logits = np.array([[100.0, 0.0, 99.0]])
    agreement = compare(logits, {"probabilities": softmax(logits - 100).astype("float32")})
    assert agreement.logit_difference < 1e-6


def test_another_first_class_agrees_only_in_a_tie():
    flipped = LOGITS.copy()
    flipped[2, :2] = flipped[2, 1::-1]
    agreement = compare(LOGITS, {"logits": flipped})
    assert agreement.agreement == 1 and agreement.ties == 1
    flipped[1, :2] = flipped[1, 1::-1]
    assert compare(LOGITS, {"logits": flipped}).agreement == pytest.approx(2 / 3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_never_passes(value):
    broken = LOGITS.copy()
    broken[1, 1] = value
    with np.errstate(invalid="ignore"), pytest.raises(ExportMismatch, match="got nan on 3 images"):
        require("saved_model", compare(LOGITS, {"logits": broken}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probability_difference": 2e-4}, r"probability with Keras must be <= 0.0001, got 0.0002 on 3 images"),
        ({"logit_difference_relative": 2e-4}, r"relative difference of a logit with Keras must be <= 0.0001"),
        ({"agreement": 0.99}, r"agreement of the first class with Keras must be >= 1, got 0.99"),
    ],
)
def test_each_number_beyond_its_threshold_is_refused(change, message):
    good = {"images": 3, "classes_predicted": 2, "probability_difference": 0.0, "logit_difference": 0.0, "ties": 0}
    good |= {"logit_difference_relative": 0.0, "agreement": 1.0, "top1": None}
    require("tflite", Agreement(**good))
    with pytest.raises(ExportMismatch, match=f"tflite: .*{message}"):
        require("tflite", Agreement(**good | change))


def test_every_format_has_a_threshold():
    from keras_resnets.export.formats import FORMATS

    assert set(FORMATS) <= set(THRESHOLDS)
