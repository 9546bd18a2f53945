"""The sixteen operations of NFNet's RandAugment, PIL's as TensorFlow's AutoAugment code renders them.

Each takes a uint8 image (height, width, 3), a level (an integer, 10 of 10) and a seed (2,), and gives such an image.
Two quirks of the reference are kept, because the networks were trained with them: Solarize compares in uint8, so that
at level 10 its threshold of 256 wraps to 0 and all is inverted, and at 15 one of 384 wraps to 128; Contrast blends not
with the mean luminance but with a gray of pixels / 256, at most 255, from 256 x 256 px on white. At level 5, that of
NFNet-F0, Color, Contrast, Brightness and Sharpness leave the image as it is, because their factor is 1.
Source: google-deepmind/deepmind-research nfnets/autoaugment.py.
"""

import math

import numpy as np
import tensorflow as tf

FILL = 128
"""What lies outside of a moved image and in a cutout."""


def auto_contrast(image, level, seed):
    """Each channel's darkest to 0 and brightest to 255."""
    pixels = tf.cast(image, tf.float32)
    low, high = (_over_pixels(reduce, pixels) for reduce in (tf.reduce_min, tf.reduce_max))
    scale = tf.where(high > low, tf.math.divide_no_nan(255.0, high - low), 1)
    offset = tf.where(high > low, -low * scale, 0)
    return tf.cast(tf.clip_by_value(pixels * scale + offset, 0, 255), tf.uint8)


def equalize(image, level, seed):
    """Each channel's histogram flat."""
    height, width, channels = image.shape
    values = tf.reshape(tf.cast(image, tf.int32), (-1, channels)) + 256 * tf.range(channels)
    counts = tf.reshape(tf.math.bincount(tf.reshape(values, [-1]), minlength=256 * channels), (channels, 256))
    brightest = tf.reduce_max(tf.where(counts > 0, tf.range(256), 0), axis=1)
    step = (height * width - tf.gather(counts, brightest, batch_dims=1))[:, None] // 255
    table = (tf.cumsum(counts, axis=1, exclusive=True) + step // 2) // tf.maximum(step, 1)
    table = tf.clip_by_value(tf.where(tf.range(256) > 0, table, 0), 0, 255)
    table = tf.where(step > 0, table, tf.range(256))
    return tf.reshape(tf.gather(tf.reshape(tf.cast(table, tf.uint8), [-1]), values), image.shape)


def invert(image, level, seed):
    """255 minus each pixel."""
    return 255 - image


def rotate(image, level, seed):
    """Turned by 3 degrees a level, either way."""
    angle = _signed(math.radians(3 * level), seed)
    cos, sin = tf.cos(angle), tf.sin(angle)
    x, y = image.shape[1] - 1, image.shape[0] - 1
    return _moved(image, cos, -sin, (x - cos * x + sin * y) / 2, sin, cos, (y - sin * x - cos * y) / 2)


def posterize(image, level, seed):
    """No more than the highest int(0.4 level) bits of each channel."""
    shift = tf.constant(8 - int(level / 10 * 4), tf.uint8)
    if int(level / 10 * 4) == 0:  # a shift by all eight bits is undefined
        return tf.zeros_like(image)
    return tf.bitwise.left_shift(tf.bitwise.right_shift(image, shift), shift)


def solarize(image, level, seed):
    """Inverted from int(25.6 level) modulo 256 on."""
    return _choose(image < int(level / 10 * 256) % 256, image, 255 - image)


def color(image, level, seed):
    """Away from gray, or towards it."""
    return _blend(tf.image.grayscale_to_rgb(tf.image.rgb_to_grayscale(image)), image, level)


def contrast(image, level, seed):
    """Away from a gray of pixels / 256, or towards it."""
    gray = min(image.shape[0] * image.shape[1] / 256, 255)
    return _blend(tf.fill(tf.shape(image), tf.cast(gray, tf.uint8)), image, level)


def brightness(image, level, seed):
    """Away from black, or towards it."""
    return _blend(tf.zeros_like(image), image, level)


def sharpness(image, level, seed):
    """Away from the smoothed image, or towards it; the outermost pixels stay."""
    pixels = tf.cast(image, tf.float32)
    rows = pixels[:-2] + pixels[1:-1] + pixels[2:]
    around = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    smooth = tf.floor((around + 4 * pixels[1:-1, 1:-1]) / 13)  # PIL's SMOOTH: ones, and five in the middle
    inner = tf.pad(_blend(smooth, image[1:-1, 1:-1], level), ((1, 1), (1, 1), (0, 0)))
    border = np.ones(image.shape, "uint8")
    border[1:-1, 1:-1] = 0
    return inner + image * border


def shear_x(image, level, seed):
    """Rows moved by 0.03 px a level and row, either way."""
    return _moved(image, 1, _signed(0.03 * level, seed), 0, 0, 1, 0)


def shear_y(image, level, seed):
    """Columns moved by 0.03 px a level and column, either way."""
    return _moved(image, 1, 0, 0, _signed(0.03 * level, seed), 1, 0)


def translate_x(image, level, seed):
    """Moved sideways by 10 px a level, either way."""
    return _moved(image, 1, 0, _signed(10 * level, seed), 0, 1, 0)


def translate_y(image, level, seed):
    """Moved up or down by 10 px a level."""
    return _moved(image, 1, 0, 0, 0, 1, _signed(10 * level, seed))


def cutout(image, level, seed):
    """A gray square of twice int(4 level) px around a random pixel, cut off at the borders."""
    reach = int(level / 10 * 40)
    size = image.shape[:2]
    center = tf.cast(tf.random.stateless_uniform([2], seed) * list(size), tf.int32)
    row, column = (tf.range(side) - center[axis] for axis, side in enumerate(size))
    column = tf.repeat(column, 3)  # without a last axis to broadcast along it is three times faster
    inside = ((row >= -reach) & (row < reach))[:, None] & ((column >= -reach) & (column < reach))
    return _choose(tf.reshape(inside, image.shape), FILL, image)


def solarize_add(image, level, seed):
    """Brighter by int(11 level) below 128."""
    more = int(level / 10 * 110)
    return _choose(image < 128, tf.minimum(image, max(255 - more, 0)) + min(more, 255), image)


NFNET = {
    "AutoContrast": auto_contrast,
    "Equalize": equalize,
    "Invert": invert,
    "Rotate": rotate,
    "Posterize": posterize,
    "Solarize": solarize,
    "Color": color,
    "Contrast": contrast,
    "Brightness": brightness,
    "Sharpness": sharpness,
    "ShearX": shear_x,
    "ShearY": shear_y,
    "TranslateX": translate_x,
    "TranslateY": translate_y,
    "Cutout": cutout,
    "SolarizeAdd": solarize_add,
}
"""By the paper's name, in the reference's order."""


def _over_pixels(reduce, image):
    """`reduce` over height and width, along rows first: five times faster than over both at once."""
    return reduce(tf.reshape(reduce(tf.reshape(image, (image.shape[0], -1)), axis=0), (-1, image.shape[-1])), axis=0)


def _choose(condition, one, other):
    """`tf.where` in uint8, as a sum: three times faster."""
    chosen = tf.cast(condition, tf.uint8)
    return chosen * one + (1 - chosen) * other


def _signed(size, seed):
    return tf.where(tf.random.stateless_uniform([], seed) < 0.5, size, -size)


def _blend(other, image, level):
    """From `other` towards the image and beyond: 0 is the one, 1 the other; a level of 5 is 1, 10 is 1.9."""
    factor = level / 10 * 1.8 + 0.1
    other, image = tf.cast(other, tf.float32), tf.cast(image, tf.float32)
    return tf.cast(tf.clip_by_value(other + factor * (image - other), 0, 255), tf.uint8)


def _moved(image, *rows):
    """Pixel (x, y) taken from (a x + b y + c, d x + e y + f), the nearest; gray where that lies outside."""
    transform = tf.stack([tf.cast(value, tf.float32) for value in (*rows, 0, 0)])
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=image[None],
        transforms=transform[None],
        output_shape=image.shape[:2],
        fill_value=float(FILL),
        interpolation="NEAREST",
        fill_mode="CONSTANT",
    )[0]
