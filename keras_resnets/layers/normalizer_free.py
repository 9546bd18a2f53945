"""What the papers on normalizer-free networks leave open, and DeepMind's code and timm settle differently.

A `NormalizerFree` is one reference's answer to all of it; `ws_convolution` and `scaled_activation` build layers that
follow it.
"""

from dataclasses import dataclass
from typing import Literal

from keras_resnets.layers.scaled_activation import GAMMAS, ScaledActivation
from keras_resnets.layers.ws_conv2d import WSConv2D


@dataclass(frozen=True, kw_only=True)
class NormalizerFree:
    """One reference's answer; the two codes compute different functions from the same weights."""

    padding: Literal["same", "symmetric"] = "same"
    """`same` pads as TensorFlow (unevenly under stride 2), `symmetric` as PyTorch: the same on all sides."""
    standardization: Literal["floor", "add"] = "floor"
    """How epsilon enters the standardized kernel (`WSConv2D`): a floor of N v, or added to v."""
    gamma_in: Literal["activation", "convolution"] = "activation"
    """Where the activation's gain is: after each activation, or in every kernel, those of stem and shortcuts too."""
    skip_gain: bool = True
    """A trainable scalar, first 0, ends each branch; without it the last convolution's gain per channel starts at 0."""
    attention_initializer: Literal["haiku", "unit_fan_in"] = "haiku"
    """Initial kernels of squeeze-and-excitation: a key of INITIALIZERS."""
    rescale: bool = False
    """Divide the residuals that stochastic depth keeps by their probability."""
    last_drops_fully: bool = False
    """The last of N blocks drops with the full rate, as timm's linspace; else with (N - 1) / N of it."""
    divisor: int | None = None
    """Widths that follow from ratios go to the nearest multiple of this (timm: 8); None rounds them down."""

    def __post_init__(self):
        for name, allowed in (
            ("padding", ("same", "symmetric")),
            ("standardization", ("floor", "add")),
            ("gamma_in", ("activation", "convolution")),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"NormalizerFree: `{name}` must be one of {allowed}, got {getattr(self, name)!r}.")


NF_DEEPMIND = NormalizerFree()
"""deepmind-research/nfnets."""
NF_TIMM = NormalizerFree(
    padding="symmetric",
    standardization="add",
    gamma_in="convolution",
    skip_gain=False,
    attention_initializer="unit_fan_in",
    rescale=True,
    last_drops_fully=True,
    divisor=8,
)
"""timm's nf_resnet*, nf_regnet*, nfnet_f*, nfnet_l0, eca_nfnet_l*."""
NF_TIMM_DM = NormalizerFree(
    standardization="add",
    attention_initializer="unit_fan_in",
    rescale=True,
    last_drops_fully=True,
    divisor=8,
)
"""timm's dm_nfnet_f*: DeepMind's weights and graph with timm's epsilon (and "gelu_exact")."""


def normalizer_free_from(value):
    """`value` itself, or the NormalizerFree that a layer's saved config holds as a dictionary."""
    return NormalizerFree(**value) if isinstance(value, dict) else value


def width(conventions, channels, least_share=0.9):
    """`channels`, a real number, as whole channels; rounded to nearest, never below `least_share` of it."""
    divisor = conventions.divisor
    if divisor is None:
        return int(channels)
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest if nearest >= least_share * channels else nearest + divisor


def ws_convolution(conventions, activation, filters, size, strides=1, *, name, **options):
    """The `WSConv2D` of `conventions`; its output is ceil(input / strides) px. options: as WSConv2D takes them."""
    uneven = conventions.padding == "symmetric" and strides > 1
    return WSConv2D(
        filters,
        size,
        strides,
        padding="symmetric" if uneven else "same",
        standardization=conventions.standardization,
        scale=GAMMAS[activation] if conventions.gamma_in == "convolution" else 1.0,
        name=name,
        **options,
    )


def scaled_activation(conventions, activation, scale=1.0, *, name, dtype=None):
    """The activation with its gain, or without where the kernels have it, times `scale`."""
    gamma = 1.0 if conventions.gamma_in == "convolution" else None
    return ScaledActivation(activation, scale, gamma, name=name, dtype=dtype)
