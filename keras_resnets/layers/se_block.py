"""Squeeze-and-excitation: channels that weigh one another."""

import keras


@keras.saving.register_keras_serializable("keras_resnets")
class SEBlock(keras.layers.Layer):
    """x times gain * gate(expand(activation(reduce(mean of x over height and width)))).

    hidden: channels between the two layers, at least 1; papers say input channels / 16.
    gain: the multiplier of the gate; 1 in SE-ResNet, 2 in NFNets.
    activation, gate: names of Keras activations: "relu" and "sigmoid" but "silu" and "sigmoid" in EfficientNet, "relu"
        and "hard_sigmoid", relu6(x + 3) / 6, in MobileNet v3.

    The two layers are 1x1 convolutions with bias on a 1x1 map: equal to dense layers, and what phones run fastest.
    Shapes: (batch, height, width, channels) to the same.
    Source: Hu et al. 2017, arXiv:1709.01507, section 3; gain: Brock et al. 2021, arXiv:2102.06171, released code.
    """

    def __init__(
        self, hidden, gain=1.0, kernel_initializer="glorot_uniform", activation="relu", gate="sigmoid", **kwargs
    ):
        super().__init__(**kwargs)
        if hidden < 1:
            raise ValueError(f"SEBlock: `hidden` must be at least 1 channel, got {hidden}.")
        self.hidden, self.gain, self.activation, self.gate = hidden, gain, activation, gate
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.pool = keras.layers.GlobalAveragePooling2D(keepdims=True, name="pool", dtype=self.dtype_policy)
        self.reduce = keras.layers.Conv2D(
            hidden,
            1,
            activation=activation,
            kernel_initializer=self.kernel_initializer,
            name="reduce",
            dtype=self.dtype_policy,
        )

    def build(self, shape):
        self.expand = keras.layers.Conv2D(
            shape[-1],
            1,
            activation=self.gate,
            kernel_initializer=self.kernel_initializer,
            name="expand",
            dtype=self.dtype_policy,
        )
        self.reduce.build((shape[0], 1, 1, shape[-1]))
        self.expand.build((shape[0], 1, 1, self.hidden))

    def call(self, x):
        gate = self.expand(self.reduce(self.pool(x)))
        return x * (gate if self.gain == 1 else self.gain * gate)

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return super().get_config() | {
            "hidden": self.hidden,
            "gain": self.gain,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "activation": self.activation,
            "gate": self.gate,
        }
