"""Scale and shift of features: a pretrained network adapts by two numbers a channel."""

import keras


@keras.saving.register_keras_serializable("keras_resnets")
class ScaleShift(keras.layers.Layer):
    """scale * x + shift, one trainable number each a channel (SSF).

    center: whether there is a `shift`. After an operation without a bias there is none, for nothing could take it up
        when the two are merged.
    scale_initializer, shift_initializer: of Keras. By default the identity, so that a pretrained network starts as it
        was; the released code draws them from N(1, 0.02^2) and N(0, 0.02^2).
    Shapes: (..., channels) to the same.
    Source: Lian et al. 2022, arXiv:2210.08823, equation 2.
    """

    def __init__(self, center=True, scale_initializer="ones", shift_initializer="zeros", **kwargs):
        super().__init__(**kwargs)
        self.center = center
        self.scale_initializer = keras.initializers.get(scale_initializer)
        self.shift_initializer = keras.initializers.get(shift_initializer)

    def build(self, shape):
        channels, self.shift = (shape[-1],), None
        self.scale = self.add_weight(name="scale", shape=channels, initializer=self.scale_initializer)
        if self.center:
            self.shift = self.add_weight(name="shift", shape=channels, initializer=self.shift_initializer)

    def call(self, x):
        y = x * self.scale
        return y if self.shift is None else y + self.shift

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return super().get_config() | {
            "center": self.center,
            "scale_initializer": keras.initializers.serialize(self.scale_initializer),
            "shift_initializer": keras.initializers.serialize(self.shift_initializer),
        }
