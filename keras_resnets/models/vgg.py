"""VGG: Simonyan and Zisserman 2014, with and without batch norm."""

import dataclasses
from dataclasses import dataclass

import keras

from keras_resnets.layers.conventions import Conventions
from keras_resnets.layers.inception_block import rectified
from keras_resnets.models._application import application
from keras_resnets.models._fully_connected import fully_connected

VGG = Conventions(use_bias=True, dense_initializer="normal_0.01")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """VGG: five stages of 3x3 convolutions, each halved by max pooling, and three dense layers (arXiv:1409.1556)."""

    convolutions: tuple[int, int, int, int, int]
    """In each stage."""
    widths: tuple[int, int, int, int, int] = (64, 128, 256, 512, 512)
    """Channels of each stage."""
    batch_norm: bool = False
    """After each convolution, which keeps its bias."""
    conventions: Conventions = VGG
    hidden: int = 4096
    """Units of each of the two hidden dense layers."""
    dropout_rate: float = 0.5
    """Share of values dropped after each in training, in [0, 1); keras.applications has 0."""
    dropout_before: bool = False
    """Drop what a hidden layer takes instead of what it gives."""
    dense_initializer: str = "normal_0.01"
    """Initial kernels of the two hidden dense layers: a key of INITIALIZERS."""
    dense_bias: float = 0.0
    """Initial biases of the two hidden dense layers."""
    pool_to: int | None = 7
    """px of the map that the dense layers take, by adaptive average pooling (torchvision); None takes the map as it
    comes (the paper, keras.applications). At 224 px it comes with 7 px."""
    classes: int = 1000
    resolution: int = 224
    """px of the images it was made for."""
    smallest: int = 32
    """px of the smallest side it takes."""
    parameters: int
    """Trainable, with `classes` classes; a test counts."""
    reference: str = "Simonyan and Zisserman 2014, arXiv:1409.1556; torchvision.models.vgg"

    @property
    def classifier_initializer(self):
        return self.conventions.classifier_initializer

    def __post_init__(self):
        if len(self.convolutions) != len(self.widths) or min(*self.convolutions, *self.widths) < 1:
            raise ValueError(
                f"Variant: `convolutions` and `widths` must be as many numbers of at least 1 each, "
                f"got {self.convolutions} and {self.widths}."
            )


def body(variant, x):
    """(batch, height, width, channels) to the last pooled map, (batch, height / 32, width / 32, last width)."""
    for stage, (count, width) in enumerate(zip(variant.convolutions, variant.widths, strict=True), 1):
        for number in range(1, count + 1):
            prefix = f"stage{stage}_"
            for layer in rectified(
                variant.conventions, width, 3, number=number, batch_norm=variant.batch_norm, prefix=prefix
            ):
                x = layer(x)
        x = keras.layers.MaxPooling2D(2, name=f"stage{stage}_pool")(x)
    return x


head = fully_connected

VARIANTS = {
    "vgg11": Variant(convolutions=(1, 1, 2, 2, 2), parameters=132_863_336),
    "vgg13": Variant(convolutions=(2, 2, 2, 2, 2), parameters=133_047_848),
    "vgg16": Variant(convolutions=(2, 2, 3, 3, 3), parameters=138_357_544),
    "vgg19": Variant(convolutions=(2, 2, 4, 4, 4), parameters=143_667_240),
}
VARIANTS |= {
    f"{key}_bn": dataclasses.replace(VARIANTS[key], batch_norm=True, parameters=parameters)
    for key, parameters in (
        ("vgg11", 132_868_840),
        ("vgg13", 133_053_736),
        ("vgg16", 138_365_992),
        ("vgg19", 143_678_248),
    )
}

VGG11 = application("VGG11", VARIANTS["vgg11"], body, head)
VGG13 = application("VGG13", VARIANTS["vgg13"], body, head)
VGG16 = application("VGG16", VARIANTS["vgg16"], body, head)
VGG19 = application("VGG19", VARIANTS["vgg19"], body, head)
VGG11BN = application("VGG11BN", VARIANTS["vgg11_bn"], body, head)
VGG13BN = application("VGG13BN", VARIANTS["vgg13_bn"], body, head)
VGG16BN = application("VGG16BN", VARIANTS["vgg16_bn"], body, head)
VGG19BN = application("VGG19BN", VARIANTS["vgg19_bn"], body, head)
