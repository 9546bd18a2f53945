"""Local response normalization: neighbors in depth that compete, as in AlexNet and GoogLeNet."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_resnets")
class LocalResponseNormalization(keras.layers.Layer):
    """x / (k + alpha * sum of x^2 over the `size` nearest channels) ^ beta; beyond the outer channels are zeros.

    size: channels of the sum, odd, at least 1.
    alpha: of the *sum*, as the paper writes it. Caffe and PyTorch take the mean: their alpha / size is ours.
    beta: the exponent. k: what keeps it from 0, above 0.

    The sum of squares runs in float32 whatever the dtype policy.
    Shapes: (batch, height, width, channels) to the same.
    Raises ValueError for an even size and a k of 0 or less.
    Source: Krizhevsky et al. 2012, section 3.3; the defaults are the paper's.
    """

    def __init__(self, size=5, alpha=1e-4, beta=0.75, k=2.0, **kwargs):
        super().__init__(**kwargs)
        if size < 1 or size % 2 == 0:
            raise ValueError(f"LocalResponseNormalization: `size` must be odd and at least 1, got {size}.")
        if k <= 0:
            raise ValueError(f"LocalResponseNormalization: `k` must be above 0, got {k}. The paper's is 2, Caffe's 1.")
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def call(self, x):
        wide = ops.cast(x, "float32")
        channels, reach = x.shape[-1], self.size // 2
        squares = ops.pad(ops.square(wide), [[0, 0]] * (len(x.shape) - 1) + [[reach, reach]])
        total = sum(squares[..., start : start + channels] for start in range(self.size))
        return ops.cast(wide * ops.power(self.k + self.alpha * total, -self.beta), x.dtype)

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return super().get_config() | {"size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}
