"""Residual and plain networks for ImageNet with batch norm: v1, v1.5, -D, shortcuts A, B and C, and wide ones."""

from dataclasses import dataclass
from typing import Literal

import keras

from keras_resnets.layers import BasicBlock, BottleneckBlock, StemPool
from keras_resnets.layers.conventions import (
    KERAS_RESNET,
    PAPER,
    TIMM,
    TORCHVISION,
    Conventions,
    convolution,
    normalization,
)
from keras_resnets.models._application import application

EXPANSION = {"basic": 1, "bottleneck": 4}


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A stem, stages of post-activation residual blocks, and a dense layer (He et al. 2015, arXiv:1512.03385)."""

    blocks: tuple[int, ...]
    """Blocks in each stage."""
    block: Literal["basic", "bottleneck"] = "bottleneck"
    widths: tuple[int, ...] = (64, 128, 256, 512)
    """The papers' width of each stage; a bottleneck block's output has 4 times as many channels."""
    strides: tuple[int, ...] = (1, 2, 2, 2)
    """Of each stage's first block."""
    strided: Literal["1x1", "3x3"] = "3x3"
    """Which convolution of a bottleneck strides: "1x1" is v1 (the paper, Caffe, Keras), "3x3" v1.5 (the others)."""
    base_width: int = 64
    """Channels of one group of the 3x3 convolution of a bottleneck of width 64; in proportion at other widths."""
    groups: int = 1
    """Of the 3x3 convolution of a bottleneck (ResNeXt's cardinality)."""
    reduce_first: int = 1
    """The first 1x1 convolution of a bottleneck has so many times fewer channels than the 3x3 (SENet-154: 2)."""
    shortcut: Literal["A", "B", "C", "D", "plain"] = "B"
    """Where the shape changes: A pads with zeros, B projects, D averages and projects; C projects in every block; plain
    has no skip at all."""
    shortcut_size: int = 1
    """px of the projection's kernel where a stage strides (SENet-154: 3); 1 in the first stage."""
    stem_widths: tuple[int, ...] = (64,)
    """Channels of the stem's convolutions: one, or the three of a deep stem; the first one strides."""
    stem_size: int = 7
    """px of their kernels."""
    stem_strides: int = 2
    pool: Literal["conventions", "ceil", "none"] = "conventions"
    """The stem's max pooling: padded as convolutions are, or at the end only (Caffe), or left out (CIFAR)."""
    se_ratio: float = 0.0
    """Hidden channels of squeeze-and-excitation over the block's channels; 0 for none."""
    se_divisor: int = 8
    """The hidden channels are rounded to a multiple of it, at least once it (timm: 8, Caffe: 1)."""
    relu_before_se: bool = False
    """A basic block's ReLU before squeeze-and-excitation (timm's legacy_seresnet18 and 34)."""
    dropout_rate: float = 0.0
    """Before the classifier, in [0, 1)."""
    stochastic_depth: float = 0.0
    """Probability of dropping the last block's residual, growing linearly from the first block's 0."""
    conventions: Conventions = TORCHVISION
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
        for field, allowed in (
            ("block", tuple(EXPANSION)),
            ("shortcut", ("A", "B", "C", "D", "plain")),
            ("pool", ("conventions", "ceil", "none")),
        ):
            value = getattr(self, field)
            if value not in allowed:
                raise ValueError(f"Variant: `{field}` must be one of {', '.join(allowed)}, got {value!r}.")
        stages = {len(self.blocks), len(self.widths), len(self.strides)}
        if len(stages) > 1 or min(*self.blocks, *self.widths, *self.strides) < 1:
            raise ValueError(
                "Variant: `blocks`, `widths` and `strides` must be numbers of at least 1, one for each stage, "
                f"got {self.blocks}, {self.widths} and {self.strides}."
            )

    def bottleneck(self, width):
        """Channels of the 3x3 convolution of a bottleneck block of a stage of `width`."""
        return width * self.base_width // 64 * self.groups

    def se_filters(self, filters):
        """Hidden channels of squeeze-and-excitation over `filters`; None for none."""
        if not self.se_ratio:
            return None
        divisor = self.se_divisor
        return max(divisor, int(filters * self.se_ratio + divisor / 2) // divisor * divisor)


def body(variant, x):
    """(batch, height, width, channels) to the last feature map, a 32nd as high and wide for ImageNet's variants."""
    x = stem(variant, x)
    total, index = sum(variant.blocks), 0
    stages = zip(variant.blocks, variant.widths, variant.strides, strict=True)
    for stage, (count, width, stage_strides) in enumerate(stages, 1):
        filters = width * EXPANSION[variant.block]
        for number in range(1, count + 1):
            strides = stage_strides if number == 1 else 1
            options = {
                "shortcut": _shortcut(variant.shortcut, changes=strides > 1 or x.shape[-1] != filters),
                "shortcut_size": variant.shortcut_size if strides > 1 else 1,
                "se_filters": variant.se_filters(filters),
                "stochastic_depth": variant.stochastic_depth * index / max(total - 1, 1),
                "conventions": variant.conventions,
                "name": f"stage{stage}_block{number}",
            }
            if variant.block == "basic":
                block = BasicBlock(filters, strides, relu_before_se=variant.relu_before_se, **options)
            else:
                block = BottleneckBlock(
                    filters,
                    strides,
                    bottleneck=variant.bottleneck(width),
                    groups=variant.groups,
                    strided=variant.strided,
                    reduce_first=variant.reduce_first,
                    **options,
                )
            x = block(x)
            index += 1
    return x


def stem(variant, x):
    """Convolutions, each with batch norm and ReLU, then max pooling."""
    conventions = variant.conventions
    for number, width in enumerate(variant.stem_widths, 1):
        end = "" if len(variant.stem_widths) == 1 else number
        strides = variant.stem_strides if number == 1 else 1
        for layer in convolution(conventions, width, variant.stem_size, strides, name=f"stem_conv{end}"):
            x = layer(x)
        x = normalization(conventions, name=f"stem_bn{end}")(x)
        x = keras.layers.ReLU(name=f"stem_relu{end}")(x)
    if variant.pool == "none":
        return x
    return StemPool(conventions.padding if variant.pool == "conventions" else "ceil", name="stem_pool")(x)


def _shortcut(option, changes):
    if option == "plain":
        return "none"
    if option == "C":
        return "projection"
    return {"A": "pad", "B": "projection", "D": "average"}[option] if changes else "identity"


DEPTHS = {
    18: ("basic", (2, 2, 2, 2)),
    26: ("bottleneck", (2, 2, 2, 2)),
    34: ("basic", (3, 4, 6, 3)),
    50: ("bottleneck", (3, 4, 6, 3)),
    101: ("bottleneck", (3, 4, 23, 3)),
    152: ("bottleneck", (3, 8, 36, 3)),
    200: ("bottleneck", (3, 24, 36, 3)),
}
DEEP_STEM = {"stem_widths": (32, 32, 64), "stem_size": 3, "shortcut": "D"}


def row(depth, parameters, reference, **fields):
    """The variant of `depth` layers (He et al. 2015, table 1; 26 and 200 are timm's), with `fields` changed."""
    block, blocks = DEPTHS[depth]
    return Variant(block=block, blocks=blocks, parameters=parameters, reference=reference, **fields)


def _paper(depth, shortcut, parameters):
    return row(depth, parameters, "He et al. 2015, arXiv:1512.03385", shortcut=shortcut, conventions=PAPER)


def _v1(depth, parameters):
    """Stride on the first 1x1 convolution, as in the paper and Caffe."""
    return row(depth, parameters, "He et al. 2015, arXiv:1512.03385, Caffe", strided="1x1", conventions=PAPER)


def _keras(depth, parameters):
    """v1 with a bias on every convolution."""
    return row(depth, parameters, f"keras.applications.ResNet{depth}", strided="1x1", conventions=KERAS_RESNET)


def _torchvision(depth, parameters):
    return row(depth, parameters, f"torchvision resnet{depth} = timm resnet{depth}")


def _timm(depth, parameters):
    return row(depth, parameters, f"timm resnet{depth}", conventions=TIMM)


def _d(depth, parameters):
    """ResNet-D (He et al. 2018, arXiv:1812.01187): three 3x3 convolutions as stem, average pooling in shortcuts."""
    return row(depth, parameters, f"timm resnet{depth}d", conventions=TIMM, **DEEP_STEM)


def _wide(depth, parameters):
    """Zagoruyko and Komodakis 2016 (arXiv:1605.07146): the inner width of bottlenecks doubled."""
    name = f"wide_resnet{depth}_2"
    return row(depth, parameters, f"torchvision {name} = timm {name}", base_width=128)


VARIANTS = {
    "plain18": _paper(18, "plain", 11_515_688),
    "plain34": _paper(34, "plain", 21_623_848),
    "resnet18_shortcut_a": _paper(18, "A", 11_515_688),
    "resnet18_shortcut_c": _paper(18, "C", 12_043_816),
    "resnet34_shortcut_a": _paper(34, "A", 21_623_848),
    "resnet34_shortcut_c": _paper(34, "C", 22_716_840),
    "resnet18": _torchvision(18, 11_689_512),
    "resnet26": _timm(26, 15_995_176),
    "resnet34": _torchvision(34, 21_797_672),
    "resnet50": _torchvision(50, 25_557_032),
    "resnet101": _torchvision(101, 44_549_160),
    "resnet152": _torchvision(152, 60_192_808),
    "resnet200": _timm(200, 64_673_832),
    "resnet50_v1": _v1(50, 25_557_032),
    "resnet101_v1": _v1(101, 44_549_160),
    "resnet152_v1": _v1(152, 60_192_808),
    "resnet50_v1_keras": _keras(50, 25_583_592),
    "resnet101_v1_keras": _keras(101, 44_601_832),
    "resnet152_v1_keras": _keras(152, 60_268_520),
    "resnet18d": _d(18, 11_708_744),
    "resnet26d": _d(26, 16_014_408),
    "resnet34d": _d(34, 21_816_904),
    "resnet50d": _d(50, 25_576_264),
    "resnet101d": _d(101, 44_568_392),
    "resnet152d": _d(152, 60_212_040),
    "resnet200d": _d(200, 64_693_064),
    "wide_resnet50_2": _wide(50, 68_883_240),
    "wide_resnet101_2": _wide(101, 126_886_696),
}

PlainNet18 = application("PlainNet18", VARIANTS["plain18"], body)
PlainNet34 = application("PlainNet34", VARIANTS["plain34"], body)
ResNet18 = application("ResNet18", VARIANTS["resnet18"], body)
ResNet26 = application("ResNet26", VARIANTS["resnet26"], body)
ResNet34 = application("ResNet34", VARIANTS["resnet34"], body)
ResNet50 = application("ResNet50", VARIANTS["resnet50"], body)
ResNet101 = application("ResNet101", VARIANTS["resnet101"], body)
ResNet152 = application("ResNet152", VARIANTS["resnet152"], body)
ResNet200 = application("ResNet200", VARIANTS["resnet200"], body)
ResNet50V1 = application("ResNet50V1", VARIANTS["resnet50_v1"], body)
ResNet101V1 = application("ResNet101V1", VARIANTS["resnet101_v1"], body)
ResNet152V1 = application("ResNet152V1", VARIANTS["resnet152_v1"], body)
ResNet18D = application("ResNet18D", VARIANTS["resnet18d"], body)
ResNet26D = application("ResNet26D", VARIANTS["resnet26d"], body)
ResNet34D = application("ResNet34D", VARIANTS["resnet34d"], body)
ResNet50D = application("ResNet50D", VARIANTS["resnet50d"], body)
ResNet101D = application("ResNet101D", VARIANTS["resnet101d"], body)
ResNet152D = application("ResNet152D", VARIANTS["resnet152d"], body)
ResNet200D = application("ResNet200D", VARIANTS["resnet200d"], body)
WideResNet50_2 = application("WideResNet50_2", VARIANTS["wide_resnet50_2"], body)
WideResNet101_2 = application("WideResNet101_2", VARIANTS["wide_resnet101_2"], body)
