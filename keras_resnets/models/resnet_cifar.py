"""ResNets and plain nets for 32x32 images: He et al. 2015, pre-activation (2016) and Wide ResNets (2016)."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import keras

from keras_resnets.layers import BasicBlock, PreactBasicBlock, PreactBottleneckBlock
from keras_resnets.layers.conventions import AKAMASTER, INITIALIZERS, Conventions, convolution, normalization
from keras_resnets.models._application import application


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Three stages of `blocks` blocks on 32x32 images, their widths doubling (arXiv:1512.03385, section 4.2)."""

    blocks: tuple[int, int, int]
    """Blocks in each stage."""
    widths: tuple[int, int, int] = (16, 32, 64)
    """Channels of each stage, before `expansion`."""
    block: Literal["basic", "preact_basic", "preact_bottleneck"] = "basic"
    shortcut: Literal["A", "B", "C", "plain"] = "A"
    """Where the shape changes: A pads with zeros, B projects; C projects in every block; plain has no skip at all."""
    strided: Literal["1x1", "3x3"] = "1x1"
    """Which convolution of a bottleneck strides; He et al. 2016: the first."""
    dropout: float = 0.0
    """Between the two convolutions of a pre-activation basic block, in [0, 1)."""
    stochastic_depth: float = 0.0
    """Probability of dropping the last block's residual, growing linearly from the first block's 0."""
    norm: Literal["batch", "none"] = "batch"
    """After, or before, each convolution; "none" for comparisons: biases instead, and the same blocks."""
    conventions: Conventions = AKAMASTER
    classes: int = 10
    resolution: int = 32
    """px of the images it was made for."""
    smallest: int = 4
    """px of the smallest side it takes."""
    parameters: int
    """Trainable, with `classes` classes; a test counts."""
    reference: str = "He et al. 2015, arXiv:1512.03385; akamaster/pytorch_resnet_cifar10"

    @property
    def classifier_initializer(self):
        return INITIALIZERS[self.conventions.initializer]()

    @property
    def expansion(self):
        """Output channels of a block over its width."""
        return 4 if self.block == "preact_bottleneck" else 1

    def __post_init__(self):
        if self.block not in BLOCKS:
            raise ValueError(f"Variant: `block` must be one of {', '.join(BLOCKS)}, got {self.block!r}.")
        if self.shortcut not in ("A", "B", "C", "plain"):
            raise ValueError(f"Variant: `shortcut` must be 'A', 'B', 'C' or 'plain', got {self.shortcut!r}.")
        if self.norm not in ("batch", "none"):
            raise ValueError(f"Variant: `norm` must be 'batch' or 'none', got {self.norm!r}.")
        if len(self.blocks) != 3 or len(self.widths) != 3 or min(*self.blocks, *self.widths) < 1:
            raise ValueError(
                f"Variant: `blocks` and `widths` must be three numbers of at least 1 each, "
                f"got {self.blocks} and {self.widths}."
            )


BLOCKS = {"basic": BasicBlock, "preact_basic": PreactBasicBlock, "preact_bottleneck": PreactBottleneckBlock}


def body(variant, x):
    """(batch, height, width, channels) to the last feature map, (batch, height / 4, width / 4, last width)."""
    conventions, preact = variant.conventions, variant.block.startswith("preact")
    if variant.norm == "none":
        conventions = dataclasses.replace(conventions, norm="none", use_bias=True)
    for layer in convolution(conventions, 16, 3, name="stem_conv"):
        x = layer(x)
    if not preact:
        x = normalization(conventions, name="stem_bn")(x)
        x = keras.layers.ReLU(name="stem_relu")(x)
    total, index = sum(variant.blocks), 0
    for stage, (count, width) in enumerate(zip(variant.blocks, variant.widths, strict=True), 1):
        for number in range(1, count + 1):
            strides = 2 if stage > 1 and number == 1 else 1
            filters = width * variant.expansion
            options = {
                "preact_basic": {"dropout": variant.dropout},
                "preact_bottleneck": {"strided": variant.strided},
            }.get(variant.block, {})
            x = BLOCKS[variant.block](
                filters,
                strides,
                shortcut=_shortcut(variant.shortcut, changes=strides > 1 or x.shape[-1] != filters),
                stochastic_depth=variant.stochastic_depth * index / max(total - 1, 1),
                conventions=conventions,
                name=f"stage{stage}_block{number}",
                **options,
            )(x)
            index += 1
    if preact:
        x = normalization(conventions, name="final_bn")(x)
        x = keras.layers.ReLU(name="final_relu")(x)
    return x


def _shortcut(option, changes):
    if option == "plain":
        return "none"
    if option == "C" or (option == "B" and changes):
        return "projection"
    return "pad" if changes else "identity"


def _depth(depth, option, parameters):
    """He et al. 2015: depth = 6n + 2."""
    return Variant(blocks=((depth - 2) // 6,) * 3, shortcut=option, parameters=parameters)


def _preact(depth, block, parameters):
    """He et al. 2016: depth = 6n + 2 with basic, 9n + 2 with bottleneck blocks."""
    n = (depth - 2) // (6 if block == "preact_basic" else 9)
    return Variant(
        blocks=(n,) * 3, block=block, shortcut="B", parameters=parameters, reference="He et al. 2016, arXiv:1603.05027"
    )


def _wide(depth, factor, classes, parameters):
    """Zagoruyko and Komodakis 2016: depth = 6n + 4, widths times `factor`."""
    return Variant(
        blocks=((depth - 4) // 6,) * 3,
        widths=(16 * factor, 32 * factor, 64 * factor),
        block="preact_basic",
        shortcut="B",
        conventions=Conventions(initializer="he_fan_out"),
        classes=classes,
        parameters=parameters,
        reference="Zagoruyko and Komodakis 2016, arXiv:1605.07146",
    )


VARIANTS = {
    "cifar_plain20": _depth(20, "plain", 269_722),
    "cifar_plain32": _depth(32, "plain", 464_154),
    "cifar_plain44": _depth(44, "plain", 658_586),
    "cifar_plain56": _depth(56, "plain", 853_018),
    "cifar_plain110": _depth(110, "plain", 1_727_962),
    "cifar_plain1202": _depth(1202, "plain", 19_421_274),
    "cifar_resnet20_a": _depth(20, "A", 269_722),
    "cifar_resnet20_b": _depth(20, "B", 272_474),
    "cifar_resnet20_c": _depth(20, "C", 283_962),
    "cifar_resnet32_a": _depth(32, "A", 464_154),
    "cifar_resnet32_b": _depth(32, "B", 466_906),
    "cifar_resnet32_c": _depth(32, "C", 489_594),
    "cifar_resnet44_a": _depth(44, "A", 658_586),
    "cifar_resnet44_b": _depth(44, "B", 661_338),
    "cifar_resnet44_c": _depth(44, "C", 695_226),
    "cifar_resnet56_a": _depth(56, "A", 853_018),
    "cifar_resnet56_b": _depth(56, "B", 855_770),
    "cifar_resnet56_c": _depth(56, "C", 900_858),
    "cifar_resnet110_a": _depth(110, "A", 1_727_962),
    "cifar_resnet110_b": _depth(110, "B", 1_730_714),
    "cifar_resnet110_c": _depth(110, "C", 1_826_202),
    "cifar_resnet1202_a": _depth(1202, "A", 19_421_274),
    "cifar_resnet1202_b": _depth(1202, "B", 19_424_026),
    "cifar_resnet1202_c": _depth(1202, "C", 20_538_714),
    "cifar_preact_resnet110": _preact(110, "preact_basic", 1_730_522),
    "cifar_preact_resnet164": _preact(164, "preact_bottleneck", 1_703_258),
    "cifar_preact_resnet1001": _preact(1001, "preact_bottleneck", 10_327_706),
    "wrn_16_4_cifar10": _wide(16, 4, 10, 2_748_890),
    "wrn_16_4_cifar100": _wide(16, 4, 100, 2_772_020),
    "wrn_16_8_cifar10": _wide(16, 8, 10, 10_961_370),
    "wrn_16_8_cifar100": _wide(16, 8, 100, 11_007_540),
    "wrn_16_10_cifar10": _wide(16, 10, 10, 17_116_634),
    "wrn_16_10_cifar100": _wide(16, 10, 100, 17_174_324),
    "wrn_22_8_cifar10": _wide(22, 8, 10, 17_158_106),
    "wrn_22_8_cifar100": _wide(22, 8, 100, 17_204_276),
    "wrn_22_10_cifar10": _wide(22, 10, 10, 26_797_914),
    "wrn_22_10_cifar100": _wide(22, 10, 100, 26_855_604),
    "wrn_28_10_cifar10": _wide(28, 10, 10, 36_479_194),
    "wrn_28_10_cifar100": _wide(28, 10, 100, 36_536_884),
    "wrn_28_12_cifar10": _wide(28, 12, 10, 52_517_850),
    "wrn_28_12_cifar100": _wide(28, 12, 100, 52_587_060),
    "wrn_40_1_cifar10": _wide(40, 1, 10, 563_930),
    "wrn_40_1_cifar100": _wide(40, 1, 100, 569_780),
    "wrn_40_2_cifar10": _wide(40, 2, 10, 2_243_546),
    "wrn_40_2_cifar100": _wide(40, 2, 100, 2_255_156),
    "wrn_40_4_cifar10": _wide(40, 4, 10, 8_949_210),
    "wrn_40_4_cifar100": _wide(40, 4, 100, 8_972_340),
    "wrn_40_8_cifar10": _wide(40, 8, 10, 35_748_314),
    "wrn_40_8_cifar100": _wide(40, 8, 100, 35_794_484),
    "wrn_40_10_cifar10": _wide(40, 10, 10, 55_841_754),
    "wrn_40_10_cifar100": _wide(40, 10, 100, 55_899_444),
}

PlainNet20 = application("PlainNet20", VARIANTS["cifar_plain20"], body)
PlainNet32 = application("PlainNet32", VARIANTS["cifar_plain32"], body)
PlainNet44 = application("PlainNet44", VARIANTS["cifar_plain44"], body)
PlainNet56 = application("PlainNet56", VARIANTS["cifar_plain56"], body)
PlainNet110 = application("PlainNet110", VARIANTS["cifar_plain110"], body)
PlainNet1202 = application("PlainNet1202", VARIANTS["cifar_plain1202"], body)
ResNet20 = application("ResNet20", VARIANTS["cifar_resnet20_a"], body)
ResNet32 = application("ResNet32", VARIANTS["cifar_resnet32_a"], body)
ResNet44 = application("ResNet44", VARIANTS["cifar_resnet44_a"], body)
ResNet56 = application("ResNet56", VARIANTS["cifar_resnet56_a"], body)
ResNet110 = application("ResNet110", VARIANTS["cifar_resnet110_a"], body)
ResNet1202 = application("ResNet1202", VARIANTS["cifar_resnet1202_a"], body)
ResNet110V2 = application("ResNet110V2", VARIANTS["cifar_preact_resnet110"], body)
ResNet164V2 = application("ResNet164V2", VARIANTS["cifar_preact_resnet164"], body)
ResNet1001V2 = application("ResNet1001V2", VARIANTS["cifar_preact_resnet1001"], body)
WideResNet16_4 = application("WideResNet16_4", VARIANTS["wrn_16_4_cifar10"], body)
WideResNet16_8 = application("WideResNet16_8", VARIANTS["wrn_16_8_cifar10"], body)
WideResNet16_10 = application("WideResNet16_10", VARIANTS["wrn_16_10_cifar10"], body)
WideResNet22_8 = application("WideResNet22_8", VARIANTS["wrn_22_8_cifar10"], body)
WideResNet22_10 = application("WideResNet22_10", VARIANTS["wrn_22_10_cifar10"], body)
WideResNet28_10 = application("WideResNet28_10", VARIANTS["wrn_28_10_cifar10"], body)
WideResNet28_12 = application("WideResNet28_12", VARIANTS["wrn_28_12_cifar10"], body)
WideResNet40_1 = application("WideResNet40_1", VARIANTS["wrn_40_1_cifar10"], body)
WideResNet40_2 = application("WideResNet40_2", VARIANTS["wrn_40_2_cifar10"], body)
WideResNet40_4 = application("WideResNet40_4", VARIANTS["wrn_40_4_cifar10"], body)
WideResNet40_8 = application("WideResNet40_8", VARIANTS["wrn_40_8_cifar10"], body)
WideResNet40_10 = application("WideResNet40_10", VARIANTS["wrn_40_10_cifar10"], body)
