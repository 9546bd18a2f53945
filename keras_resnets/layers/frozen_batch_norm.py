"""Batch norm whose statistics stay: for a network that goes on from pretrained weights."""

import keras


@keras.saving.register_keras_serializable("keras_resnets")
class FrozenBatchNorm(keras.layers.BatchNormalization):
    """Batch norm that normalizes by its moving statistics in training too, and leaves them; gamma and beta train.

    Keras' own `trainable = False` freezes gamma and beta along with the statistics. Arguments, weights and shapes:
    `keras.layers.BatchNormalization`, whose place it can take by `from_config(layer.get_config())`.
    """

    def call(self, x, training=None, mask=None):
        return super().call(x, training=False, mask=mask)
