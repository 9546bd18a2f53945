"""One spatial filter a channel, padded and initialized as a reference does."""

import keras

from keras_resnets.layers.conventions import INITIALIZERS


def depthwise_convolution(conventions, size, strides=1, *, name, padding=None, dtype=None):
    """Layers, one or two, that convolve each channel by itself with its own `size` x `size` kernel.

    padding: None is that of `conventions`; "end" adds size // 2 rows and columns of zeros after the last under stride,
    whatever the input's size (Keras' MobileNet v1): on odd sizes the output is then floor(input / strides) px.
    """
    if padding not in (None, "end"):
        raise ValueError(f"depthwise_convolution: `padding` must be None or 'end', got {padding!r}.")
    outside = None
    if strides > 1 and padding == "end":
        outside = ((0, size // 2),) * 2
    elif strides > 1 and conventions.padding == "symmetric":
        outside = size // 2
    layers = [keras.layers.ZeroPadding2D(outside, name=f"{name}_pad", dtype=dtype)] if outside else []
    return [
        *layers,
        keras.layers.DepthwiseConv2D(
            size,
            strides=strides,
            padding="valid" if outside else "same",
            use_bias=conventions.use_bias,
            depthwise_initializer=INITIALIZERS[conventions.initializer](),
            name=name,
            dtype=dtype,
        ),
    ]
