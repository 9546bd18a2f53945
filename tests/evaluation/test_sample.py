"""A sample is drawn once and for all, keeps images with their labels, and reaches over the whole set."""

import numpy as np
import pytest

from keras_resnets.evaluation import sample

PIXELS, LABELS = np.arange(100.0)[:, None], np.arange(100) // 10


def drawn(size, count, **options):
    batches = [(PIXELS[k : k + size], LABELS[k : k + size]) for k in range(0, 100, size)]
    pixels, labels = zip(*sample(batches, 100, count, **options), strict=True)
    return np.concatenate(pixels)[:, 0], np.concatenate(labels)


def test_images_keep_their_labels_and_their_order():
    pixels, labels = drawn(7, 30)
    assert len(pixels) == 30 and (np.diff(pixels) > 0).all()
    assert (labels == pixels // 10).all()
    assert len(set(labels)) >= 8  # the first 30 would be of 3 classes


def test_the_same_images_whatever_the_batches():
    assert (drawn(7, 30)[0] == drawn(64, 30)[0]).all()
    assert (drawn(7, 30)[0] != drawn(7, 30, seed=1)[0]).any()
    assert (drawn(7, 100)[0] == PIXELS[:, 0]).all()


def test_batches_are_as_large_as_those_they_were_drawn_from():
    batches = ((PIXELS[k : k + 16], LABELS[k : k + 16]) for k in range(0, 100, 16))
    assert [len(labels) for _, labels in sample(batches, 100, 40)] == [16, 16, 8]


@pytest.mark.parametrize("count", [0, 101])
def test_refuses_more_than_there_are(count):
    with pytest.raises(ValueError, match=rf"`count` must be in \[1, 100\], the images there are, got {count}"):
        drawn(10, count)
