"""Efficient channel attention: channels that weigh their neighbors."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_resnets")
class ECABlock(keras.layers.Layer):
    """x times gain * sigmoid(convolution along channels of (mean of x over height and width)).

    kernel_size: neighbors that a channel sees, odd; None is the paper's nearest odd number to (log2(channels) + 1) / 2,
        at least 3, as timm rounds it.
    gain: the multiplier of the sigmoid; 2 in normalizer-free networks.

    Shapes: (batch, height, width, channels) to the same.
    Raises ValueError for an even `kernel_size`.
    Source: Wang et al. 2019, arXiv:1910.03151, section 3.2; timm's EcaModule.
    """

    def __init__(self, kernel_size=None, gain=1.0, **kwargs):
        super().__init__(**kwargs)
        if kernel_size is not None and (kernel_size < 1 or kernel_size % 2 == 0):
            raise ValueError(f"ECABlock: `kernel_size` must be None or odd, got {kernel_size}.")
        self.kernel_size, self.gain = kernel_size, gain
        self.pool = keras.layers.GlobalAveragePooling2D(name="pool", dtype=self.dtype_policy)

    def build(self, shape):
        self.conv = keras.layers.Conv1D(
            1,
            self.kernel_size or _neighbors(shape[-1]),
            padding="same",
            activation="sigmoid",
            use_bias=False,
            # PyTorch's default: uniform on 1 / sqrt(fan-in).
            kernel_initializer=keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform"),
            name="conv",
            dtype=self.dtype_policy,
        )
        self.conv.build((shape[0], shape[-1], 1))

    def call(self, x):
        gate = self.conv(ops.expand_dims(self.pool(x), -1))
        gate = ops.reshape(gate, (-1, 1, 1, x.shape[-1]))
        return x * (gate if self.gain == 1 else self.gain * gate)

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return super().get_config() | {"kernel_size": self.kernel_size, "gain": self.gain}


def _neighbors(channels):
    size = int((math.log2(channels) + 1) / 2)
    return max(size if size % 2 else size + 1, 3)
