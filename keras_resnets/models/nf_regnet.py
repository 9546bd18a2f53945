"""Normalizer-free RegNets: DeepMind's, and timm's whose widths differ from them."""

from dataclasses import dataclass

from keras_resnets.layers import NFBlock, NormalizerFree
from keras_resnets.layers.conventions import INITIALIZERS
from keras_resnets.layers.normalizer_free import NF_DEEPMIND, NF_TIMM, scaled_activation, width, ws_convolution
from keras_resnets.models._application import application
from keras_resnets.models._positions import positions


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Inverted bottlenecks of grouped convolutions with attention inside (arXiv:2101.08692, section 5, appendix E)."""

    blocks: tuple[int, int, int, int]
    """Blocks in each stage; each stage's first strides."""
    widths: tuple[int, int, int, int]
    """Channels of each stage before `width_factor`."""
    width_factor: float = 0.75
    expansion: float = 2.25
    """Inner over input channels of a block; 1 in the very first."""
    group_width: int = 8
    """Channels of a group of the 3x3 convolutions."""
    se_ratio: float = 0.5
    """Hidden over inner channels of squeeze-and-excitation."""
    activation: str = "silu"
    """A key of ScaledActivation's FUNCTIONS."""
    alpha: float = 0.2
    """Share of each residual in the sum."""
    stochastic_depth: float = 0.0
    """Probability of dropping the last blocks' residuals, growing linearly from the first block's 0."""
    dropout_rate: float = 0.0
    """Before the classifier."""
    conventions: NormalizerFree
    """Its `divisor` tells the two families apart: DeepMind rounds widths down, timm to the nearest multiple of 8."""
    classifier: str
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


def body(variant, x):
    """(batch, height, width, channels) to the last feature map, (batch, height / 32, width / 32, last channels)."""
    conventions, activation = variant.conventions, variant.activation
    filters = tuple(width(conventions, channels * variant.width_factor) for channels in variant.widths)
    x = ws_convolution(conventions, activation, filters[0], 3, 2, name="stem_conv")(x)
    for place in positions(
        variant.blocks,
        filters,
        (2, 2, 2, 2),
        variant.stochastic_depth,
        conventions.last_drops_fully,
        variant.alpha,
    ):
        expansion = variant.expansion if place.index else 1
        groups = width(conventions, x.shape[-1] * expansion) // variant.group_width
        inner = groups * variant.group_width
        x = NFBlock(
            place.filters,
            place.strides,
            shortcut="average" if place.strides > 1 or x.shape[-1] != place.filters else "identity",
            bottleneck=inner,
            groups=groups,
            beta=place.beta,
            alpha=variant.alpha,
            activation=activation,
            se_filters=max(1, width(conventions, inner * variant.se_ratio, least_share=0)),
            attention_inside=True,
            stochastic_depth=place.stochastic_depth,
            conventions=conventions,
            name=place.name,
        )(x)
    x = ws_convolution(conventions, activation, _last(variant, filters), 1, name="final_conv")(x)
    return scaled_activation(conventions, activation, name="final_act")(x)


def _last(variant, filters):
    """Channels before the classifier: EfficientNet-B0's 1280 of 440, in proportion."""
    if variant.conventions.divisor is None:
        return 1280 * filters[-1] // 440
    return width(variant.conventions, variant.width_factor * (1280 * variant.widths[-1] // 440))


WIDTHS = (
    (48, 104, 208, 440),
    (48, 104, 208, 440),
    (56, 112, 232, 488),
    (56, 128, 248, 528),
    (64, 144, 288, 616),
    (80, 168, 336, 704),
    (88, 184, 376, 792),
    (96, 208, 416, 880),
    (104, 232, 456, 968),
)
BLOCKS = (
    (1, 3, 6, 6),
    (2, 4, 7, 7),
    (2, 4, 8, 8),
    (2, 5, 9, 9),
    (2, 6, 11, 11),
    (3, 7, 14, 14),
    (3, 8, 16, 16),
    (4, 10, 19, 19),
    (4, 11, 22, 22),
)


def _deepmind(level, train_resolution, resolution, dropout_rate, parameters):
    return Variant(
        blocks=BLOCKS[level],
        widths=WIDTHS[level],
        stochastic_depth=0.1,
        dropout_rate=dropout_rate,
        conventions=NF_DEEPMIND,
        classifier="zeros",
        resolution=resolution,
        train_resolution=train_resolution,
        parameters=parameters,
        reference=f"deepmind-research/nfnets/nf_regnet.py B{level}, activation='silu'",
    )


def _timm(level, train_resolution, resolution, parameters):
    return Variant(
        blocks=BLOCKS[level],
        widths=WIDTHS[level],
        conventions=NF_TIMM,
        classifier="normal_0.01",
        resolution=resolution,
        train_resolution=train_resolution,
        parameters=parameters,
        reference=f"timm nf_regnet_b{level}",
    )


VARIANTS = {
    "nf_regnet_b0": _deepmind(0, 192, 224, 0.2, 8_595_372),
    "nf_regnet_b1": _deepmind(1, 224, 256, 0.2, 10_019_208),
    "nf_regnet_b2": _deepmind(2, 240, 272, 0.3, 13_785_904),
    "nf_regnet_b3": _deepmind(3, 288, 320, 0.3, 18_136_667),
    "nf_regnet_b4": _deepmind(4, 320, 384, 0.4, 29_315_830),
    "nf_regnet_b5": _deepmind(5, 384, 456, 0.4, 48_707_138),
    "nf_regnet_b6": _deepmind(6, 448, 528, 0.5, 70_045_805),
    "nf_regnet_b7": _deepmind(7, 512, 600, 0.5, 101_743_204),
    "nf_regnet_b8": _deepmind(8, 600, 672, 0.5, 142_314_441),
    "nf_regnet_b0_timm": _timm(0, 192, 256, 8_764_288),
    "nf_regnet_b1_timm": _timm(1, 256, 288, 10_223_984),
    "nf_regnet_b2_timm": _timm(2, 240, 272, 14_314_608),
    "nf_regnet_b3_timm": _timm(3, 288, 320, 18_593_832),
    "nf_regnet_b4_timm": _timm(4, 320, 384, 30_210_816),
    "nf_regnet_b5_timm": _timm(5, 384, 456, 49_741_728),
}

NFRegNetB0 = application("NFRegNetB0", VARIANTS["nf_regnet_b0"], body)
NFRegNetB1 = application("NFRegNetB1", VARIANTS["nf_regnet_b1"], body)
NFRegNetB2 = application("NFRegNetB2", VARIANTS["nf_regnet_b2"], body)
NFRegNetB3 = application("NFRegNetB3", VARIANTS["nf_regnet_b3"], body)
NFRegNetB4 = application("NFRegNetB4", VARIANTS["nf_regnet_b4"], body)
NFRegNetB5 = application("NFRegNetB5", VARIANTS["nf_regnet_b5"], body)
NFRegNetB6 = application("NFRegNetB6", VARIANTS["nf_regnet_b6"], body)
NFRegNetB7 = application("NFRegNetB7", VARIANTS["nf_regnet_b7"], body)
NFRegNetB8 = application("NFRegNetB8", VARIANTS["nf_regnet_b8"], body)
NFRegNetB0_timm = application("NFRegNetB0_timm", VARIANTS["nf_regnet_b0_timm"], body)
NFRegNetB1_timm = application("NFRegNetB1_timm", VARIANTS["nf_regnet_b1_timm"], body)
NFRegNetB2_timm = application("NFRegNetB2_timm", VARIANTS["nf_regnet_b2_timm"], body)
NFRegNetB3_timm = application("NFRegNetB3_timm", VARIANTS["nf_regnet_b3_timm"], body)
NFRegNetB4_timm = application("NFRegNetB4_timm", VARIANTS["nf_regnet_b4_timm"], body)
NFRegNetB5_timm = application("NFRegNetB5_timm", VARIANTS["nf_regnet_b5_timm"], body)
