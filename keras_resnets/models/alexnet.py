"""AlexNet: Krizhevsky et al. 2012, with two columns or one, and torchvision's."""

from dataclasses import dataclass
from typing import Literal

import keras

from keras_resnets.layers import LocalResponseNormalization
from keras_resnets.layers.conventions import INITIALIZERS
from keras_resnets.models._application import application
from keras_resnets.models._fully_connected import bias_initializer, fully_connected

RESPONSE_NORMS = {
    "paper": {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 2.0},
    "caffe": {"size": 5, "alpha": 1e-4 / 5, "beta": 0.75, "k": 1.0},
}
"""Arguments of `LocalResponseNormalization`: the paper's section 3.3, and bvlc_alexnet's."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """AlexNet: five convolutions, three of them pooled, and three dense layers (Krizhevsky et al. 2012)."""

    filters: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256)
    """Channels of the convolutions of 11, 5, 3, 3 and 3 px; the first strides by 4."""
    groups: int = 2
    """Of convolutions 2, 4 and 5: the two columns, each of which saw half of the channels; 1 joins them."""
    stem_padding: int = 0
    """px of zeros around the images: 0 for 227 px (the paper says 224), 2 for 224 px (torchvision)."""
    response_norm: Literal["paper", "caffe"] | None = "paper"
    """After the first two ReLUs; None (torchvision) has none."""
    initializer: str = "normal_0.01"
    """Initial kernels of the convolutions: a key of INITIALIZERS."""
    biases: tuple[float, ...] | Literal["torch"] = (0.0, 1.0, 0.0, 1.0, 1.0)
    """Initial biases of the convolutions (bvlc_alexnet has 0.1 for 1); "torch" is PyTorch's uniform default."""
    dense_initializer: str = "normal_0.01"
    """Initial kernels of the two hidden dense layers; bvlc_alexnet's is "normal_0.005"."""
    dense_bias: float | Literal["torch"] = 1.0
    """Initial biases of the two hidden dense layers; bvlc_alexnet's is 0.1."""
    hidden: int = 4096
    """Units of each."""
    dropout_rate: float = 0.5
    """Share of values dropped at each hidden dense layer in training, in [0, 1)."""
    dropout_before: bool = False
    """Drop what a hidden layer takes (torchvision) instead of what it gives."""
    pool_to: int | None = 6
    """px of the map that the dense layers take, by adaptive average pooling; None takes the map as it comes."""
    classes: int = 1000
    resolution: int = 227
    """px of the images it was made for."""
    smallest: int = 67
    """px of the smallest side it takes."""
    parameters: int
    """Trainable, with `classes` classes; a test counts."""
    reference: str = "Krizhevsky et al. 2012, NeurIPS; bvlc_alexnet of Caffe"

    @property
    def classifier_initializer(self):
        return INITIALIZERS["torch_linear" if self.dense_initializer == "torch_linear" else "normal_0.01"]()

    def __post_init__(self):
        if len(self.filters) != 5 or any(count % self.groups for count in self.filters):
            raise ValueError(
                f"Variant: `filters` must be five numbers that `groups` divides, got {self.filters} and {self.groups}."
            )
        if self.response_norm not in (None, *RESPONSE_NORMS):
            raise ValueError(
                f"Variant: `response_norm` must be None or one of {', '.join(RESPONSE_NORMS)}, "
                f"got {self.response_norm!r}."
            )


def body(variant, x):
    """(batch, height, width, channels) to the last pooled map, (batch, 6, 6, last filters) at the resolution."""
    if variant.stem_padding:
        x = keras.layers.ZeroPadding2D(variant.stem_padding, name="stage1_conv_pad")(x)
    for stage, (filters, size) in enumerate(zip(variant.filters, (11, 5, 3, 3, 3), strict=True), 1):
        groups = variant.groups if stage in (2, 4, 5) else 1
        fan_in = size * size * x.shape[-1] // groups
        bias = "torch" if variant.biases == "torch" else variant.biases[stage - 1]
        x = keras.layers.Conv2D(
            filters,
            size,
            strides=4 if stage == 1 else 1,
            padding="valid" if stage == 1 else "same",
            groups=groups,
            kernel_initializer=INITIALIZERS[variant.initializer](),
            bias_initializer=bias_initializer(bias, fan_in),
            name=f"stage{stage}_conv",
        )(x)
        x = keras.layers.ReLU(name=f"stage{stage}_relu")(x)
        if variant.response_norm and stage < 3:
            x = LocalResponseNormalization(**RESPONSE_NORMS[variant.response_norm], name=f"stage{stage}_norm")(x)
        if stage in (1, 2, 5):
            x = keras.layers.MaxPooling2D(3, 2, name=f"stage{stage}_pool")(x)
    return x


head = fully_connected


VARIANTS = {
    "alexnet": Variant(
        filters=(64, 192, 384, 256, 256),
        groups=1,
        stem_padding=2,
        response_norm=None,
        initializer="torch_linear",
        biases="torch",
        dense_initializer="torch_linear",
        dense_bias="torch",
        dropout_before=True,
        resolution=224,
        smallest=63,
        parameters=61_100_840,
        reference="Krizhevsky 2014, arXiv:1404.5997; torchvision.models.alexnet",
    ),
    "alexnet_2012": Variant(parameters=60_965_224),
    "alexnet_single_column": Variant(groups=1, parameters=62_378_344),
}

AlexNet = application("AlexNet", VARIANTS["alexnet"], body, head)
AlexNet2012 = application("AlexNet2012", VARIANTS["alexnet_2012"], body, head)
AlexNetSingleColumn = application("AlexNetSingleColumn", VARIANTS["alexnet_single_column"], body, head)
