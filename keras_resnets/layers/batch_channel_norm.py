"""Batch-channel normalization: batch norm, then group norm with one scale and shift a group."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_resnets")
class BatchChannelNorm(keras.layers.Layer):
    """Batch norm, then each group of channels of each sample standardized, times `group_gamma`, plus `group_beta`.

    groups: of neighboring channels, at least 1; divides the channels.
    epsilon: added to both variances, inside the root.
    momentum: share of batch norm's running averages that is kept at each step, where each batch normalizes itself.
    moving_speed: None: in training each batch is normalized by its own statistics (the paper's large-batch form). A
        number in (0, 1]: the running averages move by it towards the batch first, and normalize in training too
        (micro-batches); the variance is then around the average before its move. The released code starts this speed
        at 0 and leaves its schedule to the training loop.
    group_gamma_initializer: zeros at the end of a residual branch make the block start as the identity.

    Shapes: (batch, height, width, channels) to the same. Statistics are float32 whatever the dtype policy.
    Raises ValueError for groups that don't divide the channels and for a speed outside its range.
    Source: Qiao et al. 2019, arXiv:1911.09738, and the released code: one scale and one shift a group, not a channel.
    """

    def __init__(
        self,
        groups=32,
        epsilon=1e-5,
        momentum=0.9,
        moving_speed=None,
        group_gamma_initializer="ones",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if groups < 1:
            raise ValueError(f"BatchChannelNorm: `groups` must be at least 1, got {groups}.")
        if moving_speed is not None and not 0 < moving_speed <= 1:
            raise ValueError(f"BatchChannelNorm: `moving_speed` must be None or in (0, 1], got {moving_speed}.")
        self.groups, self.epsilon, self.momentum, self.moving_speed = groups, epsilon, momentum, moving_speed
        self.group_gamma_initializer = keras.initializers.get(group_gamma_initializer)
        self.bn = keras.layers.BatchNormalization(
            epsilon=epsilon, momentum=momentum, name="bn", dtype=self.dtype_policy
        )

    def build(self, shape):
        if shape[-1] % self.groups:
            raise ValueError(
                f"BatchChannelNorm: `groups` must divide the channels, got {self.groups} for {shape[-1]} channels. "
                "Pass another `groups`."
            )
        self.bn.build(shape)
        self.group_gamma = self.add_weight(
            name="group_gamma", shape=(self.groups,), initializer=self.group_gamma_initializer, autocast=False
        )
        self.group_beta = self.add_weight(name="group_beta", shape=(self.groups,), initializer="zeros", autocast=False)

    def call(self, x, training=None):
        if self.moving_speed is None:
            y = self.bn(x, training=training)
        else:
            if training and self.bn.trainable:
                self._move_averages(x)
            y = self.bn(x, training=False)
        return self._group_norm(y)

    def _move_averages(self, x):
        """The running averages one step towards this batch; the variance around the mean before the step."""
        x = ops.stop_gradient(ops.cast(x, "float32"))
        mean, variance = self.bn.moving_mean, self.bn.moving_variance
        spread = ops.mean(ops.square(x - mean), axis=(0, 1, 2))
        variance.assign(variance + self.moving_speed * (spread - variance))
        mean.assign(mean + self.moving_speed * (ops.mean(x, axis=(0, 1, 2)) - mean))

    def _group_norm(self, x):
        shape, dtype = ops.shape(x), x.dtype
        groups = ops.reshape(ops.cast(x, "float32"), (-1, *shape[1:3], self.groups, shape[-1] // self.groups))
        mean, variance = ops.moments(groups, axes=(1, 2, 4), keepdims=True)
        gamma = ops.reshape(self.group_gamma, (-1, 1))
        beta = ops.reshape(self.group_beta, (-1, 1))
        y = (groups - mean) * (gamma * ops.rsqrt(variance + self.epsilon)) + beta
        return ops.cast(ops.reshape(y, (-1, *shape[1:])), dtype)

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return super().get_config() | {
            "groups": self.groups,
            "epsilon": self.epsilon,
            "momentum": self.momentum,
            "moving_speed": self.moving_speed,
            "group_gamma_initializer": keras.initializers.serialize(self.group_gamma_initializer),
        }
