"""Augmentation of batches: each operation does what its name says, and nothing that its seed doesn't."""

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data.augmentation import augmentation, random_crop, random_flip
from keras_resnets.recipe import Augment

IMAGES = np.random.default_rng(0).integers(1, 256, (64, 8, 6, 3), dtype="uint8")


def test_a_crop_is_a_window_of_the_padded_image():
    cropped = random_crop(tf.constant(IMAGES), 2, [1, 2]).numpy()
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)))
    corners = set()
    for image, around in zip(cropped, padded, strict=True):
        found = [(y, x) for y in range(5) for x in range(5) if np.array_equal(around[y : y + 8, x : x + 6], image)]
        assert len(found) == 1
        corners.add(found[0])
    assert len(corners) > 15  # 64 draws of 25 corners


def test_a_flip_mirrors_about_half_of_the_images_left_to_right():
    flipped = random_flip(tf.constant(IMAGES), [1, 2]).numpy()
    mirrored = np.array([np.array_equal(a, b[:, ::-1]) for a, b in zip(flipped, IMAGES, strict=True)])
    same = np.array([np.array_equal(a, b) for a, b in zip(flipped, IMAGES, strict=True)])
    assert (mirrored ^ same).all() and 16 < mirrored.sum() < 48


@pytest.mark.parametrize("augment", [Augment(crop_padding=1, flip=True), Augment(color_jitter=0.5, lighting=0.1)])
def test_augmentation_is_a_function_of_seed_and_step(augment):
    apply = augmentation(augment, (8, 6, 3), seed=3)
    first, second, again = (apply(IMAGES[:8], tf.constant(step, tf.int64)).numpy() for step in (0, 1, 0))
    assert first.dtype == "float32"
    assert np.array_equal(first, again) and not np.array_equal(first, second)
    other = augmentation(augment, (8, 6, 3), seed=4)(IMAGES[:8], tf.constant(0, tf.int64))
    assert not np.array_equal(first, other)
