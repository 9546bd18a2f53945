"""Pre-activation residual networks for ImageNet: He et al. 2016, as timm, DeepMind and Keras build them."""

from dataclasses import dataclass
from typing import Literal

import keras

from keras_resnets.layers import PreactBasicBlock, PreactBottleneckBlock, StemPool
from keras_resnets.layers.conventions import (
    DEEPMIND,
    KERAS_RESNET_V2,
    TIMM_V2,
    Conventions,
    convolution,
    normalization,
)
from keras_resnets.models._application import application
from keras_resnets.models.resnet import DEPTHS

BLOCKS = {"preact_basic": (PreactBasicBlock, 1), "preact_bottleneck": (PreactBottleneckBlock, 4)}


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Four stages of pre-activation residual blocks: nothing but sums on the way (He et al. 2016, arXiv:1603.05027)."""

    blocks: tuple[int, ...]
    """Blocks in each stage."""
    block: Literal["preact_basic", "preact_bottleneck"] = "preact_bottleneck"
    widths: tuple[int, ...] = (64, 128, 256, 512)
    """The papers' width of each stage; a bottleneck block's output has 4 times as many channels."""
    strides: tuple[int, ...] = (1, 2, 2, 2)
    """Of one block in each stage; the stage's other blocks keep the size."""
    strided_block: Literal["first", "last"] = "first"
    """Which block of a stage that is; where it is the last, its shortcut takes every `strides`-th pixel (Keras)."""
    stem_width: int = 64
    """Channels of the stem's 7x7 convolution, which neither batch norm nor ReLU follows."""
    pool: Literal["conventions", "zeros"] = "conventions"
    """The stem's max pooling: padded as convolutions are, or with zeros, which win over negative values (Keras)."""
    dropout_rate: float = 0.0
    """Before the classifier, in [0, 1)."""
    stochastic_depth: float = 0.0
    """Probability of dropping the last block's residual, growing linearly from the first block's 0."""
    conventions: Conventions = TIMM_V2
    classes: int = 1000
    resolution: int = 224
    """px of the images it was made for."""
    smallest: int = 32
    """px of the smallest side it takes."""
    parameters: int
    """Trainable, with `classes` classes; a test counts."""
    reference: str

    @property
    def classifier_initializer(self):
        return self.conventions.classifier_initializer

    def __post_init__(self):
        if self.block not in BLOCKS:
            raise ValueError(f"Variant: `block` must be one of {', '.join(BLOCKS)}, got {self.block!r}.")
        if self.strided_block not in ("first", "last"):
            raise ValueError(f"Variant: `strided_block` must be 'first' or 'last', got {self.strided_block!r}.")
        if self.pool not in ("conventions", "zeros"):
            raise ValueError(f"Variant: `pool` must be 'conventions' or 'zeros', got {self.pool!r}.")
        stages = {len(self.blocks), len(self.widths), len(self.strides)}
        if len(stages) > 1 or min(*self.blocks, *self.widths, *self.strides) < 1:
            raise ValueError(
                "Variant: `blocks`, `widths` and `strides` must be numbers of at least 1, one for each stage, "
                f"got {self.blocks}, {self.widths} and {self.strides}."
            )


def body(variant, x):
    """(batch, height, width, channels) to the last feature map, a 32nd as high and wide."""
    conventions, (Block, expansion) = variant.conventions, BLOCKS[variant.block]
    for layer in convolution(conventions, variant.stem_width, 7, 2, name="stem_conv", normalized=False):
        x = layer(x)
    x = StemPool(conventions.padding if variant.pool == "conventions" else "zeros", name="stem_pool")(x)
    total, index = sum(variant.blocks), 0
    stages = zip(variant.blocks, variant.widths, variant.strides, strict=True)
    for stage, (count, width, stage_strides) in enumerate(stages, 1):
        strided_number = 1 if variant.strided_block == "first" else count
        for number in range(1, count + 1):
            filters, strides = width * expansion, stage_strides if number == strided_number else 1
            x = Block(
                filters,
                strides,
                shortcut=_shortcut(variant, number, changes=x.shape[-1] != filters, strides=strides),
                stochastic_depth=variant.stochastic_depth * index / max(total - 1, 1),
                conventions=conventions,
                name=f"stage{stage}_block{number}",
            )(x)
            index += 1
    x = normalization(conventions, name="final_bn")(x)
    return keras.layers.ReLU(name="final_relu")(x)


def _shortcut(variant, number, changes, strides):
    """timm, DeepMind and Keras project in the first block of every bottleneck stage, even where the shape stays."""
    first_of_bottlenecks = number == 1 and variant.block == "preact_bottleneck"
    if changes or first_of_bottlenecks or (strides > 1 and variant.strided_block == "first"):
        return "projection"
    return "subsample" if strides > 1 else "identity"


def _timm(depth, parameters, reference):
    block, blocks = DEPTHS[depth]
    return Variant(block=f"preact_{block}", blocks=blocks, parameters=parameters, reference=reference)


def _deepmind(blocks, parameters, reference):
    return Variant(blocks=blocks, conventions=DEEPMIND, parameters=parameters, reference=reference)


def _keras(depth, parameters):
    """The stride in the last block of the first three stages, biases where no batch norm follows."""
    return Variant(
        blocks=DEPTHS[depth][1],
        strides=(2, 2, 2, 1),
        strided_block="last",
        pool="zeros",
        conventions=KERAS_RESNET_V2,
        parameters=parameters,
        reference=f"keras.applications.ResNet{depth}V2",
    )


VARIANTS = {
    "resnet18_v2": _timm(18, 11_687_720, "timm resnetv2_18"),
    "resnet34_v2": _timm(34, 21_795_880, "timm resnetv2_34"),
    "resnet50_v2": _timm(50, 25_549_352, "timm resnetv2_50; DeepMind's ResNet50 with its conventions"),
    "resnet101_v2": _timm(101, 44_541_480, "timm resnetv2_101; DeepMind's ResNet101 with its conventions"),
    "resnet152_v2": _timm(152, 60_185_128, "timm resnetv2_152; DeepMind's ResNet152 with its conventions"),
    "resnet200_v2": _deepmind((3, 24, 36, 3), 64_666_152, "DeepMind nfnets/resnet.py, ResNet200"),
    "resnet50_v2_keras": _keras(50, 25_568_360),
    "resnet101_v2_keras": _keras(101, 44_577_896),
    "resnet152_v2_keras": _keras(152, 60_236_904),
    "dm_resnet288_v2": _deepmind((24, 24, 24, 24), 146_452_776, "DeepMind nfnets/resnet.py, ResNet288"),
    "dm_resnet600_v2": _deepmind((50, 50, 50, 50), 300_639_016, "DeepMind nfnets/resnet.py, ResNet600"),
}

ResNet18V2 = application("ResNet18V2", VARIANTS["resnet18_v2"], body)
ResNet34V2 = application("ResNet34V2", VARIANTS["resnet34_v2"], body)
ResNet50V2 = application("ResNet50V2", VARIANTS["resnet50_v2"], body)
ResNet101V2 = application("ResNet101V2", VARIANTS["resnet101_v2"], body)
ResNet152V2 = application("ResNet152V2", VARIANTS["resnet152_v2"], body)
ResNet200V2 = application("ResNet200V2", VARIANTS["resnet200_v2"], body)
ResNet288V2 = application("ResNet288V2", VARIANTS["dm_resnet288_v2"], body)
ResNet600V2 = application("ResNet600V2", VARIANTS["dm_resnet600_v2"], body)
