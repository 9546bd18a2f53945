"""Each corruption does what its name says, as strongly as its parameter says, in the same way for the same seed."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy import ndimage

from keras_resnets.evaluation.corruptions import CORRUPTIONS, corrupt, defocus_blur, gaussian_noise, parameters_of
from keras_resnets.evaluation.weather import clipped_zoom, motion_blurred, plasma

generator = np.random.default_rng(0)
SMOOTH = ndimage.gaussian_filter(generator.uniform(0, 255, (32, 32, 3)), (2, 2, 0)) * 4 - 380
IMAGE = np.clip(SMOOTH, 20, 235).astype("uint8")
GRAY = np.full((64, 64, 3), 128, "uint8")


def roughness(image):
    """Mean of the squared steps between neighbors: blur lowers it, noise raises it."""
    image = image.astype(float)
    return (np.diff(image, axis=0) ** 2).mean() + (np.diff(image, axis=1) ** 2).mean()


@pytest.mark.parametrize("shape", [(32, 32, 3), (24, 40, 3), (8, 8, 1), (96, 80, 3)])
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_seed_decides_and_the_shape_stays(name, shape):
    image = generator.integers(0, 256, shape).astype("uint8")
    one = corrupt(image, name, 5, (0, 3))
    assert one.shape == shape and one.dtype == np.uint8
    assert (one == corrupt(image, name, 5, (0, 3))).all()
    assert (one != image).any()


# The severities of these two trade one kind of damage for another: px moved for blur, a shift for ripples.
@pytest.mark.parametrize("name", [name for name in CORRUPTIONS if name not in ("glass_blur", "elastic_transform")])
def test_damage_grows_with_severity(name):
    def damage(severity):
        images = [corrupt(IMAGE, name, severity, seed).astype(float) for seed in range(5)]
        return np.mean([(image - IMAGE) ** 2 for image in images])

    assert damage(1) < damage(3) < damage(5)


def test_noise_has_the_variance_of_its_parameter():
    pixels = corrupt(GRAY, "gaussian_noise", 2) / 255
    assert pixels.std() == pytest.approx(0.06, rel=0.03)
    pixels = corrupt(GRAY, "shot_noise", 2) / 255  # Poisson: variance = mean / photons
    assert pixels.var() == pytest.approx(128 / 255 / 250, rel=0.05)
    pixels = corrupt(GRAY, "impulse_noise", 5)
    assert (pixels == 0).mean() == pytest.approx(0.035, abs=0.006)
    assert (pixels == 255).mean() == pytest.approx(0.035, abs=0.006)


def test_large_images_get_the_strengths_of_imagenet_c():
    assert parameters_of((64, 500, 3)) == "CIFAR-10-C" and parameters_of((65, 65, 3)) == "ImageNet-C"
    assert (corrupt(np.full((224, 224, 3), 128, "uint8"), "gaussian_noise", 1) / 255).std() == pytest.approx(
        0.08, rel=0.02
    )


@pytest.mark.parametrize("name", ["defocus_blur", "motion_blur", "zoom_blur"])
def test_blurs_smooth_and_keep_the_mean(name):
    noisy = np.clip(128 + 40 * generator.normal(size=(32, 32, 3)), 0, 255).astype("uint8")
    blurred = corrupt(noisy, name, 5)
    assert roughness(blurred) < 0.5 * roughness(noisy)
    assert blurred.mean() == pytest.approx(noisy.mean(), abs=3)


def test_defocus_spreads_a_point_over_a_disk():
    point = np.zeros((41, 41, 1))
    point[20, 20] = 1
    spread = defocus_blur(point, generator, 6, 0.5)[..., 0]
    rows, columns = np.mgrid[-20:21, -20:21]
    distance = np.hypot(rows, columns)
    assert spread.sum() == pytest.approx(1)
    np.testing.assert_allclose(spread[distance < 4.5], 1 / 113, rtol=1e-6)  # 113 px lie within 6 of the middle
    assert not spread[distance > 8].any()


def test_motion_blur_smears_a_point_along_its_angle():
    point = np.zeros((21, 21, 1))
    point[10, 10] = 1
    for angle, axis in ((0, 1), (90, 0)):
        line = motion_blurred(point, 3, 2, angle)[..., 0]
        weights = np.exp(-(np.arange(7) ** 2) / 8)
        assert line.sum() == pytest.approx(1)
        assert (line.sum(axis=axis) > 0).sum() == 1  # one row, or one column
        np.testing.assert_allclose(np.sort(line.ravel())[:-8:-1], weights / weights.sum(), rtol=1e-6)


def test_glass_blur_only_moves_pixels_nearby():
    step = np.zeros((32, 32, 3), "uint8")
    step[:, 16:] = 255
    broken = corrupt(step, "glass_blur", 1)  # blurs by 0.05 px, which is nothing
    assert set(np.unique(broken)) == {0, 255}
    assert (broken[:, :12] == 0).all() and (broken[:, 20:] == 255).all()
    assert (broken[:, 15:17] != step[:, 15:17]).any()


def test_zoom_keeps_the_size_and_a_constant():
    assert clipped_zoom(np.ones((32, 20, 3)), 1.3).shape == (32, 20, 3)
    np.testing.assert_allclose(clipped_zoom(np.full((33, 20, 3), 0.3), 1.3), 0.3)


def test_clouds_fill_the_range_and_are_smooth_where_the_roughness_decays():
    smooth, rough = plasma(64, 3, np.random.default_rng(0)), plasma(64, 1.3, np.random.default_rng(0))
    for clouds in (smooth, rough):
        assert clouds.shape == (64, 64) and clouds.min() == 0 and clouds.max() == 1
    assert roughness(smooth) < 0.2 * roughness(rough)


def test_brightness_raises_the_value_and_keeps_hue_and_saturation():
    before = tf.image.rgb_to_hsv(IMAGE / 255).numpy()
    after = tf.image.rgb_to_hsv(corrupt(IMAGE, "brightness", 2) / 255).numpy()
    np.testing.assert_allclose(after[..., 2], np.minimum(before[..., 2] + 0.1, 1), atol=1 / 255)
    clear = before[..., 1] > 0.2
    np.testing.assert_allclose(after[clear, 1], before[clear, 1], atol=0.04)
    assert (corrupt(np.zeros((8, 8, 3), "uint8"), "brightness", 2) == 25).all()


def test_contrast_shrinks_the_deviation_by_its_share():
    pixels = corrupt(IMAGE, "contrast", 4).astype(float)
    np.testing.assert_allclose(pixels.std(axis=(0, 1)), 0.3 * IMAGE.std(axis=(0, 1)), rtol=0.03)


def test_fog_lightens_the_dark_and_keeps_the_brightest_in_range():
    dark = np.zeros((32, 32, 3), "uint8")
    dark[0, 0] = 255
    foggy = corrupt(dark, "fog", 4).astype(float)
    assert foggy[1:, 1:].mean() > 20 and foggy.max() <= 255
    np.testing.assert_allclose(foggy[..., 0], foggy[..., 2])  # gray


def test_snow_is_bright():
    assert (corrupt(GRAY, "snow", 5).astype(int) >= 126).all()
    assert (corrupt(GRAY, "snow", 5) > 200).mean() > 0.05


def test_elastic_transform_moves_an_edge_but_invents_no_value():
    step = np.zeros((32, 32, 3), "uint8")
    step[:, 16:] = 255
    bent = corrupt(step, "elastic_transform", 4)
    columns = bent[..., 0].mean(axis=1) / 255 * 32  # where the edge lies in each row
    assert columns.std() > 0.3 and (abs(columns - 16) < 8).all()
    assert (corrupt(np.full((32, 32, 3), 77, "uint8"), "elastic_transform", 4) == 77).all()


def test_pixelate_makes_blocks():
    large = generator.integers(0, 256, (100, 100, 3)).astype("uint8")
    blocks = corrupt(large, "pixelate", 5)  # a quarter: 25 x 25 squares of 4 px, each the mean of what it covers
    assert (blocks == np.kron(blocks[::4, ::4], np.ones((4, 4, 1), "uint8"))).all()
    np.testing.assert_allclose(blocks[::4, ::4], large.reshape(25, 4, 25, 4, 3).mean((1, 3)), atol=1)


def test_jpeg_has_the_quality_of_its_parameter():
    got = corrupt(IMAGE, "jpeg_compression", 5).astype(int)
    wanted = tf.io.decode_jpeg(tf.io.encode_jpeg(IMAGE, quality=40), dct_method="INTEGER_ACCURATE").numpy()
    assert abs(got - wanted).max() <= 4  # two decoders
    file = io.BytesIO()
    Image.fromarray(IMAGE).save(file, "JPEG", quality=40)
    assert (got == np.asarray(Image.open(file))).all()


def test_noise_of_a_color_image_is_not_gray():
    noise = gaussian_noise(GRAY / 255, generator, 0.1)
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.1


@pytest.mark.parametrize(
    ("image", "name", "severity", "message"),
    [
        (IMAGE, "frost", 1, r"must be one of gaussian_noise, .* got 'frost'\. That one needs pictures"),
        (IMAGE, "rain", 1, r"got 'rain'\."),
        (IMAGE, "fog", 6, "`severity` must be 1, 2, 3, 4 or 5, got 6"),
        (IMAGE / 255, "fog", 1, r"must be uint8 .* got float64 of \(32, 32, 3\)"),
        (IMAGE[..., :2], "fog", 1, r"got uint8 of \(32, 32, 2\)"),
    ],
)
def test_refuses(image, name, severity, message):
    with pytest.raises(ValueError, match=message):
        corrupt(image, name, severity)
