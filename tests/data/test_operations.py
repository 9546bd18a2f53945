"""NFNet's sixteen operations against PIL's, or the formula of the reference written with NumPy."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from keras_resnets.data.operations import NFNET

NOISE = np.random.default_rng(0).integers(20, 230, (20, 30, 3), dtype="uint8")
SMOOTH = np.asarray(Image.fromarray(NOISE).resize((64, 48), Image.Resampling.BICUBIC))
SEEDS = [tf.constant([k, 5], tf.int64) for k in range(24)]


def applied(name, image, level, seed=SEEDS[0]):
    return NFNET[name](tf.constant(image), level, seed).numpy()


def constant(value, shape=(4, 4)):
    return np.full((*shape, 3), value, "uint8")


@pytest.mark.parametrize("name", NFNET)
@pytest.mark.parametrize("level", [0, 5, 10, 15, 20])
def test_an_operation_keeps_shape_and_type(name, level):
    result = applied(name, NOISE, level)
    assert result.shape == NOISE.shape and result.dtype == "uint8"


@pytest.mark.parametrize("image", [NOISE, SMOOTH], ids=["noise", "smooth"])
def test_equalize_and_auto_contrast_are_those_of_pil(image):
    assert np.array_equal(applied("Equalize", image, 10), np.asarray(ImageOps.equalize(Image.fromarray(image))))
    theirs = np.asarray(ImageOps.autocontrast(Image.fromarray(image))).astype(int)
    assert np.abs(applied("AutoContrast", image, 10) - theirs).max() <= 1
    assert (applied("AutoContrast", image, 10).min(), applied("AutoContrast", image, 10).max()) == (0, 255)


@pytest.mark.parametrize("name", ["Equalize", "AutoContrast"])
def test_what_has_one_color_stays(name):
    assert np.array_equal(applied(name, constant(77), 10), constant(77))


def test_invert_and_posterize_are_those_of_pil():
    assert np.array_equal(applied("Invert", NOISE, 10), 255 - NOISE)
    for level, bits in ((5, 2), (10, 4), (15, 6), (20, 8)):
        theirs = np.asarray(ImageOps.posterize(Image.fromarray(NOISE), bits))
        assert np.array_equal(applied("Posterize", NOISE, level), theirs)
    assert not applied("Posterize", NOISE, 2).any()  # int(0.8) bits


@pytest.mark.parametrize(("level", "threshold"), [(5, 128), (10, 0), (15, 128), (3, 76)])
def test_solarize_compares_in_8_bits_so_that_10_inverts_everything(level, threshold):
    ramp = np.repeat(np.arange(256, dtype="uint8")[None, :, None], 3, axis=2)
    assert np.array_equal(applied("Solarize", ramp, level), np.where(ramp < threshold, ramp, 255 - ramp))


def test_solarize_add_brightens_the_dark():
    values = {0: 110, 100: 210, 127: 237, 128: 128, 255: 255}
    for before, after in values.items():
        assert np.array_equal(applied("SolarizeAdd", constant(before), 10), constant(after))
    assert applied("SolarizeAdd", constant(127), 15)[0, 0, 0] == 255  # 127 + 165


@pytest.mark.parametrize("level", [2, 10, 15])
@pytest.mark.parametrize(("name", "enhance"), [("Color", "Color"), ("Brightness", "Brightness")])
def test_blends_are_those_of_pil(name, enhance, level):
    theirs = getattr(ImageEnhance, enhance)(Image.fromarray(NOISE)).enhance(0.18 * level + 0.1)
    assert np.abs(applied(name, NOISE, level).astype(int) - np.asarray(theirs)).max() <= 2


@pytest.mark.parametrize("level", [2, 10])
def test_sharpness_is_that_of_pil_and_leaves_the_outermost_pixels(level):
    smooth = np.asarray(Image.fromarray(NOISE).filter(ImageFilter.SMOOTH)).astype(float)
    factor = 0.18 * level + 0.1
    blend = np.clip(smooth + factor * (NOISE - smooth), 0, 255)
    ours = applied("Sharpness", NOISE, level)
    assert np.abs(ours - blend)[1:-1, 1:-1].max() <= 3
    border = np.ones(NOISE.shape[:2], bool)
    border[1:-1, 1:-1] = False
    assert np.array_equal(ours[border], NOISE[border])


def test_contrast_blends_with_a_gray_of_pixels_over_256():
    for shape, gray in (((48, 64), 12), ((200, 256), 200), ((300, 300), 255)):
        ours = applied("Contrast", constant(90, shape), 3)
        assert abs(int(ours[0, 0, 0]) - (gray + 0.64 * (90 - gray))) <= 1


def test_translations_move_by_10_px_a_level_either_way_and_fill_with_gray():
    image = np.random.default_rng(0).integers(0, 256, (128, 160, 3), dtype="uint8")
    for axis, name in ((1, "TranslateX"), (0, "TranslateY")):
        moved = set()
        for seed in SEEDS:
            result = np.moveaxis(applied(name, image, 5, seed), axis, 0)
            source = np.moveaxis(image, axis, 0)
            left, right = np.array_equal(result[:-50], source[50:]), np.array_equal(result[50:], source[:-50])
            assert left or right
            assert (result[-50:] == 128).all() if left else (result[:50] == 128).all()
            moved.add(left)
        assert moved == {True, False}


def test_shears_move_each_line_by_3_percent_of_its_number_a_level():
    for axis, name in ((0, "ShearX"), (1, "ShearY")):
        image = constant(50, (60, 60))
        both = set()
        for seed in SEEDS:
            result = np.moveaxis(applied(name, image, 10, seed), axis, 0)[..., 0]
            gray = (result == 128).sum(axis=1)
            assert np.abs(gray - 0.3 * np.arange(60)).max() <= 1
            both.add(result[-1, 0] == 128)
        assert both == {True, False}


def test_rotation_turns_around_the_center_by_3_degrees_a_level():
    image = np.zeros((61, 61, 3), "uint8")
    image[30, 45:60] = 255  # a ray to the right
    angles = []
    for seed in SEEDS:
        y, x = np.nonzero(applied("Rotate", image, 10, seed)[..., 0] == 255)
        angles.append(np.degrees(np.arctan2((y - 30).mean(), (x - 30).mean())))
    assert np.allclose(np.abs(angles), 30, atol=1.5) and min(angles) < 0 < max(angles)
    assert applied("Rotate", image, 10)[0, 0, 0] == 128


def test_cutout_is_a_gray_square_of_at_most_8_px_a_level():
    sides = []
    for seed in SEEDS:
        gray = (applied("Cutout", constant(7, (100, 100)), 5, seed) == 128).all(axis=-1)
        height, width = gray.any(axis=1).sum(), gray.any(axis=0).sum()
        assert gray.sum() == height * width and min(height, width) >= 20 and max(height, width) <= 40
        sides.append((height, width))
    assert (40, 40) in sides and len(set(sides)) > 1


@pytest.mark.parametrize("name", ["Color", "Contrast", "Brightness", "Sharpness"])
def test_at_level_5_blends_change_nothing(name):
    assert np.array_equal(applied(name, NOISE, 5), NOISE)
