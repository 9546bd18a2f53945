"""Xception: residual blocks of depthwise-separable convolutions (Chollet 2016)."""

from dataclasses import dataclass
from typing import Literal

import keras

from keras_resnets.layers import XceptionBlock
from keras_resnets.layers.conventions import INITIALIZERS, Conventions
from keras_resnets.layers.separable_block import separable_convolution
from keras_resnets.models._application import application

KERAS = Conventions(padding="same", epsilon=1e-3, momentum=0.99, initializer="glorot_uniform")
"""keras.applications.Xception."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Extreme Inception: every convolution after the stem is depthwise-separable (arXiv:1610.02357, figure 5)."""

    stem_widths: tuple[int, int] = (32, 64)
    """Channels of the two 3x3 convolutions before the blocks; they pad nothing ("valid"), and the first strides."""
    widths: tuple[int, ...] = (128, 256, 728)
    """Channels of the blocks that halve the map in the entry flow."""
    middle: int = 8
    """Blocks of three separable convolutions on the smallest map of the entry flow, with an identity skip."""
    exit_width: int = 1024
    """Channels of the block that halves the map once more."""
    final_widths: tuple[int, ...] = (1536, 2048)
    """Channels of the separable convolutions after the blocks."""
    stochastic_depth: float = 0.0
    """Probability of dropping the last block's residual, growing linearly from the first's 0; not in the paper."""
    dropout_rate: float = 0.0
    """Before the classifier, in [0, 1); 0.5 in the paper on ImageNet, none in Keras."""
    conventions: Conventions = KERAS
    preprocessing: Literal["tf", "torch", "caffe", "none"] = "tf"
    """What its released weights expect: "tf" is pixels / 127.5 - 1."""
    classes: int = 1000
    resolution: int = 299
    """px of the images it was made for."""
    smallest: int = 71
    """px of the smallest side it takes, as in Keras."""
    parameters: int
    """Trainable, with `classes` classes; a test counts."""
    reference: str = "keras.applications.Xception; Chollet 2016, arXiv:1610.02357"

    @property
    def classifier_initializer(self):
        return INITIALIZERS[self.conventions.initializer]()


def body(variant, x):
    """(batch, height, width, channels) to the last feature map, (batch, height / 32, width / 32, last width)."""
    conventions = variant.conventions
    for number, (width, strides) in enumerate(zip(variant.stem_widths, (2, 1), strict=True), 1):
        for layer in _stem(conventions, width, strides, number):
            x = layer(x)
    for row in _blocks(variant):
        x = XceptionBlock(**row, conventions=conventions)(x)
    for number, width in enumerate(variant.final_widths, 1):
        for layer in separable_convolution(conventions, width, prefix=f"final{number}_"):
            x = layer(x)
        x = keras.layers.ReLU(name=f"final{number}_relu")(x)
    return x


def _stem(conventions, width, strides, number):
    return (
        keras.layers.Conv2D(
            width,
            3,
            strides=strides,
            padding="valid",
            use_bias=conventions.use_bias,
            kernel_initializer=INITIALIZERS[conventions.initializer](),
            name=f"stem_conv{number}",
        ),
        keras.layers.BatchNormalization(
            epsilon=conventions.epsilon, momentum=conventions.momentum, name=f"stem_bn{number}"
        ),
        keras.layers.ReLU(name=f"stem_relu{number}"),
    )


def _blocks(variant):
    """The arguments of every block, in order; a stage is a resolution."""
    rows, last = [], len(variant.widths)
    for stage, width in enumerate(variant.widths, 1):
        row = {"filters": width, "strides": 2, "shortcut": "projection", "leading_relu": stage > 1}
        rows.append(row | {"name": f"stage{stage}_block1"})
    width = variant.widths[-1]
    for number in range(2, variant.middle + 2):
        rows.append({"filters": width, "widths": (width, width), "name": f"stage{last}_block{number}"})
    row = {"filters": variant.exit_width, "strides": 2, "widths": (width,), "shortcut": "projection"}
    rows.append(row | {"name": f"stage{last + 1}_block1"})
    for index, row in enumerate(rows):
        row["stochastic_depth"] = variant.stochastic_depth * index / max(len(rows) - 1, 1)
    return rows


VARIANTS = {"xception": Variant(parameters=22_855_952)}

Xception = application("Xception", VARIANTS["xception"], body)
