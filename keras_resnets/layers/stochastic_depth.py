"""Stochastic depth: train a shallow network, use a deep one."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_resnets")
class StochasticDepth(keras.layers.Layer):
    """Zeroes the residual of random samples; the identity in inference.

    rate: probability of dropping a sample, in [0, 1); ValueError otherwise.
    rescale: divide the kept residuals by 1 - rate (timm, Keras); NFNets do not.
    Shapes: (batch, height, width, channels) to the same.
    Source: Huang et al. 2016, arXiv:1603.09382.
    """

    def __init__(self, rate, rescale=True, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"StochasticDepth: `rate` must be in [0, 1), got {rate}. For no dropping, use 0.")
        self.rate, self.rescale, self.seed = rate, rescale, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x, training=None):
        if not training or self.rate == 0:
            return x
        keep = 1 - self.rate
        shape = (ops.shape(x)[0],) + (1,) * (len(x.shape) - 1)
        kept = ops.floor(keep + keras.random.uniform(shape, seed=self.seed_generator))
        if self.rescale:
            kept = kept / keep
        return x * ops.cast(kept, x.dtype)

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return super().get_config() | {"rate": self.rate, "rescale": self.rescale, "seed": self.seed}
