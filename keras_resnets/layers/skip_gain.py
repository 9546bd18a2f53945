"""SkipInit's scalar: a residual branch that starts silent."""

import keras


@keras.saving.register_keras_serializable("keras_resnets")
class SkipGain(keras.layers.Layer):
    """x times one trainable scalar, `skip_gain`.

    initial: its first value; 0 makes a residual block start as the identity.
    Shapes: any to the same.
    Source: De and Smith 2020, arXiv:2002.10444 (SkipInit); used in NFNets, arXiv:2102.06171.
    """

    def __init__(self, initial=0.0, **kwargs):
        super().__init__(**kwargs)
        self.initial = initial

    def build(self, shape):
        self.gain = self.add_weight(name="skip_gain", initializer=keras.initializers.Constant(self.initial))

    def call(self, x):
        return x * self.gain

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return super().get_config() | {"initial": self.initial}
