"""What papers leave open and references settle differently: padding, biases, batch norm, initial weights.

A `Conventions` is one reference's answer to all of them; `convolution` and `normalization` build layers that follow it.
"""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import keras

INITIALIZERS = {
    "he_fan_in": lambda: keras.initializers.VarianceScaling(2.0, "fan_in", "untruncated_normal"),
    "he_fan_out": lambda: keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal"),
    "glorot_uniform": keras.initializers.GlorotUniform,
}


@dataclass(frozen=True, kw_only=True)
class Conventions:
    """One reference's answer to what the papers leave open; spec.md sections 0.3 to 0.5 of the project tell them apart."""

    padding: Literal["same", "symmetric"] = "symmetric"
    """`same` pads as TensorFlow (unevenly under stride 2), `symmetric` as PyTorch: the same on all sides."""
    use_bias: bool = False
    """Whether convolutions add a bias although batch norm follows."""
    epsilon: float = 1e-5
    """Added to batch norm's variance."""
    momentum: float = 0.9
    """Share of batch norm's running average that is kept at each step (Keras' meaning)."""
    initializer: str = "he_fan_out"
    """Initial kernels: a key of INITIALIZERS."""
    zero_last_gamma: bool = False
    """Start the last batch norm of each branch at gamma 0, so that a block starts as the identity."""

    def __post_init__(self):
        if self.padding not in ("same", "symmetric"):
            raise ValueError(f"Conventions: `padding` must be 'same' or 'symmetric', got {self.padding!r}.")
        if self.initializer not in INITIALIZERS:
            raise ValueError(
                f"Conventions: `initializer` must be one of {', '.join(INITIALIZERS)}, got {self.initializer!r}."
            )


TORCHVISION = Conventions()
AKAMASTER = Conventions(initializer="he_fan_in")


def conventions_from(value):
    """`value` itself, or the Conventions that a layer's saved config holds as a dictionary."""
    return Conventions(**value) if isinstance(value, dict) else value


def to_config(conventions):
    """`conventions` as a dictionary for a layer's `get_config`."""
    return dataclasses.asdict(conventions)


def convolution(conventions, filters, size, strides=1, *, name, groups=1, dtype=None):
    """Layers, one or two, that convolve `size` x `size` as `conventions` say; the output is ceil(input / strides) px."""
    outside = size // 2 if conventions.padding == "symmetric" and strides > 1 else 0
    layers = [keras.layers.ZeroPadding2D(outside, name=f"{name}_pad", dtype=dtype)] if outside else []
    return [
        *layers,
        keras.layers.Conv2D(
            filters,
            size,
            strides=strides,
            padding="valid" if outside else "same",
            groups=groups,
            use_bias=conventions.use_bias,
            kernel_initializer=INITIALIZERS[conventions.initializer](),
            name=name,
            dtype=dtype,
        ),
    ]


def normalization(conventions, *, name, last=False, dtype=None):
    """The batch norm of `conventions`; `last` marks the last one of a residual branch."""
    return keras.layers.BatchNormalization(
        epsilon=conventions.epsilon,
        momentum=conventions.momentum,
        gamma_initializer="zeros" if last and conventions.zero_last_gamma else "ones",
        name=name,
        dtype=dtype,
    )
