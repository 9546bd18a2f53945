"""Convolution with scaled weight standardization."""

import math

import keras
from keras import ops

STANDARDIZATIONS = ("floor", "add", "unbiased")


@keras.saving.register_keras_serializable("keras_resnets")
class WSConv2D(keras.layers.Layer):
    """A convolution whose kernel is standardized for each output filter, with a trainable gain and bias.

    Over the fan-in N = height * width * input channels / groups of each filter, with mean m and variance v:

    * "floor" (DeepMind): w = gain * (kernel - m) / sqrt(max(N v, epsilon)), epsilon 1e-4;
    * "add" (timm): w = gain * (kernel - m) / sqrt(N (v + epsilon)), epsilon 1e-5;
    * "unbiased" (Qiao et al.): w = (kernel - m) / sqrt(v N / (N - 1) + epsilon), epsilon 1e-5; no gain, no 1 / sqrt(N).

    filters: output channels. kernel_size: one number or (height, width), px. strides, dilation_rate: one number.
    padding: "same", "valid" or "symmetric" (kernel_size // 2 zeros on every side, as PyTorch).
    groups: divides input channels and filters.
    use_bias: add a trainable bias (all of DeepMind's and timm's do).
    scale: a constant factor of the standardized kernel; timm passes the activation's gamma.

    The standardization runs in float32 whatever the dtype policy (a deliberate difference from DeepMind's bfloat16).
    Shapes: (batch, height, width, channels) to (batch, height', width', filters).
    Raises ValueError for an unknown rule and for channels that groups don't divide.
    Source: Brock et al. 2021, arXiv:2101.08692, section 3.2, and the released code; Qiao et al. 2019, arXiv:1903.10520.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="same",
        groups=1,
        dilation_rate=1,
        use_bias=True,
        standardization="floor",
        epsilon=None,
        scale=1.0,
        gain_initializer="ones",
        kernel_initializer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if standardization not in STANDARDIZATIONS:
            raise ValueError(f"WSConv2D: `standardization` must be one of {STANDARDIZATIONS}, got {standardization!r}.")
        if padding not in ("same", "valid", "symmetric"):
            raise ValueError(f"WSConv2D: `padding` must be 'same', 'valid' or 'symmetric', got {padding!r}.")
        if groups < 1 or filters % groups:
            raise ValueError(f"WSConv2D: `groups` must divide `filters` ({filters}), got {groups}.")
        self.filters, self.strides, self.padding, self.groups = filters, strides, padding, groups
        self.kernel_size = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
        self.dilation_rate, self.use_bias, self.scale = dilation_rate, use_bias, scale
        self.standardization = standardization
        self.epsilon = (1e-4 if standardization == "floor" else 1e-5) if epsilon is None else epsilon
        self.gain_initializer = keras.initializers.get(gain_initializer)
        self.kernel_initializer = keras.initializers.get(
            kernel_initializer or keras.initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal")
        )

    def build(self, shape):
        channels = shape[-1]
        if channels % self.groups:
            raise ValueError(f"WSConv2D: `groups` ({self.groups}) must divide the input's channels, got {channels}.")
        kernel = (*self.kernel_size, channels // self.groups, self.filters)
        # autocast=False keeps the float32 values in reach under mixed precision.
        self.kernel = self.add_weight(name="kernel", shape=kernel, initializer=self.kernel_initializer, autocast=False)
        self.gain = self.bias = None
        if self.standardization != "unbiased":
            self.gain = self.add_weight(
                name="gain", shape=(self.filters,), initializer=self.gain_initializer, autocast=False
            )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def standardized_kernel(self):
        """The float32 kernel that convolves, (height, width, channels / groups, filters)."""
        kernel = ops.convert_to_tensor(self.kernel)
        fan_in = math.prod(kernel.shape[:-1])
        mean = ops.mean(kernel, axis=(0, 1, 2), keepdims=True)
        variance = ops.var(kernel, axis=(0, 1, 2), keepdims=True)
        if self.standardization == "floor":
            scale = ops.rsqrt(ops.maximum(fan_in * variance, self.epsilon)) * self.gain
        elif self.standardization == "add":
            scale = ops.rsqrt(fan_in * (variance + self.epsilon)) * self.gain
        else:
            scale = ops.rsqrt(variance * (fan_in / (fan_in - 1)) + self.epsilon)
        return (kernel - mean) * (scale if self.scale == 1 else scale * self.scale)

    def call(self, x):
        if self.padding == "symmetric":
            sides = [self.dilation_rate * (size - 1) // 2 for size in self.kernel_size]
            if any(sides):
                x = ops.pad(x, [[0, 0], [sides[0]] * 2, [sides[1]] * 2, [0, 0]])
        y = ops.conv(
            x,
            ops.cast(self.standardized_kernel(), x.dtype),
            strides=self.strides,
            padding="valid" if self.padding == "symmetric" else self.padding,
            data_format="channels_last",
            dilation_rate=self.dilation_rate,
        )
        return y if self.bias is None else y + self.bias

    def compute_output_shape(self, shape):
        def length(side, size):
            if side is None:
                return None
            if self.padding == "same":
                return -(-side // self.strides)
            reach = self.dilation_rate * (size - 1)
            outside = reach // 2 * 2 if self.padding == "symmetric" else 0
            return (side + outside - reach - 1) // self.strides + 1

        height, width = (length(side, size) for side, size in zip(shape[1:3], self.kernel_size, strict=True))
        return (shape[0], height, width, self.filters)

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "groups": self.groups,
            "dilation_rate": self.dilation_rate,
            "use_bias": self.use_bias,
            "standardization": self.standardization,
            "epsilon": self.epsilon,
            "scale": self.scale,
            "gain_initializer": keras.initializers.serialize(self.gain_initializer),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
