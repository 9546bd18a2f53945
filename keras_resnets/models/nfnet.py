"""NFNets: F0 to F7, the wider F0+ to F7+, timm's renderings of them, and timm's light L0 to L3."""

from dataclasses import dataclass
from typing import Literal

from keras_resnets.layers import NFBlock, NormalizerFree
from keras_resnets.layers.conventions import INITIALIZERS
from keras_resnets.layers.normalizer_free import NF_DEEPMIND, NF_TIMM, scaled_activation, width, ws_convolution
from keras_resnets.models._application import application
from keras_resnets.models._positions import positions


@dataclass(frozen=True, kw_only=True)
class Variant:
    """An NFNet: four-convolution stem, grouped bottlenecks with attention at their end (arXiv:2102.06171, section 4).

    timm's dm_nfnet_f0 and on have the parameters of F0 and on, and another function: give
    `conventions=NF_TIMM_DM, activation="gelu_exact"` for it.
    """

    blocks: tuple[int, int, int, int]
    """Blocks in each stage: 1, 2, 6, 3 times level + 1."""
    widths: tuple[int, int, int, int] = (256, 512, 1536, 1536)
    """Output channels of each stage; the stem ends with half of the first."""
    bottleneck_ratio: float = 0.5
    """Inner over output channels of a block, before whole groups are kept."""
    group_width: tuple[int, int, int, int] = (128, 128, 128, 128)
    """Channels of a group of the 3x3 convolutions, in each stage."""
    attention: Literal["se", "eca"] = "se"
    """At the end of each branch: squeeze-and-excitation, or efficient channel attention."""
    se_ratio: float = 0.5
    """Hidden over output channels of squeeze-and-excitation."""
    final_ratio: float = 2.0
    """Channels before the classifier over the last stage's."""
    activation: str = "gelu"
    """A key of ScaledActivation's FUNCTIONS; "gelu" is the tanh form of DeepMind's code, "gelu_exact" timm's erf."""
    alpha: float = 0.2
    """Share of each residual in the sum."""
    stochastic_depth: float = 0.25
    """Probability of dropping the last blocks' residuals, growing linearly from the first block's 0."""
    dropout_rate: float = 0.0
    """Before the classifier."""
    conventions: NormalizerFree = NF_DEEPMIND
    classifier: str = "normal_0.01"
    """Initial kernel of the classifier: a key of INITIALIZERS."""
    classes: int = 1000
    resolution: int
    """px of test images."""
    train_resolution: int
    """px of training images."""
    smallest: int = 32
    """px of the smallest side it takes."""
    parameters: int
    """Trainable, with `classes` classes; a test counts."""
    reference: str

    @property
    def classifier_initializer(self):
        return INITIALIZERS[self.classifier]()

    def __post_init__(self):
        if self.attention not in ("se", "eca"):
            raise ValueError(f"Variant: `attention` must be 'se' or 'eca', got {self.attention!r}.")
        if len(self.group_width) != 4 or min(self.group_width) < 1:
            raise ValueError(
                f"Variant: `group_width` must be four numbers of at least 1 channel, got {self.group_width}."
            )


def body(variant, x):
    """(batch, height, width, channels) to the last feature map, (batch, height / 32, width / 32, final channels)."""
    conventions, activation = variant.conventions, variant.activation
    stem = ((16, 2), (32, 1), (64, 1), (variant.widths[0] // 2, 2))
    for number, (filters, strides) in enumerate(stem, 1):
        x = ws_convolution(conventions, activation, filters, 3, strides, name=f"stem_conv{number}")(x)
        if number < len(stem):
            x = scaled_activation(conventions, activation, name=f"stem_act{number}")(x)
    group_widths = [size for count, size in zip(variant.blocks, variant.group_width, strict=True) for _ in range(count)]
    for place in positions(
        variant.blocks,
        variant.widths,
        (1, 2, 2, 2),
        variant.stochastic_depth,
        conventions.last_drops_fully,
        variant.alpha,
    ):
        group_width = group_widths[place.index]
        groups = width(conventions, place.filters * variant.bottleneck_ratio) // group_width
        hidden = max(1, width(conventions, place.filters * variant.se_ratio, least_share=0))
        x = NFBlock(
            place.filters,
            place.strides,
            shortcut="average" if place.strides > 1 or x.shape[-1] != place.filters else "identity",
            bottleneck=groups * group_width,
            groups=groups,
            extra_convolution=True,
            beta=place.beta,
            alpha=variant.alpha,
            activation=activation,
            se_filters=hidden if variant.attention == "se" else None,
            eca=variant.attention == "eca",
            stochastic_depth=place.stochastic_depth,
            conventions=conventions,
            name=place.name,
        )(x)
    final = width(conventions, variant.widths[-1] * variant.final_ratio)
    x = ws_convolution(conventions, activation, final, 1, name="final_conv")(x)
    return scaled_activation(conventions, activation, name="final_act")(x)


TRAIN = (192, 224, 256, 320, 384, 416, 448, 480)
TEST = (256, 320, 352, 416, 512, 544, 576, 608)
DROPOUT = (0.2, 0.3, 0.4, 0.4, 0.5, 0.5, 0.5, 0.5)
WIDE = (384, 768, 2048, 2048)


def _blocks(level):
    return tuple((level + 1) * count for count in (1, 2, 6, 3))


def _f(level, parameters, plus=False, **changes):
    return Variant(
        **{
            "blocks": _blocks(level),
            "widths": WIDE if plus else Variant.widths,
            "dropout_rate": DROPOUT[level],
            "resolution": TEST[level],
            "train_resolution": TRAIN[level],
            "parameters": parameters,
            "reference": f"deepmind-research/nfnets/nfnet.py F{level}{'+' if plus else ''}",
        }
        | changes
    )


def _f_timm(level, parameters):
    """timm: symmetric padding, the activation's gain in every kernel, no skip gain, exact GELU."""
    return _f(
        level,
        parameters,
        activation="gelu_exact",
        stochastic_depth=0.0,
        dropout_rate=0.0,
        conventions=NF_TIMM,
        reference=f"timm nfnet_f{level}",
    )


def _light(level, train_resolution, resolution, parameters, attention="eca", final_ratio=2.0):
    """timm's light nets: groups of 64, a quarter of the channels inside, SiLU."""
    return Variant(
        blocks=_blocks(level),
        bottleneck_ratio=0.25,
        group_width=(64, 64, 64, 64),
        attention=attention,
        se_ratio=0.25,
        final_ratio=final_ratio,
        activation="silu",
        stochastic_depth=0.0,
        conventions=NF_TIMM,
        resolution=resolution,
        train_resolution=train_resolution,
        parameters=parameters,
        reference=f"timm {'eca_' if attention == 'eca' else ''}nfnet_l{level}",
    )


VARIANTS = {
    "nfnet_f0": _f(0, 71_489_284),
    "nfnet_f1": _f(1, 132_634_256),
    "nfnet_f2": _f(2, 193_779_228),
    "nfnet_f3": _f(3, 254_924_200),
    "nfnet_f4": _f(4, 316_069_172),
    "nfnet_f5": _f(5, 377_214_144),
    "nfnet_f6": _f(6, 438_359_116),
    "nfnet_f7": _f(7, 499_504_088),
    "nfnet_f0_plus": _f(0, 118_824_516, plus=True),
    "nfnet_f1_plus": _f(1, 220_357_008, plus=True),
    "nfnet_f2_plus": _f(2, 321_889_500, plus=True),
    "nfnet_f3_plus": _f(3, 423_421_992, plus=True),
    "nfnet_f4_plus": _f(4, 524_954_484, plus=True),
    "nfnet_f5_plus": _f(5, 626_486_976, plus=True),
    "nfnet_f6_plus": _f(6, 728_019_468, plus=True),
    "nfnet_f7_plus": _f(7, 829_551_960, plus=True),
    # Table 5 of the paper counts stage 1 with its 192 inner channels whole; the code's groups of 128 leave 128 of them.
    "nfnet_f4_plus_paper": _f(
        4,
        527_033_076,
        plus=True,
        group_width=(192, 128, 128, 128),
        reference="Brock et al. 2021, arXiv:2102.06171, table 5",
    ),
    "nfnet_f0_timm": _f_timm(0, 71_489_272),
    "nfnet_f1_timm": _f_timm(1, 132_634_232),
    "nfnet_f2_timm": _f_timm(2, 193_779_192),
    "nfnet_f3_timm": _f_timm(3, 254_924_152),
    "nfnet_f4_timm": _f_timm(4, 316_069_112),
    "nfnet_f5_timm": _f_timm(5, 377_214_072),
    "nfnet_f6_timm": _f_timm(6, 438_359_032),
    "nfnet_f7_timm": _f_timm(7, 499_503_992),
    "nfnet_l0": _light(0, 224, 288, 35_074_488, "se", final_ratio=1.5),
    "eca_nfnet_l0": _light(0, 224, 288, 24_143_924, final_ratio=1.5),
    "eca_nfnet_l1": _light(1, 256, 320, 41_407_728),
    "eca_nfnet_l2": _light(2, 320, 384, 56_722_348),
    "eca_nfnet_l3": _light(3, 352, 448, 72_036_968),
}

NFNetF0 = application("NFNetF0", VARIANTS["nfnet_f0"], body)
NFNetF1 = application("NFNetF1", VARIANTS["nfnet_f1"], body)
NFNetF2 = application("NFNetF2", VARIANTS["nfnet_f2"], body)
NFNetF3 = application("NFNetF3", VARIANTS["nfnet_f3"], body)
NFNetF4 = application("NFNetF4", VARIANTS["nfnet_f4"], body)
NFNetF5 = application("NFNetF5", VARIANTS["nfnet_f5"], body)
NFNetF6 = application("NFNetF6", VARIANTS["nfnet_f6"], body)
NFNetF7 = application("NFNetF7", VARIANTS["nfnet_f7"], body)
NFNetF0Plus = application("NFNetF0Plus", VARIANTS["nfnet_f0_plus"], body)
NFNetF1Plus = application("NFNetF1Plus", VARIANTS["nfnet_f1_plus"], body)
NFNetF2Plus = application("NFNetF2Plus", VARIANTS["nfnet_f2_plus"], body)
NFNetF3Plus = application("NFNetF3Plus", VARIANTS["nfnet_f3_plus"], body)
NFNetF4Plus = application("NFNetF4Plus", VARIANTS["nfnet_f4_plus"], body)
NFNetF5Plus = application("NFNetF5Plus", VARIANTS["nfnet_f5_plus"], body)
NFNetF6Plus = application("NFNetF6Plus", VARIANTS["nfnet_f6_plus"], body)
NFNetF7Plus = application("NFNetF7Plus", VARIANTS["nfnet_f7_plus"], body)
NFNetF4Plus_paper = application("NFNetF4Plus_paper", VARIANTS["nfnet_f4_plus_paper"], body)
NFNetF0_timm = application("NFNetF0_timm", VARIANTS["nfnet_f0_timm"], body)
NFNetF1_timm = application("NFNetF1_timm", VARIANTS["nfnet_f1_timm"], body)
NFNetF2_timm = application("NFNetF2_timm", VARIANTS["nfnet_f2_timm"], body)
NFNetF3_timm = application("NFNetF3_timm", VARIANTS["nfnet_f3_timm"], body)
NFNetF4_timm = application("NFNetF4_timm", VARIANTS["nfnet_f4_timm"], body)
NFNetF5_timm = application("NFNetF5_timm", VARIANTS["nfnet_f5_timm"], body)
NFNetF6_timm = application("NFNetF6_timm", VARIANTS["nfnet_f6_timm"], body)
NFNetF7_timm = application("NFNetF7_timm", VARIANTS["nfnet_f7_timm"], body)
NFNetL0 = application("NFNetL0", VARIANTS["nfnet_l0"], body)
ECANFNetL0 = application("ECANFNetL0", VARIANTS["eca_nfnet_l0"], body)
ECANFNetL1 = application("ECANFNetL1", VARIANTS["eca_nfnet_l1"], body)
ECANFNetL2 = application("ECANFNetL2", VARIANTS["eca_nfnet_l2"], body)
ECANFNetL3 = application("ECANFNetL3", VARIANTS["eca_nfnet_l3"], body)
