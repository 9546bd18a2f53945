"""Random crops of images of any size, each a pure function of a picture and a seed."""

import tensorflow as tf

from keras_resnets.data.decoding import decode_window
from keras_resnets.data.geometry import padded_center, resize


def crops(augment, data, image_shape):
    """A function (picture, seed) -> uint8 (height, width, channels), or None where a `recipe.Augment` asks for none.

    picture: an encoded file or a uint8 image; seed: (2,). image_shape: height, width and channels of the result.
    Images smaller than the result are enlarged. ValueError where `crop_scale` begins below the result's size.
    """
    height, width, channels = image_shape
    if augment.crop == "scale" and augment.crop_scale[0] < max(height, width):
        raise ValueError(
            f"Augment: `crop_scale` must begin at the images' {max(height, width)} px or above, got "
            f"{augment.crop_scale}. A window can't be larger than the image; raise it, or lower `--data.image-size`."
        )
    window = {"none": None, "inception": inception_window, "scale": scale_window}[augment.crop]
    if window is None:
        return None

    def crop(picture, seed):
        part = decode_window(picture, lambda *size: window(augment, *size, (height, width), seed), channels)
        part = resize(part, (height, width), data.interpolation, data.antialias)
        return tf.ensure_shape(part, image_shape)

    return crop


def inception_window(augment, height, width, shape, seed):
    """(top, left, height, width) px of a window with an area and a ratio in the recipe's ranges.

    After ten draws that don't fit into the image, DeepMind's padded center, with `shape` the size of the result; where
    that is smaller than the smallest area, for results of few px, the whole image.
    TensorFlow draws the ratio and then the height evenly, so that small areas are likelier than large ones. DeepMind's
    code refuses windows of less than a tenth of the image: `crop_area` (0.1, 1).
    Sources: Szegedy et al. 2015 (arXiv:1409.4842, section 6); google-deepmind/deepmind-research nfnets/dataset.py.
    """
    corner, size, _ = tf.image.stateless_sample_distorted_bounding_box(
        tf.stack([height, width, 1]),
        bounding_boxes=tf.constant([[[0.0, 0.0, 1.0, 1.0]]]),
        seed=seed,
        min_object_covered=0.0,
        aspect_ratio_range=augment.crop_ratio,
        area_range=augment.crop_area,
        max_attempts=10,
        use_image_if_no_bounding_boxes=True,
    )
    drawn = (corner[0], corner[1], size[0], size[1])
    center = padded_center(height, width, shape)
    image = tf.cast(height, tf.float32) * tf.cast(width, tf.float32)
    large = tf.cast(center[2] * center[3], tf.float32) >= augment.crop_area[0] * image
    failed = tf.reduce_all(size[:2] == tf.stack([height, width]))  # the operation's own fallback is the whole image
    return tf.cond(failed & large, lambda: center, lambda: drawn)


def scale_window(augment, height, width, shape, seed):
    """(top, left, height, width) px of the window that `shape` px see after the shorter side is scaled at random.

    The shorter side's length is drawn evenly from the recipe's `crop_scale`, the place evenly. Cut before it is resized
    instead of after, so that no more is decoded than is seen: the window is rounded to whole px of the image.
    Source: He et al. 2015 (arXiv:1512.03385, section 3.4), after Simonyan and Zisserman 2014.
    """
    low, high = augment.crop_scale
    side = tf.random.stateless_uniform([], seed, low, high + 1, tf.int32)
    image = tf.cast(tf.stack([height, width]), tf.float32)
    scale = tf.reduce_min(image) / tf.cast(side, tf.float32)
    window = tf.clip_by_value(tf.round(scale * shape), 1, image)
    place = tf.random.stateless_uniform([2], seed + 1)
    corner = tf.cast(place * (image - window + 1), tf.int32)
    return (*tf.unstack(corner), *tf.unstack(tf.cast(window, tf.int32)))
