"""Normalizer-free ResNets: DeepMind's, and timm's that differ from them."""

from dataclasses import dataclass
from typing import Literal

from keras_resnets.layers import NFBlock, NormalizerFree, StemPool
from keras_resnets.layers.conventions import INITIALIZERS
from keras_resnets.layers.normalizer_free import NF_DEEPMIND, NF_TIMM, scaled_activation, width, ws_convolution
from keras_resnets.models._application import application
from keras_resnets.models._positions import positions


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A pre-activation ResNet with weight standardization and known variance (arXiv:2101.08692, section 4)."""

    blocks: tuple[int, ...]
    """Bottleneck blocks in each stage."""
    widths: tuple[int, ...] = (256, 512, 1024, 2048)
    """Output channels of each stage; the 3x3 convolutions have a quarter."""
    stem: Literal["7x7", "3x3"] = "7x7"
    """Strided and followed by max pooling (ImageNet), or keeping the images' size (CIFAR)."""
    stem_width: int = 64
    shortcut: Literal["projection", "average"]
    """Where the shape changes: a 1x1 convolution strides (DeepMind), or average pooling before it does (timm)."""
    attention: Literal["se", "eca"] | None = None
    """At the end of each branch: squeeze-and-excitation, efficient channel attention, or none."""
    se_ratio: float = 0.25
    """Hidden over output channels of squeeze-and-excitation."""
    activation: str = "relu"
    """A key of ScaledActivation's FUNCTIONS."""
    alpha: float = 0.2
    """Share of each residual in the sum."""
    stochastic_depth: float = 0.0
    """Probability of dropping the last blocks' residuals, growing linearly from the first block's 0."""
    dropout_rate: float = 0.0
    """Before the classifier."""
    conventions: NormalizerFree
    classifier: str = "normal_0.01"
    """Initial kernel of the classifier: a key of INITIALIZERS."""
    classes: int = 1000
    resolution: int = 224
    """px of test images."""
    smallest: int = 32
    """px of the smallest side it takes."""
    parameters: int
    """Trainable, with `classes` classes; a test counts."""
    reference: str

    @property
    def classifier_initializer(self):
        return INITIALIZERS[self.classifier]()

    def __post_init__(self):
        if self.attention not in (None, "se", "eca"):
            raise ValueError(f"Variant: `attention` must be None, 'se' or 'eca', got {self.attention!r}.")
        if self.shortcut not in ("projection", "average"):
            raise ValueError(f"Variant: `shortcut` must be 'projection' or 'average', got {self.shortcut!r}.")
        if self.stem not in ("7x7", "3x3"):
            raise ValueError(f"Variant: `stem` must be '7x7' or '3x3', got {self.stem!r}.")
        if len(self.blocks) != len(self.widths):
            raise ValueError(
                f"Variant: `blocks` and `widths` must have one number a stage, got {self.blocks} and {self.widths}."
            )


def body(variant, x):
    """(batch, height, width, channels) to the last feature map: 1/32 of the images' size, or 1/4 after a 3x3 stem."""
    conventions, activation = variant.conventions, variant.activation
    if variant.stem == "7x7":
        x = ws_convolution(conventions, activation, variant.stem_width, 7, 2, name="stem_conv")(x)
        x = StemPool(conventions.padding, name="stem_pool")(x)
    else:
        x = ws_convolution(conventions, activation, variant.stem_width, 3, name="stem_conv")(x)
    for place in positions(
        variant.blocks,
        variant.widths,
        (1,) + (2,) * (len(variant.blocks) - 1),
        variant.stochastic_depth,
        conventions.last_drops_fully,
        variant.alpha,
    ):
        changes = place.strides > 1 or x.shape[-1] != place.filters
        hidden = width(conventions, place.filters * variant.se_ratio, least_share=0)
        x = NFBlock(
            place.filters,
            place.strides,
            shortcut=variant.shortcut if changes else "identity",
            bottleneck=width(conventions, place.filters * 0.25),
            beta=place.beta,
            alpha=variant.alpha,
            activation=activation,
            se_filters=hidden if variant.attention == "se" else None,
            eca=variant.attention == "eca",
            stochastic_depth=place.stochastic_depth,
            conventions=conventions,
            name=place.name,
        )(x)
    return scaled_activation(conventions, activation, name="final_act")(x)


DEPTHS = {
    26: (2, 2, 2, 2),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
    288: (24, 24, 24, 24),
    600: (50, 50, 50, 50),
}


def _timm(depth, parameters, attention=None, resolution=224):
    """timm: average pooling in the shortcut, the activation's gain in every kernel, no skip gain."""
    name = {None: "nf_resnet", "se": "nf_seresnet", "eca": "nf_ecaresnet"}[attention]
    return Variant(
        blocks=DEPTHS[depth],
        shortcut="average",
        attention=attention,
        se_ratio=1 / 16,
        conventions=NF_TIMM,
        resolution=resolution,
        parameters=parameters,
        reference=f"timm {name}{depth}",
    )


def _deepmind(depth, parameters, attention=None):
    """DeepMind: a strided projection, the gain in the activations, a scalar skip gain; stochastic depth 0.1."""
    return Variant(
        blocks=DEPTHS[depth],
        shortcut="projection",
        attention=attention,
        stochastic_depth=0.1,
        conventions=NF_DEEPMIND,
        parameters=parameters,
        reference=f"deepmind-research/nfnets/nf_resnet.py ResNet{depth}, width=4"
        + (", use_se=True, se_ratio=0.25" if attention else ""),
    )


def _cifar(depth, parameters):
    """Three stages for 32 px, depth = 9n + 2, as wide as ResNet-164 V2 (He et al. 2016), in DeepMind's conventions."""
    return Variant(
        blocks=((depth - 2) // 9,) * 3,
        widths=(64, 128, 256),
        stem="3x3",
        stem_width=16,
        shortcut="projection",
        conventions=NF_DEEPMIND,
        classes=10,
        resolution=32,
        smallest=4,
        parameters=parameters,
        reference="ours: ResNet164V2's plan in the blocks of deepmind-research/nfnets",
    )


VARIANTS = {
    "cifar_nf_resnet20": _cifar(20, 220_384),
    "cifar_nf_resnet29": _cifar(29, 313_123),
    "cifar_nf_resnet164": _cifar(164, 1_704_208),
    "nf_resnet26": _timm(26, 15_995_176),
    "nf_resnet50": _timm(50, 25_557_032, resolution=256),
    "nf_resnet101": _timm(101, 44_549_160),
    "nf_seresnet26": _timm(26, 17_395_976, "se"),
    "nf_seresnet50": _timm(50, 28_088_024, "se"),
    "nf_seresnet101": _timm(101, 49_326_872, "se"),
    "nf_ecaresnet26": _timm(26, 15_995_220, "eca"),
    "nf_ecaresnet50": _timm(50, 25_557_118, "eca"),
    "nf_ecaresnet101": _timm(101, 44_549_331, "eca"),
    "nf_resnet50_dm": _deepmind(50, 25_557_048),
    "nf_seresnet50_dm": _deepmind(50, 35_635_704, "se"),
    "nf_resnet101_dm": _deepmind(101, 44_549_193),
    "nf_seresnet101_dm": _deepmind(101, 63_562_505, "se"),
    "nf_resnet152_dm": _deepmind(152, 60_192_858),
    "nf_seresnet152_dm": _deepmind(152, 86_565_402, "se"),
    "nf_resnet200_dm": _deepmind(200, 64_673_898),
    "nf_seresnet200_dm": _deepmind(200, 93_153_834, "se"),
    "nf_resnet288_dm": _deepmind(288, 146_460_552),
    "nf_seresnet288_dm": _deepmind(288, 213_422_472, "se"),
    "nf_resnet600_dm": _deepmind(600, 300_646_896),
    "nf_seresnet600_dm": _deepmind(600, 440_150_896, "se"),
}

NFResNet20 = application("NFResNet20", VARIANTS["cifar_nf_resnet20"], body)
NFResNet29 = application("NFResNet29", VARIANTS["cifar_nf_resnet29"], body)
NFResNet164 = application("NFResNet164", VARIANTS["cifar_nf_resnet164"], body)
NFResNet26 = application("NFResNet26", VARIANTS["nf_resnet26"], body)
NFResNet50 = application("NFResNet50", VARIANTS["nf_resnet50"], body)
NFResNet101 = application("NFResNet101", VARIANTS["nf_resnet101"], body)
NFSEResNet26 = application("NFSEResNet26", VARIANTS["nf_seresnet26"], body)
NFSEResNet50 = application("NFSEResNet50", VARIANTS["nf_seresnet50"], body)
NFSEResNet101 = application("NFSEResNet101", VARIANTS["nf_seresnet101"], body)
NFECAResNet26 = application("NFECAResNet26", VARIANTS["nf_ecaresnet26"], body)
NFECAResNet50 = application("NFECAResNet50", VARIANTS["nf_ecaresnet50"], body)
NFECAResNet101 = application("NFECAResNet101", VARIANTS["nf_ecaresnet101"], body)
NFResNet50_DM = application("NFResNet50_DM", VARIANTS["nf_resnet50_dm"], body)
NFResNet101_DM = application("NFResNet101_DM", VARIANTS["nf_resnet101_dm"], body)
NFResNet152_DM = application("NFResNet152_DM", VARIANTS["nf_resnet152_dm"], body)
NFResNet200_DM = application("NFResNet200_DM", VARIANTS["nf_resnet200_dm"], body)
NFResNet288_DM = application("NFResNet288_DM", VARIANTS["nf_resnet288_dm"], body)
NFResNet600_DM = application("NFResNet600_DM", VARIANTS["nf_resnet600_dm"], body)
NFSEResNet50_DM = application("NFSEResNet50_DM", VARIANTS["nf_seresnet50_dm"], body)
NFSEResNet101_DM = application("NFSEResNet101_DM", VARIANTS["nf_seresnet101_dm"], body)
NFSEResNet152_DM = application("NFSEResNet152_DM", VARIANTS["nf_seresnet152_dm"], body)
NFSEResNet200_DM = application("NFSEResNet200_DM", VARIANTS["nf_seresnet200_dm"], body)
NFSEResNet288_DM = application("NFSEResNet288_DM", VARIANTS["nf_seresnet288_dm"], body)
NFSEResNet600_DM = application("NFSEResNet600_DM", VARIANTS["nf_seresnet600_dm"], body)
