"""What papers leave open and references settle differently: padding, biases, batch norm, initial weights.

A `Conventions` is one reference's answer to all of them; `convolution` and `normalization` build layers that follow it.
"""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import keras

from keras_resnets.layers.batch_channel_norm import BatchChannelNorm
from keras_resnets.layers.ws_conv2d import STANDARDIZATIONS, WSConv2D

INITIALIZERS = {
    "he_fan_in": lambda: keras.initializers.VarianceScaling(2.0, "fan_in", "untruncated_normal"),
    "unit_fan_in": lambda: keras.initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal"),
    "he_fan_out": lambda: keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal"),
    "he_fan_out_truncated": lambda: keras.initializers.VarianceScaling(2.0, "fan_out", "truncated_normal"),
    "glorot_uniform": keras.initializers.GlorotUniform,
    "caffe_xavier": lambda: keras.initializers.VarianceScaling(1.0, "fan_in", "uniform"),
    "normal_0.01": lambda: keras.initializers.RandomNormal(stddev=0.01),
    "normal_0.005": lambda: keras.initializers.RandomNormal(stddev=0.005),
    "torch_linear": lambda: keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform"),
    "zeros": keras.initializers.Zeros,
    # Haiku cuts a normal of 1 / sqrt(fan-in) at two deviations; Keras would widen it, so that the cut restores it.
    "haiku": lambda: keras.initializers.VarianceScaling(0.87962566103423978**2, "fan_in", "truncated_normal"),
}


@dataclass(frozen=True, kw_only=True)
class Conventions:
    """One reference's answer to what the papers leave open."""

    padding: Literal["same", "symmetric"] = "symmetric"
    """`same` pads as TensorFlow (unevenly under stride 2), `symmetric` as PyTorch: the same on all sides."""
    use_bias: bool | Literal["unnormalized"] = False
    """Whether convolutions add a bias: none, all, or only those that no batch norm follows directly (Keras' V2)."""
    epsilon: float = 1e-5
    """Added to batch norm's variance."""
    momentum: float = 0.9
    """Share of batch norm's running average that is kept at each step (Keras' meaning)."""
    initializer: str = "he_fan_out"
    """Initial kernels: a key of INITIALIZERS."""
    zero_last_gamma: bool = False
    """Start the last batch norm of each branch at gamma 0, so that a block starts as the identity."""
    dense_initializer: str | None = None
    """Initial kernel of the classifier: a key of INITIALIZERS; None is as the convolutions."""
    standardization: str | None = None
    """Standardize the kernels of convolutions by this rule of `WSConv2D`; None: plain convolutions."""
    norm: Literal["batch", "batch_channel", "none"] = "batch"
    """Batch norm, batch norm followed by group norm (`BatchChannelNorm`), or nothing, for comparisons."""
    norm_groups: int = 32
    """Groups of channels of `batch_channel`."""
    moving_speed: float | None = None
    """Of `batch_channel`: the moving averages' speed when they normalize in training too; None: each batch's own."""
    bias: float = 0.0
    """Initial value of the convolutions' biases, where they have any."""

    def __post_init__(self):
        if self.padding not in ("same", "symmetric"):
            raise ValueError(f"Conventions: `padding` must be 'same' or 'symmetric', got {self.padding!r}.")
        if self.use_bias not in (False, True, "unnormalized"):
            raise ValueError(f"Conventions: `use_bias` must be a bool or 'unnormalized', got {self.use_bias!r}.")
        if self.initializer not in INITIALIZERS:
            raise ValueError(
                f"Conventions: `initializer` must be one of {', '.join(INITIALIZERS)}, got {self.initializer!r}."
            )
        if self.dense_initializer not in (None, *INITIALIZERS):
            raise ValueError(
                f"Conventions: `dense_initializer` must be None or one of {', '.join(INITIALIZERS)}, "
                f"got {self.dense_initializer!r}."
            )
        if self.standardization not in (None, *STANDARDIZATIONS):
            raise ValueError(
                f"Conventions: `standardization` must be None or one of {', '.join(STANDARDIZATIONS)}, "
                f"got {self.standardization!r}."
            )
        if self.norm not in ("batch", "batch_channel", "none"):
            raise ValueError(f"Conventions: `norm` must be 'batch', 'batch_channel' or 'none', got {self.norm!r}.")

    @property
    def classifier_initializer(self):
        """The classifier's initial kernel."""
        return INITIALIZERS[self.dense_initializer or self.initializer]()


PAPER = AKAMASTER = Conventions(initializer="he_fan_in")
TORCHVISION = Conventions(dense_initializer="torch_linear")
TIMM_V2 = Conventions(dense_initializer="normal_0.01")
TIMM = Conventions(dense_initializer="torch_linear", zero_last_gamma=True)
DEEPMIND = Conventions(padding="same", initializer="haiku", dense_initializer="zeros")
KERAS_RESNET = Conventions(use_bias=True, epsilon=1.001e-5, momentum=0.99, initializer="glorot_uniform")
KERAS_RESNET_V2 = dataclasses.replace(KERAS_RESNET, use_bias="unnormalized")
BATCH_CHANNEL = Conventions(
    dense_initializer="torch_linear", zero_last_gamma=True, standardization="unbiased", norm="batch_channel"
)


def conventions_from(value):
    """`value` itself, or the Conventions that a layer's saved config holds as a dictionary."""
    return Conventions(**value) if isinstance(value, dict) else value


def to_config(conventions):
    """`conventions` as a dictionary for a layer's `get_config`."""
    return dataclasses.asdict(conventions)


def convolution(conventions, filters, size, strides=1, *, name, groups=1, dtype=None, normalized=True):
    """Layers, one or two, that convolve `size` x `size` as `conventions` say; the output is ceil(input / strides) px.

    normalized: whether a batch norm follows directly.
    """
    use_bias = conventions.use_bias is True or (conventions.use_bias == "unnormalized" and not normalized)
    options = {
        "strides": strides,
        "groups": groups,
        "use_bias": use_bias,
        "kernel_initializer": INITIALIZERS[conventions.initializer](),
        "name": name,
        "dtype": dtype,
    }
    if conventions.standardization:
        rule, padding = conventions.standardization, conventions.padding
        return [WSConv2D(filters, size, padding=padding, standardization=rule, **options)]
    options["bias_initializer"] = keras.initializers.Constant(conventions.bias) if conventions.bias else "zeros"
    outside = size // 2 if conventions.padding == "symmetric" and strides > 1 else 0
    layers = [keras.layers.ZeroPadding2D(outside, name=f"{name}_pad", dtype=dtype)] if outside else []
    return [*layers, keras.layers.Conv2D(filters, size, padding="valid" if outside else "same", **options)]


def normalization(conventions, *, name, last=False, dtype=None):
    """The batch norm of `conventions`, or an identity; `last` marks the last one of a residual branch."""
    if conventions.norm == "none":
        return keras.layers.Identity(name=name, dtype=dtype)
    first_gamma = "zeros" if last and conventions.zero_last_gamma else "ones"
    options = {"epsilon": conventions.epsilon, "momentum": conventions.momentum, "name": name, "dtype": dtype}
    if conventions.norm == "batch_channel":
        groups, speed = conventions.norm_groups, conventions.moving_speed
        return BatchChannelNorm(groups, moving_speed=speed, group_gamma_initializer=first_gamma, **options)
    return keras.layers.BatchNormalization(gamma_initializer=first_gamma, **options)


def depthwise_convolution(conventions, size, strides=1, *, name, padding=None, dtype=None):
    """Layers, one or two, that convolve each channel by itself, `size` x `size`, as `conventions` say.

    padding: None pads as `conventions` say; "end", under stride 2, pads one row and one column after the last (Keras).
    """
    if padding not in (None, "end"):
        raise ValueError(f"depthwise_convolution: `padding` must be None or 'end', got {padding!r}.")
    if strides > 1 and padding == "end":
        outside = ((0, 1), (0, 1))
    else:
        outside = size // 2 if conventions.padding == "symmetric" and strides > 1 else 0
    layers = [keras.layers.ZeroPadding2D(outside, name=f"{name}_pad", dtype=dtype)] if outside else []
    return [
        *layers,
        keras.layers.DepthwiseConv2D(
            size,
            strides=strides,
            padding="valid" if outside else "same",
            use_bias=conventions.use_bias is True,
            depthwise_initializer=INITIALIZERS[conventions.initializer](),
            name=name,
            dtype=dtype,
        ),
    ]
