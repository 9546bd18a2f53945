"""Fixup's scalar bias."""

import keras


@keras.saving.register_keras_serializable("keras_resnets")
class ScalarBias(keras.layers.Layer):
    """x plus one trainable scalar, `bias`, first 0.

    Shapes: any to the same.
    Source: Zhang et al. 2019, arXiv:1901.09321, section 3 (Fixup, rule 3).
    """

    def build(self, shape):
        self.bias = self.add_weight(name="bias", initializer="zeros")

    def call(self, x):
        return x + self.bias

    def compute_output_shape(self, shape):
        return shape
