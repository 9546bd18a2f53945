"""Activations that keep the variance of a unit Gaussian input at one."""

import keras
from keras import ops

FUNCTIONS = {
    "identity": lambda x: x,
    "celu": ops.celu,
    "elu": ops.elu,
    "gelu": lambda x: ops.gelu(x, approximate=True),
    "gelu_exact": lambda x: ops.gelu(x, approximate=False),
    "leaky_relu": lambda x: ops.leaky_relu(x, negative_slope=0.01),
    "log_sigmoid": ops.log_sigmoid,
    "relu": ops.relu,
    "relu6": ops.relu6,
    "selu": ops.selu,
    "sigmoid": ops.sigmoid,
    "silu": ops.silu,
    "soft_sign": ops.softsign,
    "softplus": ops.softplus,
    "tanh": ops.tanh,
}

# Literals of the released code (deepmind-research/nfnets/base.py): sampled estimates of 1 / sqrt(Var[f(z)]) for
# z ~ N(0, 1), up to 8e-4 from the closed form. The released weights were trained with them, so they stay as they are.
GAMMAS = {
    "identity": 1.0,
    "celu": 1.270926833152771,
    "elu": 1.2716004848480225,
    "gelu": 1.7015043497085571,
    "gelu_exact": 1.7015043497085571,
    "leaky_relu": 1.70590341091156,
    "log_sigmoid": 1.9193484783172607,
    "relu": 1.7139588594436646,
    "relu6": 1.7131484746932983,
    "selu": 1.0008515119552612,
    "sigmoid": 4.803835391998291,
    "silu": 1.7881293296813965,
    "soft_sign": 2.338853120803833,
    "softplus": 1.9203323125839233,
    "tanh": 1.5939117670059204,
}


@keras.saving.register_keras_serializable("keras_resnets")
class ScaledActivation(keras.layers.Layer):
    """gamma * scale * f(x), where gamma = 1 / sqrt(Var[f(z)]) for z ~ N(0, 1).

    activation: a key of FUNCTIONS. "gelu" is the tanh form, as JAX's default and DeepMind's weights have it;
        "gelu_exact" uses erf, as timm and Keras do.
    scale: a further constant factor; NF blocks pass beta = 1 / (expected standard deviation).
    gamma: the gain; None takes the reference's literal from GAMMAS.
    Shapes: any to the same.
    Source: Brock et al. 2021, arXiv:2101.08692, section 3.2.
    """

    def __init__(self, activation="relu", scale=1.0, gamma=None, **kwargs):
        super().__init__(**kwargs)
        if activation not in FUNCTIONS:
            raise ValueError(
                f"ScaledActivation: `activation` must be one of {', '.join(FUNCTIONS)}, got {activation!r}."
            )
        self.activation, self.scale = activation, scale
        self.gamma = GAMMAS[activation] if gamma is None else gamma

    def call(self, x):
        factor = self.gamma * self.scale
        y = FUNCTIONS[self.activation](x)
        return y if factor == 1 else y * factor

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return super().get_config() | {"activation": self.activation, "scale": self.scale, "gamma": self.gamma}
