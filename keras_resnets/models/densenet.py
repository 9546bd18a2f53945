"""DenseNet-BC: Huang et al. 2016, where each layer sees all that came before."""

from dataclasses import dataclass

import keras

from keras_resnets.layers import DenseLayer, StemPool
from keras_resnets.layers.conventions import Conventions, convolution, normalization
from keras_resnets.models._application import application

TORCHVISION_DENSENET = Conventions(initializer="he_fan_in", dense_initializer="torch_linear")
KERAS_DENSENET = Conventions(epsilon=1.001e-5, momentum=0.99, initializer="glorot_uniform")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """DenseNet-BC: four dense blocks, between them transitions that halve channels and sides (arXiv:1608.06993)."""

    blocks: tuple[int, ...]
    """Dense layers in each dense block."""
    growth: int = 32
    """Channels that each layer adds (the paper's k)."""
    stem_width: int = 64
    """Channels after the first convolution."""
    bottleneck: int = 4
    """Channels of a layer's 1x1 convolution, in units of `growth`."""
    compression: float = 0.5
    """Channels that a transition keeps, in (0, 1], rounded down."""
    dropout: float = 0.0
    """Share of the new values of each layer dropped in training, in [0, 1) (the paper's CIFAR nets: 0.2)."""
    conventions: Conventions = TORCHVISION_DENSENET
    """Of the reference: torchvision's, or KERAS_DENSENET (batch norm's epsilon 1.001e-5 and momentum 0.99, Glorot)."""
    classes: int = 1000
    resolution: int = 224
    """px of the images it was made for."""
    smallest: int = 29
    """px of the smallest side it takes."""
    parameters: int
    """Trainable, with `classes` classes; a test counts."""
    reference: str = "Huang et al. 2016, arXiv:1608.06993; torchvision.models.densenet"

    @property
    def classifier_initializer(self):
        return self.conventions.classifier_initializer

    def __post_init__(self):
        if not self.blocks or min(*self.blocks, self.growth, self.stem_width, self.bottleneck) < 1:
            raise ValueError(
                f"Variant: `blocks`, `growth`, `stem_width` and `bottleneck` must be at least 1, got {self.blocks}, "
                f"{self.growth}, {self.stem_width} and {self.bottleneck}."
            )
        if not 0 < self.compression <= 1:
            raise ValueError(f"Variant: `compression` must be in (0, 1], got {self.compression}.")


def body(variant, x):
    """(batch, height, width, channels) to the last feature map, (batch, height / 32, width / 32, channels)."""
    conventions = variant.conventions
    for layer in convolution(conventions, variant.stem_width, 7, 2, name="stem_conv"):
        x = layer(x)
    x = _normalized(conventions, x, "stem")
    x = StemPool(conventions.padding, name="stem_pool")(x)
    for stage, count in enumerate(variant.blocks, 1):
        if stage > 1:
            x = _transition(variant, x, f"transition{stage - 1}")
        for number in range(1, count + 1):
            x = DenseLayer(
                variant.growth,
                variant.bottleneck * variant.growth,
                dropout=variant.dropout,
                conventions=conventions,
                name=f"stage{stage}_block{number}",
            )(x)
    return _normalized(conventions, x, "final")


def _transition(variant, x, name):
    """Batch norm, ReLU, conv 1x1 to fewer channels, average pooling of 2x2 (a last odd row or column is left out)."""
    filters = int(x.shape[-1] * variant.compression)
    x = _normalized(variant.conventions, x, name)
    for layer in convolution(variant.conventions, filters, 1, name=f"{name}_conv"):
        x = layer(x)
    return keras.layers.AveragePooling2D(2, name=f"{name}_pool")(x)


def _normalized(conventions, x, name):
    x = normalization(conventions, name=f"{name}_bn")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


VARIANTS = {
    "densenet121": Variant(blocks=(6, 12, 24, 16), parameters=7_978_856),
    "densenet161": Variant(blocks=(6, 12, 36, 24), growth=48, stem_width=96, parameters=28_681_000),
    "densenet169": Variant(blocks=(6, 12, 32, 32), parameters=14_149_480),
    "densenet201": Variant(blocks=(6, 12, 48, 32), parameters=20_013_928),
    "densenet264": Variant(
        blocks=(6, 12, 64, 48), parameters=33_337_704, reference="Huang et al. 2016, arXiv:1608.06993, table 1"
    ),
}

DenseNet121 = application("DenseNet121", VARIANTS["densenet121"], body)
DenseNet161 = application("DenseNet161", VARIANTS["densenet161"], body)
DenseNet169 = application("DenseNet169", VARIANTS["densenet169"], body)
DenseNet201 = application("DenseNet201", VARIANTS["densenet201"], body)
DenseNet264 = application("DenseNet264", VARIANTS["densenet264"], body)
