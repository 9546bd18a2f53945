"""Augmentation: each operation does what its name says, and nothing that its seed doesn't."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data.augmentation import StepSeeds, augmentation, random_crop, random_flip, seed_of
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


@pytest.mark.parametrize("augment", [Augment(rand_augment=2), Augment(erase=0.5), Augment(crop_padding=1, flip=True)])
def test_augmentation_is_a_function_of_seed_and_step(augment):
    apply = augmentation(augment, (8, 6, 3), seed=3)
    first, second, again = (apply(IMAGES[:8], tf.constant(step, tf.int64)).numpy() for step in (0, 1, 0))
    assert first.dtype == "float32" and first.min() >= 0 and first.max() <= 255
    assert np.array_equal(first, again) and not np.array_equal(first, second)
    other = augmentation(augment, (8, 6, 3), seed=4)(IMAGES[:8], tf.constant(0, tf.int64))
    assert not np.array_equal(first, other)


def test_rand_augment_is_the_layer_of_keras_image_by_image():
    step = tf.constant(5, tf.int64)
    ours = augmentation(Augment(rand_augment=2, rand_augment_magnitude=0.4), (8, 6, 3), seed=0)(IMAGES[:6], step)
    layer = keras.layers.RandAugment(num_ops=2, factor=0.4)
    layer.generator = StepSeeds()
    for position in range(6):
        layer.generator.start(tf.random.experimental.stateless_fold_in(seed_of(0, "augment", step), position))
        image = tf.constant(IMAGES[position : position + 1], tf.float32)
        theirs = layer.transform_images(image, layer.get_random_transformation(image))
        assert np.allclose(ours[position], theirs[0], atol=1e-3)


def test_rand_augment_draws_other_operations_for_other_images():
    same = np.repeat(IMAGES[:1], 16, axis=0)
    augmented = augmentation(Augment(rand_augment=1), (8, 6, 3), seed=0)(same, tf.constant(0, tf.int64)).numpy()
    assert len(np.unique(augmented.reshape(16, -1), axis=0)) > 8


def test_erasing_blanks_one_box_no_larger_than_its_share_in_about_half_of_the_images():
    images = np.full((200, 20, 20, 3), 7, "uint8")
    erased = augmentation(Augment(erase=0.25), (20, 20, 3), seed=0)(images, tf.constant(0, tf.int64)).numpy()
    changed = (erased != 7).any(axis=-1)
    touched = changed.any(axis=(1, 2))
    assert 60 < touched.sum() < 140
    for mask in changed[touched]:
        height, width = mask.any(axis=1).sum(), mask.any(axis=0).sum()
        assert height <= 11 and width <= 11  # half of 20 px and rounding
        assert mask.sum() == height * width


def test_rand_augment_needs_three_channels():
    with pytest.raises(ValueError, match="`rand_augment` needs images with 3 channels, got 1"):
        augmentation(Augment(rand_augment=1), (8, 8, 1), seed=0)
