"""Mixing: labels are shared out as the pixels are."""

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data.mixing import mixing
from keras_resnets.recipe import Augment

CLASSES = 16
IMAGES = np.broadcast_to(np.arange(CLASSES, dtype="float32")[:, None, None, None], (CLASSES, 32, 32, 1)).copy()
LABELS = np.arange(CLASSES, dtype="int32")


def mixed(augment, step=0, seed=0):
    apply = mixing(augment, CLASSES, seed)
    return tuple(map(np.array, apply(tf.constant(IMAGES), tf.constant(LABELS), tf.constant(step, tf.int64))))


def test_without_mixing_nothing_changes():
    images, labels = mixed(Augment())
    assert np.array_equal(images, IMAGES) and np.array_equal(labels, LABELS)


def test_mixup_blends_pixels_as_labels():  # every pixel of an image is its label, so their blends agree
    images, labels = mixed(Augment(mixup=1.0))
    assert np.allclose(images[:, 0, 0, 0], labels @ np.arange(CLASSES), atol=1e-4)
    assert np.ptp(images, axis=(1, 2)).max() < 1e-5


def test_cutmix_pastes_a_box_whose_area_is_the_share():
    images, labels = mixed(Augment(cutmix=1.0))
    for i, (image, shares) in enumerate(zip(images[..., 0], labels, strict=True)):
        assert set(np.unique(image)) <= set(np.flatnonzero(shares)) | {i}
        assert abs((image == i).mean() - shares[i]) < 0.07  # the box is rounded to whole pixels
    assert (np.ptp(images, axis=(1, 2)) > 0).any()


def test_with_both_a_coin_decides_each_step():
    kinds = [np.isin(mixed(Augment(mixup=1.0, cutmix=1.0), step)[0], LABELS).all() for step in range(12)]
    assert any(kinds) and not all(kinds)


@pytest.mark.parametrize("augment", [Augment(mixup=0.4), Augment(cutmix=0.7), Augment(mixup=0.4, cutmix=1.0)])
def test_mixing_is_a_function_of_seed_and_step(augment):
    one, again, later, other = (mixed(augment, *at)[0] for at in ((0, 0), (0, 0), (1, 0), (0, 1)))
    assert np.array_equal(one, again) and not np.array_equal(one, later) and not np.array_equal(one, other)


def test_a_parameter_that_keras_does_not_take_is_an_error():
    with pytest.raises(ValueError, match=r"`cutmix` must be in \[0, 1\], got 1.5"):
        mixing(Augment(cutmix=1.5), CLASSES, 0)
