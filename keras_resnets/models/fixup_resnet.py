"""ResNets without normalization whose initial weights know the depth: Fixup."""

from dataclasses import dataclass

import keras

from keras_resnets.layers import Conventions, FixupBlock, ScalarBias, StemPool
from keras_resnets.layers.conventions import DEEPMIND, convolution
from keras_resnets.layers.fixup_block import FIXUP
from keras_resnets.models._application import application, predictions
from keras_resnets.models._positions import positions
from keras_resnets.models.nf_resnet import DEPTHS


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A post-activation ResNet with scalar biases and scales instead of normalization (arXiv:1901.09321, section 3)."""

    blocks: tuple[int, int, int, int]
    """Bottleneck blocks in each stage; their number shrinks the initial weights."""
    widths: tuple[int, int, int, int] = (256, 512, 1024, 2048)
    """Output channels of each stage; the 3x3 convolutions have a quarter."""
    stem_width: int = 64
    stochastic_depth: float = 0.1
    """Probability of dropping the last blocks' residuals, growing linearly from the first block's 0; no rescaling."""
    dropout_rate: float = 0.0
    """Before the classifier."""
    conventions: Conventions = FIXUP
    """Of the blocks."""
    stem_conventions: Conventions = DEEPMIND
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
        return self.conventions.classifier_initializer


def body(variant, x):
    """(batch, height, width, channels) to the last feature map, (batch, height / 32, width / 32, last width)."""
    for layer in convolution(variant.stem_conventions, variant.stem_width, 7, 2, name="stem_conv"):
        x = layer(x)
    x = ScalarBias(name="stem_bias")(x)
    x = keras.layers.ReLU(name="stem_relu")(x)
    x = StemPool(variant.conventions.padding, name="stem_pool")(x)
    for place in positions(variant.blocks, variant.widths, (1, 2, 2, 2), variant.stochastic_depth):
        changes = place.strides > 1 or x.shape[-1] != place.filters
        x = FixupBlock(
            place.filters,
            place.strides,
            shortcut="projection" if changes else "identity",
            stochastic_depth=place.stochastic_depth,
            depth=sum(variant.blocks),
            conventions=variant.conventions,
            name=place.name,
        )(x)
    return x


def head(variant, x, classes, activation):
    """Global average pooling, dropout, a scalar bias, and the dense layer `predictions`."""
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    if variant.dropout_rate:
        x = keras.layers.Dropout(variant.dropout_rate, name="dropout")(x)
    return predictions(variant, ScalarBias(name="final_bias")(x), classes, activation)


def _depth(depth, parameters):
    return Variant(
        blocks=DEPTHS[depth],
        parameters=parameters,
        reference=f"deepmind-research/nfnets/fixup_resnet.py ResNet{depth}, width=4",
    )


VARIANTS = {
    "fixup_resnet50": _depth(50, 25_504_026),
    "fixup_resnet101": _depth(101, 44_444_049),
    "fixup_resnet152": _depth(152, 60_041_736),
    "fixup_resnet200": _depth(200, 64_498_296),
    "fixup_resnet288": _depth(288, 146_176_842),
    "fixup_resnet600": _depth(600, 300_064_290),
}

FixupResNet50 = application("FixupResNet50", VARIANTS["fixup_resnet50"], body, head)
FixupResNet101 = application("FixupResNet101", VARIANTS["fixup_resnet101"], body, head)
FixupResNet152 = application("FixupResNet152", VARIANTS["fixup_resnet152"], body, head)
FixupResNet200 = application("FixupResNet200", VARIANTS["fixup_resnet200"], body, head)
FixupResNet288 = application("FixupResNet288", VARIANTS["fixup_resnet288"], body, head)
FixupResNet600 = application("FixupResNet600", VARIANTS["fixup_resnet600"], body, head)
