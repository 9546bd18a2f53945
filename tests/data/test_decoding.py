"""Decoding: a window is the same whether it is cut before or after decoding."""

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data.decoding import decode, decode_window

IMAGE = tf.cast(tf.image.resize(np.random.default_rng(0).integers(0, 256, (6, 8, 3)), (70, 90)), tf.uint8)
FILES = {
    "jpeg": lambda: tf.io.encode_jpeg(IMAGE, quality=95, chroma_downsampling=False),
    "progressive jpeg": lambda: tf.io.encode_jpeg(IMAGE, progressive=True, chroma_downsampling=False),
    "gray jpeg": lambda: tf.io.encode_jpeg(IMAGE[..., :1]),
    "png": lambda: tf.io.encode_png(IMAGE),
    "image": lambda: IMAGE,
}


@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
def test_a_window_is_that_of_the_whole(make):
    picture = make()
    whole = decode(picture).numpy()
    assert whole.shape == (70, 90, 3)
    for top, left, height, width in ((0, 0, 70, 90), (13, 27, 40, 31), (69, 89, 1, 1)):
        sizes = []

        def choose(*size, window=(top, left, height, width), sizes=sizes):
            sizes.append(size)
            return window

        found = decode_window(picture, choose).numpy()
        assert np.array_equal(found, whole[top : top + height, left : left + width])
        assert [int(side) for side in sizes[0]] == [70, 90]


def test_where_jpeg_stores_colors_at_half_the_resolution_only_the_windows_edge_differs():
    picture = tf.io.encode_jpeg(IMAGE, quality=95)
    part = decode_window(picture, lambda *_: (13, 27, 40, 31)).numpy().astype(int)
    difference = np.abs(part - decode(picture).numpy()[13:53, 27:58])
    assert difference[:, 2:-2].max() == 0 and difference.max() <= 8


def test_gray_files_stay_gray_where_one_channel_is_asked_for():
    assert decode_window(tf.io.encode_png(IMAGE[..., :1]), lambda *_: (1, 2, 3, 4), channels=1).shape == (3, 4, 1)
