"""ResNets without normalization that start as the identity: SkipInit."""

import dataclasses
from dataclasses import dataclass

import keras

from keras_resnets.layers import Conventions, SkipInitBlock, StemPool
from keras_resnets.layers.conventions import convolution
from keras_resnets.layers.skipinit_block import SKIPINIT
from keras_resnets.models._application import application
from keras_resnets.models._positions import positions
from keras_resnets.models.nf_resnet import DEPTHS


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A pre-activation ResNet whose residuals a trainable scalar multiplies, first 0 (arXiv:2002.10444, section 3)."""

    blocks: tuple[int, int, int, int]
    """Bottleneck blocks in each stage."""
    widths: tuple[int, int, int, int] = (256, 512, 1024, 2048)
    """Output channels of each stage; the 3x3 convolutions have a quarter."""
    stem_width: int = 64
    stochastic_depth: float = 0.1
    """Probability of dropping the last blocks' residuals, growing linearly from the first block's 0; no rescaling."""
    dropout_rate: float = 0.0
    """Before the classifier."""
    conventions: Conventions = SKIPINIT
    """Of the blocks; the stem has no bias."""
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
    bare = dataclasses.replace(variant.conventions, use_bias=False)
    for layer in convolution(bare, variant.stem_width, 7, 2, name="stem_conv"):
        x = layer(x)
    x = StemPool(variant.conventions.padding, name="stem_pool")(x)
    for place in positions(variant.blocks, variant.widths, (1, 2, 2, 2), variant.stochastic_depth):
        changes = place.strides > 1 or x.shape[-1] != place.filters
        x = SkipInitBlock(
            place.filters,
            place.strides,
            shortcut="projection" if changes else "identity",
            stochastic_depth=place.stochastic_depth,
            conventions=variant.conventions,
            name=place.name,
        )(x)
    return keras.layers.ReLU(name="final_relu")(x)


def _depth(depth, parameters):
    return Variant(
        blocks=DEPTHS[depth],
        parameters=parameters,
        reference=f"deepmind-research/nfnets/skipinit_resnet.py ResNet{depth}, width=4",
    )


VARIANTS = {
    "skipinit_resnet50": _depth(50, 25_530_424),
    "skipinit_resnet101": _depth(101, 44_496_457),
    "skipinit_resnet152": _depth(152, 60_117_082),
    "skipinit_resnet200": _depth(200, 64_585_834),
    "skipinit_resnet288": _depth(288, 146_318_344),
    "skipinit_resnet600": _depth(600, 300_354_928),
}

SkipInitResNet50 = application("SkipInitResNet50", VARIANTS["skipinit_resnet50"], body)
SkipInitResNet101 = application("SkipInitResNet101", VARIANTS["skipinit_resnet101"], body)
SkipInitResNet152 = application("SkipInitResNet152", VARIANTS["skipinit_resnet152"], body)
SkipInitResNet200 = application("SkipInitResNet200", VARIANTS["skipinit_resnet200"], body)
SkipInitResNet288 = application("SkipInitResNet288", VARIANTS["skipinit_resnet288"], body)
SkipInitResNet600 = application("SkipInitResNet600", VARIANTS["skipinit_resnet600"], body)
