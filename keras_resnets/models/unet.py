"""UNet: Ronneberger et al. 2015, as published, with padded convolutions, and around any of our networks.

The answer is a class for each pixel: (batch, height, width, classes). With one class, softmax means the sigmoid: the
softmax against a background whose logit is 0.
"""

from dataclasses import dataclass
from typing import Literal

import keras

from keras_resnets.layers import FitSize
from keras_resnets.layers.conventions import INITIALIZERS, Conventions, normalization
from keras_resnets.models._application import application
from keras_resnets.models.feature_maps import feature_maps

RONNEBERGER = Conventions(use_bias=True, initializer="he_fan_in")
NORMALIZED = Conventions(initializer="he_fan_in")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """UNet: five levels down and four up, each with two 3x3 convolutions, and skips between them (arXiv:1505.04597)."""

    widths: tuple[int, ...] = (64, 128, 256, 512, 1024)
    """Channels of each level, from the images' size to the smallest."""
    padding: Literal["valid", "same"] = "valid"
    """Of the 3x3 convolutions: `valid` loses 2 px at each (572 px give 388), `same` keeps the images' size."""
    batch_norm: bool = False
    """After each 3x3 convolution."""
    dropout: float = 0.5
    """Share of values dropped in training after the last two levels down, in [0, 1); the paper gives no number."""
    conventions: Conventions = RONNEBERGER
    input_channels: int = 1
    """Of the images."""
    classes: int = 2
    resolution: int = 572
    """px of the images it was made for."""
    parameters: int
    """Trainable, with `classes` classes; a test counts."""
    reference: str = "Ronneberger et al. 2015, arXiv:1505.04597"

    @property
    def smallest(self):
        """px of the smallest side it takes."""
        levels = len(self.widths) - 1
        if self.padding == "same":
            return 1
        side = 1
        for _ in range(levels):
            side = -(-(side + 4) // 2)
        for _ in range(levels):
            side = (side + 4) * 2
        return side + 4

    @property
    def classifier_initializer(self):
        return self.conventions.classifier_initializer

    def __post_init__(self):
        if self.padding not in ("valid", "same"):
            raise ValueError(f"Variant: `padding` must be 'valid' or 'same', got {self.padding!r}.")
        if len(self.widths) < 2 or min(self.widths) < 1:
            raise ValueError(f"Variant: `widths` must be two or more numbers of at least 1, got {self.widths}.")


def body(variant, x):
    """(batch, height, width, channels) to the decoder's last map, (batch, height, width, first width)."""
    skips, last = [], len(variant.widths)
    for level, width in enumerate(variant.widths, 1):
        x = _double(variant, x, width, f"encoder{level}")
        if variant.dropout and level >= last - 1:
            x = keras.layers.Dropout(variant.dropout, name=f"encoder{level}_dropout")(x)
        if level < last:
            skips.append(x)
            # Of odd sides, `same` keeps the last pixel, so that the answer has the images' size.
            x = keras.layers.MaxPooling2D(2, padding=variant.padding, name=f"encoder{level}_pool")(x)
    for level in range(last - 1, 0, -1):
        x = _up(variant.conventions, x, variant.widths[level - 1], f"decoder{level}_up")
        skip = skips[level - 1]
        if variant.padding == "valid":
            skip = FitSize("center", name=f"decoder{level}_crop")(skip, x)
        else:
            x = FitSize("start", name=f"decoder{level}_crop")(x, skip)
        x = keras.layers.Concatenate(name=f"decoder{level}_concat")([skip, x])
        x = _double(variant, x, variant.widths[level - 1], f"decoder{level}")
    return x


def head(variant, x, classes, activation):
    """The 1x1 convolution `predictions`, in float32 whatever the dtype policy."""
    if activation == "softmax" and classes == 1:
        activation = "sigmoid"
    return keras.layers.Conv2D(
        classes,
        1,
        activation=activation,
        kernel_initializer=variant.classifier_initializer,
        dtype="float32",
        name="predictions",
    )(x)


def with_encoder(encoder, classes=1, classifier_activation="softmax", widths=None, batch_norm=True, name=None):
    """A UNet whose way down is `encoder`: its feature maps, one a stride, are the skips of a new decoder.

    encoder: a network of ours (or of keras.applications) built with `include_top=False`; its layers and weights are
        part of the new model, under their own names.
    classes: at least 1. classifier_activation: as the constructors' (with one class, softmax means the sigmoid).
    widths: channels of the decoder's levels, from the deepest to the images' size; None takes those of the skips,
        and where a stride has no map half of the level before.
    batch_norm: after each 3x3 convolution of the decoder.
    Shapes: (batch, height, width, channels) to (batch, height, width, classes), for any height and width.
    Raises ValueError for an encoder that doesn't end in a map, whose sides don't shrink, or other than so many widths.
    """
    maps = feature_maps(encoder)
    deepest = max(maps)
    strides = [deepest >> level for level in range(1, deepest.bit_length())]
    if not strides:
        raise ValueError(f"with_encoder: `encoder` must make its maps smaller, but {encoder.name} keeps their size.")
    x, images = maps[deepest], encoder.inputs[0]
    if widths is None:
        widths = []
        for stride in strides:
            before = widths[-1] if widths else x.shape[-1]
            widths.append(maps[stride].shape[-1] if stride in maps else max(before // 2, 1))
    if len(widths) != len(strides) or min(widths) < 1:
        raise ValueError(
            f"with_encoder: `widths` must be {len(strides)} numbers of at least 1, for the strides {strides} of "
            f"{encoder.name}, got {tuple(widths)}."
        )
    variant = _decoder(batch_norm)
    for level, stride, width in zip(range(len(strides), 0, -1), strides, widths, strict=True):
        x = _up(variant.conventions, x, width, f"decoder{level}_up")
        skip = maps.get(stride)
        if skip is not None:
            x = FitSize("start", name=f"decoder{level}_crop")(x, skip)
            x = keras.layers.Concatenate(name=f"decoder{level}_concat")([skip, x])
        elif stride == 1:
            x = FitSize("start", name=f"decoder{level}_crop")(x, images)
        x = _double(variant, x, width, f"decoder{level}")
    answer = head(variant, x, classes, classifier_activation)
    return keras.Model(images, answer, name=name or f"unet_{encoder.name}")


def _decoder(batch_norm):
    """What `_double` and `head` read, of a decoder."""
    return Variant(
        padding="same", batch_norm=batch_norm, conventions=NORMALIZED if batch_norm else RONNEBERGER, parameters=0
    )


def _double(variant, x, width, name):
    """Two 3x3 convolutions, each with ReLU, and batch norm where asked for: one layer of the model."""
    conventions, parts = variant.conventions, []
    for number in (1, 2):
        parts.append(
            keras.layers.Conv2D(
                width,
                3,
                padding=variant.padding,
                use_bias=conventions.use_bias,
                kernel_initializer=INITIALIZERS[conventions.initializer](),
                name=f"conv{number}",
            )
        )
        if variant.batch_norm:
            parts.append(normalization(conventions, name=f"bn{number}"))
        parts.append(keras.layers.ReLU(name=f"relu{number}"))
    return keras.Sequential(parts, name=name)(x)


def _up(conventions, x, width, name):
    """The 2x2 "up-convolution": twice the size."""
    return keras.layers.Conv2DTranspose(
        width, 2, 2, kernel_initializer=INITIALIZERS[conventions.initializer](), name=name
    )(x)


VARIANTS = {
    "unet": Variant(parameters=31_030_658),
    "unet_same": Variant(
        padding="same", dropout=0.0, input_channels=3, classes=1, resolution=256, parameters=31_031_745
    ),
    "unet_same_bn": Variant(
        padding="same",
        batch_norm=True,
        dropout=0.0,
        conventions=NORMALIZED,
        input_channels=3,
        classes=1,
        resolution=256,
        parameters=31_037_633,
    ),
}

UNet = application("UNet", VARIANTS["unet"], body, head)
UNetSame = application("UNetSame", VARIANTS["unet_same"], body, head)
UNetSameBN = application("UNetSameBN", VARIANTS["unet_same_bn"], body, head)
