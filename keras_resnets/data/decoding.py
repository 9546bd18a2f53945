"""Decoding: a picture, which is an encoded file (a scalar string) or a uint8 image, becomes pixels; all or a window."""

import tensorflow as tf


def decode(picture, channels=3):
    """The picture as uint8 (height, width, channels); of an animation the first frame, EXIF's orientation ignored."""
    if picture.dtype != tf.string:
        return picture
    image = tf.io.decode_image(picture, channels=channels, expand_animations=False)
    return tf.ensure_shape(image, (None, None, channels))


def decode_window(picture, choose, channels=3):
    """A window of the picture as uint8 (window height, window width, channels).

    choose: a function (height, width) -> (top, left, height, width), integers in px; called more than once, so it must
        draw from a fixed seed.
    Of a JPEG no more than the window is decoded. Its outermost pixels may differ by a few levels from those of a
    decoded whole, because where colors are stored at half the resolution, they are interpolated from neighbors.
    """

    def of_jpeg():
        size = tf.image.extract_jpeg_shape(picture)
        return tf.image.decode_and_crop_jpeg(picture, tf.stack(choose(size[0], size[1])), channels=channels)

    def of_any():
        image = decode(picture, channels)
        top, left, height, width = choose(tf.shape(image)[0], tf.shape(image)[1])
        return image[top : top + height, left : left + width]

    if picture.dtype != tf.string:
        return of_any()
    return tf.ensure_shape(tf.cond(tf.io.is_jpeg(picture), of_jpeg, of_any), (None, None, channels))
