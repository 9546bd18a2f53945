"""Random crops: windows in their ranges that reach the ends, and the pixels of just that window."""

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data.crops import crops, inception_window, scale_window
from keras_resnets.recipe import Augment, Data

NUMBERS = range(400)


def windows(window, augment, height, width, shape=(24, 24)):
    seeds = tf.data.Dataset.range(len(NUMBERS)).map(lambda k: tf.stack([k, 3]))
    drawn = seeds.map(lambda seed: tf.stack(window(augment, height, width, shape, seed)))
    return np.stack(list(drawn.as_numpy_iterator())).T


def coordinates(height, width):
    """An image whose pixels are (row, column, 0)."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, 0 * rows], axis=-1).astype("uint8")


@pytest.mark.parametrize(
    ("area", "ratio"), [((0.08, 1.0), (3 / 4, 4 / 3)), ((0.25, 0.5), (1.0, 1.0)), ((0.28, 0.32), (0.6, 1.8))]
)
def test_inception_windows_keep_to_their_ranges_and_reach_the_ends(area, ratio):
    height, width = 600, 800
    top, left, rows, columns = windows(inception_window, Augment(crop_area=area, crop_ratio=ratio), height, width)
    assert top.min() >= 0 and left.min() >= 0 and (top + rows).max() <= height and (left + columns).max() <= width
    for found, (low, high) in ((rows * columns / (height * width), area), (columns / rows, ratio)):
        assert low * 0.97 <= found.min() <= low + 0.1 * (high - low) + 0.01
        assert high * 0.9 - 0.05 <= found.max() <= high * 1.03
    assert top.min() < 30 and left.min() < 40  # in the corners, too
    assert (top + rows).max() > 570 and (left + columns).max() > 760


def test_where_no_window_fits_the_padded_center_is_taken():
    never = Augment(crop_area=(0.3, 1.0), crop_ratio=(8.0, 9.0))
    drawn = windows(inception_window, never, 600, 800, (224, 224))
    assert (drawn.T == [38, 138, 525, 525]).all()  # 600 * 224 / 256 = 525
    drawn = windows(inception_window, never, 600, 800, (16, 16))
    assert (drawn.T == [0, 0, 600, 800]).all()  # 16 / 48 of it would be less than the smallest area


def test_scale_windows_are_those_of_the_shorter_side_between_its_ends():
    augment = Augment(crop="scale", crop_scale=(256, 480))
    top, left, rows, columns = windows(scale_window, augment, 500, 1000, (224, 224))
    assert np.array_equal(rows, columns)
    assert top.min() >= 0 and left.min() >= 0 and (top + rows).max() <= 500 and (left + columns).max() <= 1000
    side = 500 * 224 / rows  # px that the shorter side would be resized to
    assert 255 <= side.min() < 262 and 470 < side.max() <= 481
    assert abs(np.median(side) - 368) < 20  # evenly
    assert (left + columns).max() > 950 and left.min() < 50


@pytest.mark.parametrize("kind", ["inception", "scale"])
@pytest.mark.parametrize("encode", [tf.io.encode_jpeg, tf.io.encode_png, None], ids=["jpeg", "png", "image"])
def test_a_crop_shows_its_window_and_nothing_else(kind, encode):
    image = coordinates(90, 120)
    picture = encode(image, **({"quality": 100} if encode == tf.io.encode_jpeg else {})) if encode else image
    augment = Augment(crop=kind, crop_scale=(30, 60))
    crop = crops(augment, Data(antialias=False), (24, 24, 3))
    window = {"inception": inception_window, "scale": scale_window}[kind]
    corners = set()
    for number in range(12):
        seed = tf.constant([number, 7], tf.int64)
        top, left, rows, columns = (int(value) for value in window(augment, 90, 120, (24, 24), seed))
        found = crop(tf.constant(picture), seed).numpy().astype(float)
        assert found.shape == (24, 24, 3)
        expected = np.clip(top + (np.arange(24) + 0.5) * rows / 24 - 0.5, top, top + rows - 1)
        assert np.abs(found[:, 12, 0] - expected).max() < (7 if encode == tf.io.encode_jpeg else 1)
        expected = np.clip(left + (np.arange(24) + 0.5) * columns / 24 - 0.5, left, left + columns - 1)
        assert np.abs(found[12, :, 1] - expected).max() < (7 if encode == tf.io.encode_jpeg else 1)
        corners.add((top, left))
    assert len(corners) > 8


@pytest.mark.parametrize("kind", ["inception", "scale"])
def test_an_image_smaller_than_the_crop_is_enlarged(kind):
    crop = crops(Augment(crop=kind), Data(), (224, 224, 3))
    for size in ((5, 9), (1, 1)):
        found = crop(tf.io.encode_png(np.full((*size, 3), 9, "uint8")), tf.constant([0, 1], tf.int64))
        assert found.shape == (224, 224, 3) and (found.numpy() == 9).all()


def test_a_scale_below_the_images_size_is_refused():
    with pytest.raises(ValueError, match=r"`crop_scale` must begin at the images' 320 px or above, got \(256, 480\)"):
        crops(Augment(crop="scale"), Data(), (320, 320, 3))
    assert crops(Augment(), Data(), (320, 320, 3)) is None
