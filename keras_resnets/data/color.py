"""Color: jitter of brightness, contrast and saturation, and AlexNet's lighting, both a change of axes in color space.

Keras' layers do other things than these papers: RandomBrightness adds a constant where PIL and Howard multiply,
RandomContrast fades each channel to its own mean rather than to gray, RandomSaturation scales HSV's saturation instead
of blending with gray.
"""

import numpy as np
import tensorflow as tf

from keras_resnets.data.seeds import seed_of
from keras_resnets.data.share import all_of

GRAY = np.array([0.299, 0.587, 0.114], "float32")
"""Shares of red, green and blue in luminance (ITU-R BT.601)."""
EIGENVALUES = 255 * np.array([0.2175, 0.0188, 0.0045], "float32")
"""Of the colors of ImageNet's training images, in pixel units."""
EIGENVECTORS = np.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]], "float32")
"""A column each, rows red, green and blue. Both from facebookarchive/fb.resnet.torch datasets/imagenet.lua."""


def color(augment, image_shape, seed):
    """A function (images, step, places) -> images that does what a `recipe.Augment` asks; None where it asks for none.

    Images are float32 (batch, height, width, 3) in 0..255, and may leave this range a little, as the papers' do:
    nothing is clipped. What is drawn differs from image to image. places: as in `augmentation`.
    ValueError for images without three channels.
    """
    if not augment.color_jitter and not augment.lighting:
        return None
    if image_shape[-1] != 3:
        name = "color_jitter" if augment.color_jitter else "lighting"
        raise ValueError(f"Augment: `{name}` needs images with 3 channels, got {image_shape[-1]}. Use 0, which is off.")

    def apply(images, step, places=None):
        places = places or all_of(images)
        if augment.color_jitter:
            images = jitter(images, augment.color_jitter, seed_of(seed, "jitter", step), places)
        if augment.lighting:
            images = images + places.of(lighting(places.size, augment.lighting, seed_of(seed, "light", step)))
        return images

    return apply


def jitter(images, strength, seed, places=None):
    """Images (batch, height, width, 3) with brightness, contrast and saturation changed.

    Each blends the image x with another, b: f x + (1 - f) b, with f even in [1 - strength, 1 + strength]. For
    brightness b is black, for contrast the mean luminance of the image, for saturation each pixel's own. The papers do
    so in random order, which changes nothing where nothing is clipped: the three commute, and are one matrix and one
    offset an image.
    Sources: Howard 2013 (arXiv:1312.5402, section 2.2) with strength 0.5; fb.resnet.torch with 0.4.
    """
    count, places = tf.shape(images)[0], places or all_of(images)
    drawn = tf.random.stateless_uniform([3, places.size, 1, 1], seed, 1 - strength, 1 + strength)
    brightness, contrast, saturation = (places.of(factor) for factor in tf.unstack(drawn))
    to_gray = tf.constant(np.repeat(GRAY[:, None], 3, axis=1))
    matrix = brightness * contrast * (saturation * tf.eye(3) + (1 - saturation) * to_gray)
    offset = brightness * (1 - contrast) * (tf.reduce_mean(images, axis=(1, 2))[:, None] @ to_gray)
    return tf.reshape(tf.reshape(images, (count, -1, 3)) @ matrix + offset, tf.shape(images))


def lighting(count, deviation, seed):
    """(count, 1, 1, 3) to be added to images in 0..255: the sum of principal components p_i times a_i lambda_i.

    deviation: that of a ~ N(0, deviation), 0.1 in the paper, which draws a anew whenever an image is used again.
    Source: Krizhevsky, Sutskever and Hinton 2012, "ImageNet Classification with Deep Convolutional Neural Networks",
    section 4.1.
    """
    weights = tf.random.stateless_normal([count, 3], seed, stddev=deviation)
    return ((weights * EIGENVALUES) @ EIGENVECTORS.T)[:, None, None]
