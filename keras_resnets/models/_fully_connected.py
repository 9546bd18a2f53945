"""The head of the networks before global pooling: two wide dense layers, then the classifier."""

import math

import keras

from keras_resnets.layers.conventions import INITIALIZERS
from keras_resnets.models._application import predictions


def fully_connected(variant, x, classes, activation):
    """Pools to `variant.pool_to` px, flattens, two dense layers with ReLU and dropout, then `predictions`.

    Reads of the variant: `pool_to`, `hidden`, `dropout_rate`, `dropout_before`, `dense_initializer`, `dense_bias`.
    Raises ValueError where a side is None: a flattened map has a fixed size.
    """
    if None in x.shape[1:3]:
        raise ValueError(
            f"The dense layers of this network take a map of a fixed size, but its sides are {tuple(x.shape[1:3])}. "
            "Give `input_shape` without None, or pass `include_top=False`."
        )
    wanted = variant.pool_to
    if wanted and tuple(x.shape[1:3]) != (wanted, wanted):
        x = keras.layers.AdaptiveAveragePooling2D(wanted, name="pool")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    for number in (1, 2):
        dropout = keras.layers.Dropout(variant.dropout_rate, name=f"dropout{number}")
        if variant.dropout_before:
            x = dropout(x)
        x = keras.layers.Dense(
            variant.hidden,
            kernel_initializer=INITIALIZERS[variant.dense_initializer](),
            bias_initializer=bias_initializer(variant.dense_bias, x.shape[-1]),
            name=f"dense{number}",
        )(x)
        x = keras.layers.ReLU(name=f"dense{number}_relu")(x)
        if not variant.dropout_before:
            x = dropout(x)
    return predictions(variant, x, classes, activation)


def bias_initializer(bias, fan_in):
    """Initial biases: a constant, or where `bias` is "torch" uniform in +-1 / sqrt(fan_in), PyTorch's default."""
    if bias == "torch":
        limit = 1 / math.sqrt(fan_in)
        return keras.initializers.RandomUniform(-limit, limit)
    return keras.initializers.Constant(bias)
