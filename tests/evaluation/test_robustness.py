"""Robustness counts every image under every damage, the same whatever the batches."""

import json

import numpy as np
import pytest

from keras_resnets.evaluation import robustness
from keras_resnets.evaluation.corruptions import CORRUPTIONS, corrupt

generator = np.random.default_rng(0)
LABELS = np.arange(30) % 2
# Class 1 has a bright right half; noise of 0.1 and less contrast leave a threshold of 10 levels on the mean mostly met.
IMAGES = np.full((30, 16, 16, 3), 100, "uint8")
IMAGES[LABELS == 1, :, 8:] = 112


def predict(pixels):
    """Class 1 where the right half is brighter by 6 levels: right on all clean images, wrong where contrast is lost."""
    assert pixels.dtype == np.float32
    contrast = pixels[:, :, 8:].mean((1, 2, 3)) - pixels[:, :, :8].mean((1, 2, 3))
    return np.stack([np.full(len(pixels), 6.0), contrast], axis=1)


def batches(size):
    return [(IMAGES[k : k + size].astype("float32"), LABELS[k : k + size]) for k in range(0, 30, size)]


def test_counts_by_hand_and_the_two_errors():
    result = robustness(predict, batches(7), ("contrast", "gaussian_noise"), (1, 5))
    assert result.n == 30 and result.clean_top1 == 1
    assert result.top1["contrast"] == (1, 0.5)  # 0.75 and 0.15 of 12 levels
    for column, severity in enumerate((1, 5)):
        damaged = np.stack([corrupt(x, "gaussian_noise", severity, (0, k)) for k, x in enumerate(IMAGES)])
        right = (predict(damaged.astype("float32")).argmax(1) == LABELS).mean()
        assert result.top1["gaussian_noise"][column] == pytest.approx(right)
    mean = np.mean([*result.top1["contrast"], *result.top1["gaussian_noise"]])
    assert result.mean_corruption_error == pytest.approx(1 - mean)
    assert result.relative_corruption_error == pytest.approx(1 - mean)  # the clean error is 0
    assert "frost" in result.left_out and "fog" in result.left_out and "contrast" not in result.left_out


def test_an_image_is_damaged_alike_in_batches_of_any_size():
    one, other = (robustness(predict, batches(size), ("shot_noise", "glass_blur"), (5,)) for size in (30, 4))
    assert one == other
    assert one != robustness(predict, batches(30), ("shot_noise", "glass_blur"), (5,), seed=1)


def test_says_whose_strengths_and_what_deviates():
    result = robustness(predict, batches(30), severities=(1,))
    assert set(result.top1) == set(CORRUPTIONS) and result.left_out == ("frost",)
    assert result.parameters == "CIFAR-10-C"
    assert set(result.deviations) == {"motion_blur", "snow", "elastic_transform"}
    values = result.to_dict()
    assert json.loads(json.dumps(values, allow_nan=False)) == values


@pytest.mark.parametrize(
    ("data", "names", "severities", "message"),
    [
        ([], ("fog",), (1,), "`batches` must hold at least one image"),
        (batches(30), (), (1,), "at least one name and one severity"),
        (batches(30), ("rain",), (1,), "got 'rain'"),
        (batches(30), ("fog",), (0,), "`severity` must be 1, 2, 3, 4 or 5, got 0"),
    ],
)
def test_refuses(data, names, severities, message):
    with pytest.raises(ValueError, match=message):
        robustness(predict, data, names, severities)
