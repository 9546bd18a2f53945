"""EfficientNet B0 to B7: one small network, scaled in width, depth and resolution together (Tan and Le 2019)."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import keras

from keras_resnets.layers import InvertedBlock
from keras_resnets.layers.conventions import Conventions, convolution, normalization
from keras_resnets.models._application import application
from keras_resnets.models.mobilenet import scaled

KERAS = Conventions(padding="same", epsilon=1e-3, momentum=0.99, initializer="he_fan_out_truncated")
"""keras.applications.EfficientNet*, as the released code; timm's `efficientnet_*` pad symmetrically (epsilon 1e-5)."""


class Stage(NamedTuple):
    """One row of table 1 of the paper: `blocks` blocks of B0, of which only the first strides."""

    filters: int
    blocks: int
    strides: int
    kernel_size: int
    expansion: int
    """Channels in the middle over those of the input."""


B0_STAGES = (
    Stage(16, 1, 1, 3, 1),
    Stage(24, 2, 2, 3, 6),
    Stage(40, 2, 2, 5, 6),
    Stage(80, 3, 2, 3, 6),
    Stage(112, 3, 1, 5, 6),
    Stage(192, 4, 2, 5, 6),
    Stage(320, 1, 1, 3, 6),
)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """B0's stages with `width` times the channels and `depth` times the blocks (arXiv:1905.11946, equation 3)."""

    width: float = 1.0
    """Multiplies every width, which is then rounded to a multiple of 8, not more than a tenth down."""
    depth: float = 1.0
    """Multiplies the blocks of every stage, rounded up."""
    stages: tuple[Stage, ...] = B0_STAGES
    stem_filters: int = 32
    final_filters: int = 1280
    """Channels of the 1x1 convolution after the blocks; `width` multiplies both."""
    activation: str = "silu"
    """A Keras activation's name; also inside squeeze-and-excitation."""
    se_ratio: float = 0.25
    """Hidden channels of squeeze-and-excitation over the channels of the block's input, cut to a whole number."""
    dropout_rate: float = 0.2
    """Before the classifier, in [0, 1)."""
    stochastic_depth: float = 0.2
    """The probability of dropping the residual of block i of N, counted from 0, is this times i / N (Keras)."""
    conventions: Conventions = KERAS
    preprocessing: Literal["tf", "torch", "caffe", "none"] = "torch"
    """What its released weights expect: pixels / 255, minus ImageNet's mean, over its deviation. Keras does this inside
    the model; in `weights="imagenet"` it takes two layers that each divide by the root of the deviation."""
    classes: int = 1000
    resolution: int
    """px of the images it was made for."""
    smallest: int = 32
    """px of the smallest side it takes, as in Keras."""
    parameters: int
    """Trainable, with `classes` classes; a test counts."""
    reference: str

    normalization_values: ClassVar[int] = 7
    """What Keras' model counts and ours does not have: its `Normalization` layer's 3 means, 3 variances and 1 count."""

    def __post_init__(self):
        if self.width <= 0 or self.depth <= 0:
            raise ValueError(f"Variant: `width` and `depth` must be above 0, got {self.width} and {self.depth}.")

    @property
    def classifier_initializer(self):
        return keras.initializers.VarianceScaling(1 / 3, "fan_out", "uniform")


def body(variant, x):
    """(batch, height, width, channels) to the last feature map, (batch, height / 32, width / 32, final filters)."""
    conventions = variant.conventions
    x = _convolution(variant, x, variant.stem_filters, 3, 2, "stem")
    counts = [math.ceil(variant.depth * stage.blocks) for stage in variant.stages]
    index = 0
    for number, (stage, count) in enumerate(zip(variant.stages, counts, strict=True), 1):
        for block in range(1, count + 1):
            filters, channels = _width(variant, stage.filters), x.shape[-1]
            strides = stage.strides if block == 1 else 1
            x = InvertedBlock(
                filters,
                strides,
                expanded=None if stage.expansion == 1 else channels * stage.expansion,
                kernel_size=stage.kernel_size,
                activation=variant.activation,
                se_filters=max(1, int(channels * variant.se_ratio)),
                se_activation=variant.activation,
                shortcut="identity" if strides == 1 and filters == channels else "none",
                stochastic_depth=variant.stochastic_depth * index / sum(counts),
                conventions=conventions,
                name=f"stage{number}_block{block}",
            )(x)
            index += 1
    return _convolution(variant, x, variant.final_filters, 1, 1, "final")


def _convolution(variant, x, filters, size, strides, name):
    for layer in convolution(variant.conventions, _width(variant, filters), size, strides, name=f"{name}_conv"):
        x = layer(x)
    x = normalization(variant.conventions, name=f"{name}_bn")(x)
    return keras.layers.Activation(variant.activation, name=f"{name}_activation")(x)


def _width(variant, filters):
    return scaled(filters * variant.width)


def _scaled(name, width, depth, resolution, dropout, parameters):
    """A network of the paper, with the coefficients of keras.applications: width, depth, px, dropout."""
    return Variant(
        width=width,
        depth=depth,
        resolution=resolution,
        dropout_rate=dropout,
        parameters=parameters,
        reference=f"keras.applications.EfficientNet{name}; Tan and Le 2019, arXiv:1905.11946",
    )


VARIANTS = {
    "efficientnet_b0": _scaled("B0", 1.0, 1.0, 224, 0.2, 5_288_548),
    "efficientnet_b1": _scaled("B1", 1.0, 1.1, 240, 0.2, 7_794_184),
    "efficientnet_b2": _scaled("B2", 1.1, 1.2, 260, 0.3, 9_109_994),
    "efficientnet_b3": _scaled("B3", 1.2, 1.4, 300, 0.3, 12_233_232),
    "efficientnet_b4": _scaled("B4", 1.4, 1.8, 380, 0.4, 19_341_616),
    "efficientnet_b5": _scaled("B5", 1.6, 2.2, 456, 0.4, 30_389_784),
    "efficientnet_b6": _scaled("B6", 1.8, 2.6, 528, 0.5, 43_040_704),
    "efficientnet_b7": _scaled("B7", 2.0, 3.1, 600, 0.5, 66_347_960),
}

EfficientNetB0 = application("EfficientNetB0", VARIANTS["efficientnet_b0"], body)
EfficientNetB1 = application("EfficientNetB1", VARIANTS["efficientnet_b1"], body)
EfficientNetB2 = application("EfficientNetB2", VARIANTS["efficientnet_b2"], body)
EfficientNetB3 = application("EfficientNetB3", VARIANTS["efficientnet_b3"], body)
EfficientNetB4 = application("EfficientNetB4", VARIANTS["efficientnet_b4"], body)
EfficientNetB5 = application("EfficientNetB5", VARIANTS["efficientnet_b5"], body)
EfficientNetB6 = application("EfficientNetB6", VARIANTS["efficientnet_b6"], body)
EfficientNetB7 = application("EfficientNetB7", VARIANTS["efficientnet_b7"], body)
