"""Geometry of evaluation: each policy against the words of its paper, written with NumPy and PIL."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_resnets.data.geometry import geometry, padded_center, resize
from keras_resnets.recipe import Data

PHOTO = np.asarray(
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype="uint8")).resize((400, 300), 3)
)


def fitted(image, side=64, **options):
    """As a data set does it: within a graph, to which the image's size is unknown."""
    image = np.asarray(image)
    signature = tf.TensorSpec((*image.shape[:-3], None, None, image.shape[-1]), tf.uint8)
    return tf.function(geometry(Data(**options), (side, side)), [signature])(image).numpy()


def pil(image, height, width, filter_=Image.Resampling.BILINEAR):
    return np.asarray(Image.fromarray(image).resize((width, height), filter_)).astype(int)


def test_squash_is_the_whole_image_out_of_proportion():
    assert np.abs(fitted(PHOTO) - pil(PHOTO, 64, 64)).max() <= 2


def test_shorter_side_then_center_is_that_of_torchvision():
    for height, width, target in ((300, 400, (73, 97)), (400, 300, (97, 73)), (333, 333, (73, 73))):
        image = pil(PHOTO, height, width).astype("uint8")
        whole = pil(image, *target)  # 64 / 0.875 = 73; 73 * 400 / 300 = 97.3
        top, left = (round((length - 64) / 2) for length in target)
        expected = whole[top : top + 64, left : left + 64]
        assert np.abs(fitted(image, resize="shorter_side") - expected).max() <= 2
    assert np.abs(fitted(PHOTO, resize="shorter_side", resize_ratio=1.0) - pil(PHOTO, 64, 85)[:, 10:74]).max() <= 2


def test_nfnets_squash_to_32_px_more_and_take_the_center():
    expected = pil(PHOTO, 96, 96, Image.Resampling.BICUBIC)[16:80, 16:80]
    assert np.abs(fitted(PHOTO, resize="resize_crop_32", interpolation="bicubic") - expected).max() <= 3


def test_crop_resize_takes_the_padded_center():
    assert [int(value) for value in padded_center(300, 400, (64, 64))] == [50, 100, 200, 200]
    expected = pil(PHOTO[50:250, 100:300], 64, 64)
    assert np.abs(fitted(PHOTO, resize="crop_resize") - expected).max() <= 2


def test_without_antialias_a_pixel_is_interpolated_from_its_nearest_alone():
    stripes = np.zeros((64, 64, 3), "uint8")
    stripes[::8] = 255
    assert fitted(stripes, 8, antialias=False).max() == 0  # the white rows lie between the samples
    assert fitted(stripes, 8, antialias=True).min() >= 20


@pytest.mark.parametrize("policy", ["squash", "shorter_side", "resize_crop_32", "crop_resize"])
def test_images_of_any_size_and_batches_get_the_same_shape(policy):
    for size in ((1, 1), (3, 50), (70, 5), (64, 64)):
        assert fitted(np.zeros((*size, 1), "uint8"), resize=policy).shape == (64, 64, 1)
    batch = fitted(np.stack([PHOTO, PHOTO[::-1]]), resize=policy)
    assert batch.shape == (2, 64, 64, 3) and np.array_equal(batch[0], fitted(PHOTO, resize=policy))


def test_an_image_of_the_right_size_stays():
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype="uint8")
    assert np.array_equal(fitted(image, 32), image)
    assert np.array_equal(resize(image, (32, 32), "bicubic", False), image)
