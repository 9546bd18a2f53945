"""Color: jitter equals three blends one after the other, lighting has the covariance of AlexNet's formula."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data.color import EIGENVALUES, EIGENVECTORS, GRAY, color, jitter, lighting
from keras_resnets.recipe import Augment

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 5, 3)).astype("float32")
SEED = tf.constant([1, 2], tf.int64)


def blended(image, kind, factor):
    """One change as PIL and fb.resnet.torch word it, without rounding."""
    gray = np.repeat((image @ GRAY)[..., None], 3, axis=-1)
    other = [np.zeros_like(image), np.full_like(image, gray.mean()), gray][kind]
    return factor * image + (1 - factor) * other


def test_jitter_is_brightness_contrast_and_saturation_in_any_order():
    factors = tf.random.stateless_uniform([3, 40, 1, 1], SEED, 0.5, 1.5).numpy().reshape(3, 40).T
    assert factors.min() < 0.55 and factors.max() > 1.45
    for before, after, drawn in zip(IMAGES, jitter(IMAGES, 0.5, SEED).numpy(), factors, strict=True):
        for order in itertools.permutations(range(3)):
            image = before.astype("float64")
            for kind in order:
                image = blended(image, kind, drawn[kind])
            assert np.abs(image - after).max() < 1e-2


def test_gray_stays_gray_but_for_brightness():
    gray = np.full((20, 4, 4, 3), 100, "float32")
    changed = jitter(gray, 0.5, SEED).numpy()
    assert np.ptp(changed, axis=(1, 2, 3)).max() < 1e-3 and np.ptp(changed) > 50
    assert np.allclose(jitter(IMAGES, 0.0, SEED), IMAGES, atol=1e-3)


def test_lighting_has_the_covariance_of_its_components():
    drawn = lighting(20_000, 0.1, SEED).numpy()[:, 0, 0]
    expected = EIGENVECTORS @ np.diag((0.1 * EIGENVALUES) ** 2) @ EIGENVECTORS.T
    assert np.abs(np.cov(drawn.T) - expected).max() < 0.03 * expected.max()
    assert np.abs(drawn.mean(axis=0)).max() < 0.1
    assert np.allclose(EIGENVECTORS.T @ EIGENVECTORS, np.eye(3), atol=1e-3)  # copied without a slip


def test_each_image_gets_one_shift_of_its_own():
    apply = color(Augment(lighting=0.1), (6, 5, 3), seed=0)
    shift = apply(IMAGES, tf.constant(0, tf.int64)).numpy() - IMAGES
    assert np.ptp(shift, axis=(1, 2)).max() < 1e-3
    assert len(np.unique(np.round(shift[:, 0, 0], 3), axis=0)) == 40


def test_color_needs_three_channels():
    with pytest.raises(ValueError, match="`lighting` needs images with 3 channels, got 1"):
        color(Augment(lighting=0.1), (8, 8, 1), 0)
    with pytest.raises(ValueError, match="`color_jitter` needs images with 3 channels, got 1"):
        color(Augment(color_jitter=0.1), (8, 8, 1), 0)
    assert color(Augment(), (8, 8, 1), 0) is None
