"""A comparison pairs the images: its test is McNemar's, and its interval holds the truth 95 times in 100."""

import json
from math import comb

import numpy as np
import pytest

from keras_resnets.evaluation import Predictions, compare


def predictions(right, labels=None):
    """Predictions that are right where `right` says so, of two classes."""
    right = np.asarray(right, bool)
    labels = np.zeros(len(right), int) if labels is None else labels
    answers = np.where(right, labels, 1 - labels)
    return Predictions(np.eye(2)[answers], labels)


def pair(both, only_first, only_second, neither):
    first = [1] * both + [1] * only_first + [0] * only_second + [0] * neither
    second = [1] * both + [0] * only_first + [1] * only_second + [0] * neither
    return predictions(first), predictions(second)


def test_counts_and_exact_p_value_by_hand():
    found = compare(*pair(60, 9, 2, 29))
    assert (found.n, found.only_first, found.only_second) == (100, 9, 2)
    assert (found.top1, found.against_top1) == (0.69, 0.62)
    assert found.difference == pytest.approx(0.07)
    assert found.p_value == pytest.approx(2 * sum(comb(11, k) for k in (0, 1, 2)) / 2**11)  # 0.0654


def test_the_interval_is_walds_with_half_an_image_in_each_cell():
    # Agresti and Min 2005: b = 9.5, c = 2.5, n = 102
    b, c, n = 9.5, 2.5, 102
    center, reach = (b - c) / n, 1.959964 * np.sqrt(b + c - (b - c) ** 2 / n) / n
    assert compare(*pair(60, 9, 2, 29)).difference_interval == pytest.approx((center - reach, center + reach), abs=1e-6)


def test_the_other_way_round_is_the_mirror_image():
    one, other = pair(60, 9, 2, 29)
    forth, back = compare(one, other), compare(other, one)
    assert back.difference == -forth.difference
    assert back.p_value == pytest.approx(forth.p_value)
    assert back.difference_interval == pytest.approx((-forth.difference_interval[1], -forth.difference_interval[0]))


def test_equal_networks_do_not_differ():
    one, _ = pair(60, 9, 2, 29)
    found = compare(one, one)
    assert found.difference == 0 and found.p_value == 1
    assert found.difference_interval[0] < 0 < found.difference_interval[1]


def test_pairing_narrows_the_interval():
    alike, unlike = compare(*pair(600, 20, 10, 370)), compare(*pair(400, 220, 210, 170))
    assert alike.top1 == unlike.top1
    assert np.diff(alike.difference_interval) < 0.4 * np.diff(unlike.difference_interval)


def test_intervals_hold_the_true_difference_about_95_times_in_100():
    generator = np.random.default_rng(0)
    shares, held = (0.6, 0.12, 0.06, 0.22), 0
    for counts in generator.multinomial(100, shares, size=1000):
        low, high = compare(*pair(*counts)).difference_interval
        held += low <= 0.06 <= high
    assert 935 <= held <= 975


def test_json_round_trip():
    values = compare(*pair(6, 2, 1, 1)).to_dict()
    assert json.loads(json.dumps(values, allow_nan=False)) == values


def test_refuses_other_images():
    one = predictions([1, 0, 1])
    with pytest.raises(ValueError, match="same images in the same order, got 3 and 2 labels"):
        compare(one, predictions([1, 0]))
    with pytest.raises(ValueError, match="Evaluate both on one data set"):
        compare(one, predictions([1, 0, 1], labels=np.array([0, 1, 0])))
