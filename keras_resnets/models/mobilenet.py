"""MobileNet v1 (Howard et al. 2017), v2 (Sandler et al. 2018) and v3 (Howard et al. 2019)."""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import keras

from keras_resnets.layers import InvertedBlock, SeparableBlock
from keras_resnets.layers.conventions import INITIALIZERS, Conventions, convolution, normalization
from keras_resnets.models._application import application, classifier, predictions

KERAS_V1 = Conventions(padding="same", epsilon=1e-3, momentum=0.99, initializer="glorot_uniform")
"""keras.applications.MobileNet."""
KERAS = Conventions(padding="same", epsilon=1e-3, momentum=0.999, initializer="glorot_uniform")
"""keras.applications.MobileNetV2 and V3; the v3 paper's momentum is 0.99."""


class Row(NamedTuple):
    """A block: one row of a paper's table, before the width multiplier."""

    filters: int
    """Channels of the output."""
    strides: int = 1
    kernel_size: int = 3
    """Of the depthwise convolution, px."""
    expansion: float = 1
    """Channels in the middle over those of the input."""
    excite: bool = False
    """Whether it has a squeeze-and-excitation."""
    activation: str | None = None
    """None is the network's."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Stages of depthwise-separable blocks, made to be scaled by a width multiplier (arXiv:1704.04861, section 3)."""

    block: Literal["separable", "inverted"] = "inverted"
    """MobileNet v1's block without a skip, or v2's and v3's with one."""
    stages: tuple[tuple[Row, ...], ...]
    """Rows of equal width are a stage."""
    alpha: float = 1.0
    """The width multiplier, above 0."""
    divisor: int | None = 8
    """Widths are rounded to its multiples, not more than a tenth down (`scaled`); None cuts to a whole number (v1)."""
    truncate: bool = False
    """Cut a block's multiplied width to a whole number before rounding: Keras' v2."""
    stem_filters: int = 32
    scale_stem: bool = True
    """Whether the multiplier holds for the stem: not in Keras' v3."""
    activation: str = "relu6"
    """Of the stem, the last convolution and all rows that name none: a Keras activation's name."""
    minimalistic: bool = False
    """Kernels of 3 px, ReLU and no squeeze-and-excitation everywhere, whatever the rows say (Keras' v3)."""
    first_expands: bool = False
    """Whether the first block has an expanding convolution."""
    se_ratio: float = 0.25
    """Hidden channels of squeeze-and-excitation over the channels in the middle."""
    se_gate: Literal["sigmoid", "hard_sigmoid"] = "hard_sigmoid"
    final_filters: int | None = None
    """Channels of the 1x1 convolution after the blocks; None: `final_expansion` times the last block's, if given."""
    final_expansion: int | None = None
    """See `final_filters`; where both are None there is no such convolution."""
    hidden: int | None = None
    """Channels of the dense layer between pooling and classifier (v3); None for none."""
    depthwise_padding: Literal["end"] | None = None
    """v1 in Keras: strided depthwise convolutions pad "end", one zero after the last, on odd sizes too."""
    dropout_rate: float = 0.0
    """Before the classifier, in [0, 1)."""
    stochastic_depth: float = 0.0
    """Probability of dropping the last block's residual, growing linearly from the first block's 0; no paper has it."""
    conventions: Conventions = KERAS
    momentum: float | None = None
    """Of batch norm's moving statistics, in place of that of `conventions`: 0.999 needs thousands of steps."""
    preprocessing: Literal["tf", "torch", "caffe", "none"] = "tf"
    """What its released weights expect: "tf" is pixels / 127.5 - 1. (Keras' v3 does it inside the model.)"""
    classes: int = 1000
    resolution: int = 224
    """px of the images it was made for."""
    smallest: int = 32
    """px of the smallest side it takes, as in Keras."""
    parameters: int
    """Trainable, with `classes` classes; a test counts."""
    reference: str

    def __post_init__(self):
        if self.momentum is not None:
            object.__setattr__(self, "conventions", replace(self.conventions, momentum=self.momentum))
        if self.alpha <= 0:
            raise ValueError(f"Variant: `alpha` multiplies widths and must be above 0, got {self.alpha}.")
        if self.block not in ("separable", "inverted"):
            raise ValueError(f"Variant: `block` must be 'separable' or 'inverted', got {self.block!r}.")

    @property
    def classifier_initializer(self):
        return INITIALIZERS[self.conventions.initializer]()


def scaled(width, divisor=8):
    """`width` as the nearest multiple of `divisor`, at least one, and not under 0.9 `width`; None cuts the fraction.

    Source: tensorflow/models, slim/nets/mobilenet (`make_divisible`); Keras has the same.
    """
    if divisor is None:
        return int(width)
    rounded = max(divisor, int(width + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * width else rounded


def body(variant, x):
    """(batch, height, width, channels) to the last feature map, (batch, height / 32, width / 32, last width)."""
    activation = _activation(variant)
    stem = scaled(variant.stem_filters * variant.alpha, variant.divisor) if variant.scale_stem else variant.stem_filters
    x = _convolution(variant.conventions, x, stem, 3, 2, activation, "stem")
    total, index = sum(len(stage) for stage in variant.stages), 0
    for stage, rows in enumerate(variant.stages, 1):
        for number, row in enumerate(rows, 1):
            if variant.minimalistic:
                row = row._replace(kernel_size=3, excite=False, activation=None)
            create = _separable if variant.block == "separable" else _inverted
            x = create(
                variant,
                row._replace(activation=row.activation or activation),
                x.shape[-1],
                first=index == 0,
                name=f"stage{stage}_block{number}",
                stochastic_depth=variant.stochastic_depth * index / max(total - 1, 1),
            )(x)
            index += 1
    if final := _final_filters(variant, x.shape[-1]):
        x = _convolution(variant.conventions, x, final, 1, 1, activation, "final")
    return x


def head(variant, x, classes, activation):
    """The common head, or with the hidden dense layer of v3, whose convolutions on a 1x1 map are dense layers here."""
    if variant.hidden is None:
        return classifier(variant, x, classes, activation)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    hidden = scaled(variant.hidden * max(variant.alpha, 1), variant.divisor)
    x = keras.layers.Dense(hidden, kernel_initializer=variant.classifier_initializer, name="hidden")(x)
    x = keras.layers.Activation(_activation(variant), name="hidden_activation")(x)
    if variant.dropout_rate:
        x = keras.layers.Dropout(variant.dropout_rate, name="dropout")(x)
    return predictions(variant, x, classes, activation)


def _convolution(conventions, x, filters, size, strides, activation, name):
    for layer in convolution(conventions, filters, size, strides, name=f"{name}_conv"):
        x = layer(x)
    x = normalization(conventions, name=f"{name}_bn")(x)
    return keras.layers.Activation(activation, name=f"{name}_activation")(x)


def _activation(variant):
    return "relu" if variant.minimalistic else variant.activation


def _width(variant, row):
    width = row.filters * variant.alpha
    return scaled(int(width) if variant.truncate else width, variant.divisor)


def _separable(variant, row, channels, first, **options):
    return SeparableBlock(
        _width(variant, row),
        row.strides,
        depthwise_padding=variant.depthwise_padding,
        conventions=variant.conventions,
        **options,
    )


def _inverted(variant, row, channels, first, **options):
    filters, middle = _width(variant, row), scaled(channels * row.expansion, variant.divisor)
    return InvertedBlock(
        filters,
        row.strides,
        expanded=None if first and not variant.first_expands else middle,
        kernel_size=row.kernel_size,
        activation=row.activation,
        se_filters=scaled(middle * variant.se_ratio, variant.divisor) if row.excite else None,
        se_gate=variant.se_gate,
        shortcut="identity" if row.strides == 1 and filters == channels else "none",
        conventions=variant.conventions,
        **options,
    )


def _final_filters(variant, channels):
    if variant.final_filters:
        # A narrow network keeps the paper's 1280 channels (arXiv:1801.04381, section 6.1).
        return scaled(variant.final_filters * max(variant.alpha, 1), variant.divisor)
    return scaled(channels * variant.final_expansion, variant.divisor) if variant.final_expansion else None


def _repeat(count, row):
    """A stage of `count` rows, of which only the first strides."""
    return (row, *(row._replace(strides=1),) * (count - 1))


V1 = Variant(
    block="separable",
    stages=(
        _repeat(1, Row(64)),
        _repeat(2, Row(128, 2)),
        _repeat(2, Row(256, 2)),
        _repeat(6, Row(512, 2)),
        _repeat(2, Row(1024, 2)),
    ),
    divisor=None,
    depthwise_padding="end",
    dropout_rate=1e-3,
    conventions=KERAS_V1,
    parameters=4_231_976,
    reference="keras.applications.MobileNet; Howard et al. 2017, arXiv:1704.04861, table 1",
)

V2 = Variant(
    stages=(
        _repeat(1, Row(16)),
        _repeat(2, Row(24, 2, expansion=6)),
        _repeat(3, Row(32, 2, expansion=6)),
        _repeat(4, Row(64, 2, expansion=6)),
        _repeat(3, Row(96, expansion=6)),
        _repeat(3, Row(160, 2, expansion=6)),
        _repeat(1, Row(320, expansion=6)),
    ),
    truncate=True,
    final_filters=1280,
    parameters=3_504_872,
    reference="keras.applications.MobileNetV2; Sandler et al. 2018, arXiv:1801.04381, table 2",
)

V3_LARGE = Variant(
    stages=(
        (Row(16, activation="relu"),),
        (Row(24, 2, expansion=4, activation="relu"), Row(24, expansion=3, activation="relu")),
        _repeat(3, Row(40, 2, 5, 3, excite=True, activation="relu")),
        (Row(80, 2, expansion=6), Row(80, expansion=2.5), Row(80, expansion=2.3), Row(80, expansion=2.3)),
        _repeat(2, Row(112, expansion=6, excite=True)),
        _repeat(3, Row(160, 2, 5, 6, excite=True)),
    ),
    stem_filters=16,
    scale_stem=False,
    activation="hard_silu",
    final_expansion=6,
    hidden=1280,
    dropout_rate=0.2,
    parameters=5_483_032,
    reference="keras.applications.MobileNetV3Large; Howard et al. 2019, arXiv:1905.02244, table 1",
)

V3_SMALL = replace(
    V3_LARGE,
    stages=(
        (Row(16, 2, excite=True, activation="relu"),),
        (Row(24, 2, expansion=72 / 16, activation="relu"), Row(24, expansion=88 / 24, activation="relu")),
        (Row(40, 2, 5, 4, excite=True), *(Row(40, 1, 5, 6, excite=True),) * 2),
        _repeat(2, Row(48, 1, 5, 3, excite=True)),
        _repeat(3, Row(96, 2, 5, 6, excite=True)),
    ),
    hidden=1024,
    parameters=2_542_856,
    reference="keras.applications.MobileNetV3Small; Howard et al. 2019, arXiv:1905.02244, table 2",
)

VARIANTS = {
    "mobilenet_v1": V1,
    "mobilenet_v2": V2,
    "mobilenet_v3_small": V3_SMALL,
    "mobilenet_v3_small_minimalistic": replace(
        V3_SMALL,
        minimalistic=True,
        parameters=2_044_736,
        reference="keras.applications.MobileNetV3Small(minimalistic=True)",
    ),
    "mobilenet_v3_large": V3_LARGE,
    "mobilenet_v3_large_minimalistic": replace(
        V3_LARGE,
        minimalistic=True,
        parameters=3_924_288,
        reference="keras.applications.MobileNetV3Large(minimalistic=True)",
    ),
}

MobileNet = application("MobileNet", VARIANTS["mobilenet_v1"], body, head)
MobileNetV2 = application("MobileNetV2", VARIANTS["mobilenet_v2"], body, head)
MobileNetV3Small = application("MobileNetV3Small", VARIANTS["mobilenet_v3_small"], body, head)
MobileNetV3SmallMinimalistic = application(
    "MobileNetV3SmallMinimalistic", VARIANTS["mobilenet_v3_small_minimalistic"], body, head
)
MobileNetV3Large = application("MobileNetV3Large", VARIANTS["mobilenet_v3_large"], body, head)
MobileNetV3LargeMinimalistic = application(
    "MobileNetV3LargeMinimalistic", VARIANTS["mobilenet_v3_large_minimalistic"], body, head
)
