"""NFNet's mixing: of 2 n images n, half by MixUp and half by CutMix; labels are exactly the shares of the pixels."""

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data.pair_mixing import beta, cutmix_boxes, cutmix_masks, pair_mixing

SEED = tf.constant([1, 2], tf.int64)
LABELS = np.arange(32, dtype="int32")
IMAGES = np.broadcast_to(LABELS[:, None, None, None], (32, 20, 24, 3)).astype("float32")  # all pixels are the label


def mixed(mixup=0.2, cutmix=1.0, step=0, seed=0, images=IMAGES, labels=LABELS):
    apply = pair_mixing(mixup, cutmix, 32, seed)
    return tuple(map(np.array, apply(tf.constant(images), tf.constant(labels), tf.constant(step, tf.int64))))


def test_first_half_is_blended_and_second_half_pasted():
    images, labels = mixed()
    assert images.shape == (16, 20, 24, 3) and labels.shape == (16, 32)
    assert np.ptp(images[:8], axis=(1, 2, 3)).max() < 1e-5
    for k, image in enumerate(images[8:], 8):
        assert set(np.unique(image)) <= {k, 16 + k}
    assert sum(len(np.unique(image)) == 2 for image in images[8:]) > 4


def test_labels_are_the_shares_of_the_pixels():
    for step in range(5):
        images, labels = mixed(step=step)
        assert np.allclose(labels.sum(axis=1), 1)
        assert np.allclose(images.mean(axis=(1, 2, 3)), labels @ LABELS, atol=1e-3)
        for k, shares in enumerate(labels):
            assert set(np.flatnonzero(shares)) <= {k, 16 + k}


def test_cutmix_shows_the_first_image_in_one_box_of_the_references_size():
    masks = cutmix_masks(*cutmix_boxes(300, 1.0, SEED), (20, 24)).numpy()
    side = np.sqrt(1 - beta(300, 1.0, SEED).numpy())
    for mask, length in zip(masks, side, strict=True):
        height, width = mask.any(axis=1).sum(), mask.any(axis=0).sum()
        assert mask.sum() == height * width and set(np.unique(mask)) <= {0, 1}
        assert height <= 2 * (int(20 * length) // 2) and width <= 2 * (int(24 * length) // 2)
    assert masks[:, 0, 0].any() and masks[:, -1, -1].any() and masks[:, 10, 12].any()
    assert abs(cutmix_masks(*cutmix_boxes(2000, 1.0, SEED), (100, 100)).numpy().mean() - numeric_share()) < 0.02


def numeric_share():
    """Mean share of a box of sides sqrt(1 - u), u even, around an even center in the unit square, cut off."""
    generator = np.random.default_rng(0)
    half, center = np.sqrt(1 - generator.random(200_000)) / 2, generator.random((2, 200_000))
    low, high = np.clip(center - half, 0, 1), np.clip(center + half, 0, 1)
    return np.prod(high - low, axis=0).mean()


@pytest.mark.parametrize("parameter", [0.2, 1.0])
def test_beta_has_mean_and_variance_of_its_distribution(parameter):
    drawn = beta(20_000, parameter, SEED).numpy()
    assert drawn.min() >= 0 and drawn.max() <= 1 and abs(drawn.mean() - 0.5) < 0.01
    assert abs(drawn.var() - 1 / (4 * (2 * parameter + 1))) < 0.004


def test_with_one_parameter_zero_all_pairs_are_mixed_by_the_other():
    assert np.ptp(mixed(cutmix=0.0)[0], axis=(1, 2, 3)).max() < 1e-5
    for k, image in enumerate(mixed(mixup=0.0)[0]):
        assert set(np.unique(image)) <= {k, 16 + k}


def test_an_odd_batch_and_a_batch_of_one_are_whole():
    for pairs in (1, 3):
        images, labels = mixed(images=IMAGES[: 2 * pairs], labels=LABELS[: 2 * pairs])
        assert len(images) == len(labels) == pairs


def test_mixing_is_a_function_of_seed_and_step():
    one, again, later, other = (mixed(step=step, seed=seed)[0] for step, seed in ((0, 0), (0, 0), (1, 0), (0, 1)))
    assert np.array_equal(one, again) and not np.array_equal(one, later) and not np.array_equal(one, other)
