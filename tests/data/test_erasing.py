"""Random erasing: one box of noise, its area and ratio in the paper's ranges, in half of the images."""

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data.erasing import boxes, erasing
from keras_resnets.data.share import Places
from keras_resnets.recipe import Augment

STEPS = [tf.constant(step, tf.int64) for step in (0, 1)]


def test_half_of_the_images_get_a_box_of_even_noise_and_keep_the_rest():
    images = np.full((400, 20, 20, 3), -1.0, "float32")
    erased = erasing(Augment(erase=0.25), 0)(images, STEPS[0]).numpy()
    changed = (erased != -1).any(axis=-1)
    assert 160 < changed.any(axis=(1, 2)).sum() < 240
    for mask in changed[changed.any(axis=(1, 2))]:
        assert mask.sum() == mask.any(axis=1).sum() * mask.any(axis=0).sum()
    noise = erased[changed]
    assert abs(noise.mean() - 127.5) < 2 and abs(noise.std() - 255 / 12**0.5) < 2


def test_areas_and_ratios_keep_to_the_papers_ranges_and_reach_the_ends():
    masks = boxes(Places(500), 100, 120, (0.02, 0.4), tf.constant([1, 2], tf.int64)).numpy()
    heights, widths = masks.any(axis=2).sum(axis=1), masks.any(axis=1).sum(axis=1)
    area, ratio = heights * widths / 12_000, heights / widths
    assert 0.018 < area.min() < 0.03 and 0.3 < area.max() < 0.41
    assert 0.28 < ratio.min() < 0.5 and 2.5 < ratio.max() < 3.6
    covered = masks.mean(axis=0)
    assert covered[:3, 60].min() > 0 and covered[-3:, 60].min() > 0 and covered[50, [0, -1]].min() > 0


@pytest.mark.parametrize("erase", [0.01, 0.5])
def test_erasing_is_a_function_of_seed_and_step(erase):
    images = np.zeros((16, 12, 12, 1), "float32")
    apply, other = erasing(Augment(erase=erase), 3), erasing(Augment(erase=erase), 4)
    first, again, second = (apply(images, STEPS[k]).numpy() for k in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, second)
    assert not np.array_equal(first, other(images, STEPS[0]))


def test_off_is_identity():
    images = np.zeros((2, 4, 4, 1), "float32")
    assert erasing(Augment(), 0)(images, STEPS[0]) is images
