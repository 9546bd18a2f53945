"""Geometry of evaluation: how an image of any size becomes one of the network's, the same for everybody."""

import tensorflow as tf

PADDING = 32
"""px by which an image is larger than its center in `resize_crop_32` and `crop_resize`."""


def geometry(data, shape):
    """A function from uint8 images (height, width, channels), or a batch of equal ones, to (*shape, channels).

    data: a `recipe.Data`, whose `resize`, `resize_ratio`, `interpolation` and `antialias` it follows; shape: height and
    width in px. Small images are enlarged. DeepMind's code keeps what bicubic interpolation yields below 0 and above
    255; here pixels are rounded to 0..255, which is what a phone's camera can give.
    Sources: He et al. 2015 (arXiv:1512.03385, section 3.4); google-deepmind/deepmind-research nfnets/dataset.py.
    """

    def to(image, size):
        return resize(image, size, data.interpolation, data.antialias)

    def squash(image):
        return to(image, shape)

    def shorter_side(image):
        # torchvision's Resize and CenterCrop: the longer side is rounded down, the corner to the nearest px
        target = tf.cast(tf.round([side / data.resize_ratio for side in shape]), tf.int32)
        scale = tf.reduce_max(tf.cast(target, tf.float64) / _size(image))
        size = tf.maximum(tf.cast(_size(image) * scale + 1e-6, tf.int32), shape)
        return _center(to(image, size), shape, tf.cast(tf.round((size - shape) / 2), tf.int32))

    def resize_crop_32(image):
        size = [side + PADDING for side in shape]
        return _center(to(image, size), shape, [PADDING // 2] * 2)

    def crop_resize(image):
        top, left, height, width = padded_center(tf.shape(image)[-3], tf.shape(image)[-2], shape)
        return to(_center(image, (height, width), (top, left)), shape)

    policies = {
        "squash": squash,
        "shorter_side": shorter_side,
        "resize_crop_32": resize_crop_32,
        "crop_resize": crop_resize,
    }
    policy = policies[data.resize]
    return lambda image: tf.ensure_shape(policy(image), (*image.shape[:-3], *shape, image.shape[-1]))


def padded_center(height, width, shape):
    """(top, left, height, width) of DeepMind's padded center: size / (size + 32) of as much as fits, at least 1 px."""
    sides = tf.cast(tf.stack([height, width]), tf.float32)
    scale = tf.reduce_min(sides / [side + PADDING for side in shape])
    window = tf.maximum(tf.cast(scale * shape, tf.int32), 1)
    corner = (tf.stack([height, width]) - window + 1) // 2
    return (*tf.unstack(corner), *tf.unstack(window))


def resize(image, shape, interpolation="bilinear", antialias=True):
    """A uint8 image (height, width, channels) as (*shape, channels), rounded; also a batch."""
    resized = tf.image.resize(image, shape, method=interpolation, antialias=antialias)
    return tf.cast(tf.clip_by_value(tf.round(resized), 0, 255), tf.uint8)


def _size(image):
    return tf.cast(tf.shape(image)[-3:-1], tf.float64)


def _center(image, shape, corner):
    top, left = corner[0], corner[1]
    return image[..., top : top + shape[0], left : left + shape[1], :]
