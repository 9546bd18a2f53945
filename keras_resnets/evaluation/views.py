"""Views of an image at test time, whose answers are averaged: its mirror, ten crops, several scales.

What is averaged are probabilities, as the papers do: Krizhevsky et al. 2012 (section 4.1) average "the predictions made
by the network's softmax layer", and Simonyan and Zisserman 2015 (arXiv:1409.1556, sections 3.2 and 4.2) the "soft-max
class posteriors" of mirrors and scales. He et al. 2015 (arXiv:1512.03385, section 3.4) use both ways and say "scores".
Over the positions of one image, Simonyan and Zisserman average the class scores before the softmax; so do we
(`models.resolution`).
"""

import math
from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np

SCALES = (224, 256, 384, 480, 640)
"""px of the shorter side in He et al. 2015, section 3.4."""


@dataclass(frozen=True, kw_only=True)
class Views:
    """Which views of an image a network is asked about."""

    kind: Literal["single", "flip", "ten-crop", "multi-scale"] = "single"
    """The image; it and its mirror; corners and center with their mirrors; the image at each of `scales` and mirrors.
    He et al. 2015 say nothing of mirrors at several scales; Simonyan and Zisserman 2015, whom they follow, have them.
    """
    crop: int | None = None
    """`ten-crop` only: px of a crop's side; None is the network's own size."""
    shorter_side: int | None = None
    """`ten-crop` only: px that the image's shorter side is resized to before the crops; None leaves the image."""
    scales: tuple[int, ...] = SCALES
    """`multi-scale` only: px of the shorter side, each at least 1."""

    def __post_init__(self):
        for name in ("crop", "shorter_side"):
            value = getattr(self, name)
            if value is not None and (self.kind != "ten-crop" or value < 1):
                raise ValueError(
                    f"Views: `{name}` must be at least 1 px and belongs to views `ten-crop`, got {value} with "
                    f"`{self.kind}`."
                )
        if not self.scales or min(self.scales) < 1:
            raise ValueError(f"Views: `scales` must be one or more sizes of at least 1 px, got {self.scales}.")


def predict_views(views, predict_at, input_shape):
    """A function of pixels (n, height, width, channels) that returns probabilities (n, classes), the mean over `views`.

    predict_at: function of (height, width) that returns the network for images of that size, as a function of float32
        pixels to probabilities; it raises ValueError for sizes that the network can't take.
    input_shape: (height, width, channels) that the network was made for. Single images, mirrors and crops have this
        size unless `views` says another.
    Raises ValueError, when called, for images of another size than the views need.
    """
    networks = {}

    def predict(images):
        size = images.shape[1:3]
        if size not in networks:
            networks[size] = predict_at(*size)
        return np.asarray(networks[size](images), "float64")

    def mean_over_views(pixels):
        pixels = np.asarray(pixels, "float32")
        answers = [predict(images) for images in _images(views, pixels, tuple(input_shape[:2]))]
        return np.mean(answers, axis=0)

    return mean_over_views


def mirrored(images):
    """(n, height, width, channels) mirrored left to right."""
    return images[:, :, ::-1]


def ten_crops(images, height, width):
    """The corners and the center of `images` (n, rows, columns, channels), then the mirror of each, one at a time.

    An odd remainder puts the center half a px up and left. Raises ValueError for crops larger than the images.
    Source: Krizhevsky et al. 2012, section 4.1.
    """
    down, right = images.shape[1] - height, images.shape[2] - width
    if down < 0 or right < 0:
        raise ValueError(
            f"ten_crops: crops of {height}x{width} px must fit into the images, got {images.shape[1]}x"
            f"{images.shape[2]} px. Lower `--crop`, or enlarge the images with `--shorter-side`."
        )
    for top, left in ((0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)):
        crop = images[:, top : top + height, left : left + width]
        yield crop
        yield mirrored(crop)


def with_shorter_side(images, side):
    """`images` (n, height, width, channels) resized so that the shorter side is `side` px, the ratio kept.

    Bilinear; where it shrinks, low-passed first, so that fine texture doesn't turn into coarse.
    """
    height, width = images.shape[1:3]
    scale = side / min(height, width)
    size = math.floor(height * scale + 0.5), math.floor(width * scale + 0.5)
    if size == (height, width):
        return images
    return keras.ops.convert_to_numpy(keras.ops.image.resize(images, size, interpolation="bilinear", antialias=True))


def _images(views, pixels, own_size):
    """The batches of images that `views` are made of, one at a time."""
    if views.kind == "ten-crop":
        if views.shorter_side is not None:
            pixels = with_shorter_side(pixels, views.shorter_side)
        yield from ten_crops(pixels, *((views.crop, views.crop) if views.crop else own_size))
    elif views.kind == "multi-scale":
        for side in views.scales:
            images = with_shorter_side(pixels, side)
            yield images
            yield mirrored(images)
    else:
        if pixels.shape[1:3] != own_size:
            raise ValueError(
                f"Views: the images must have the network's size, {own_size[0]}x{own_size[1]} px, got "
                f"{pixels.shape[1]}x{pixels.shape[2]}. Set `--data.image-size`, or rebuild the network for their size "
                "with `--resolution`."
            )
        yield pixels
        if views.kind == "flip":
            yield mirrored(pixels)
