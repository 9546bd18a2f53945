"""Strides exchanged for dilation: the same weights on a finer map, each tap farther from the next."""

import keras
from keras import layers

from keras_resnets.layers.pad_shortcut import PadShortcut
from keras_resnets.layers.ws_conv2d import WSConv2D

CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
POOLS = (layers.AveragePooling2D, layers.MaxPooling2D)


def stride(layer):
    """The stride of a layer, 1 where it has none."""
    strides = getattr(layer, "strides", 1)
    return max(strides) if isinstance(strides, (tuple, list)) else strides


def dilate(layer, rate, exchange):
    """Sets `layer`, not built yet, to take neighbors `rate` px apart, and returns that of its output.

    exchange: also turn its strides into dilation of what follows: the output is as large as the input, and with even
        padding every rate-th of its rows and columns is what the layer gave before. Uneven padding ("same", as
        TensorFlow pads under stride 2) puts that one px further, so that a block's strided 3x3 and 1x1 part by one px.
    A `keras.Sequential` is set layer by layer. Under rate > 1, average pooling still averages adjacent pixels, as in
    timm. Raises ValueError for max pooling there: Keras has none that is dilated.
    Source: Yu and Koltun 2015, arXiv:1511.07122; Chen et al. 2016, arXiv:1606.00915, section 3.1 ("atrous").
    """
    if isinstance(layer, keras.Sequential):
        for inner in layer.layers:
            rate = dilate(inner, rate, exchange)
        return rate
    if isinstance(layer, layers.ZeroPadding2D):
        # Uneven padding, for a stride, becomes even: without stride the window must reach as far on both sides.
        layer.padding = tuple((max(pair) * rate,) * 2 for pair in layer.padding)
        return rate
    steps = stride(layer) if exchange else 1
    if isinstance(layer, POOLS):
        if rate > 1 and isinstance(layer, layers.MaxPooling2D):
            raise ValueError(
                f"dilate: {layer.name} is a max pooling behind an exchanged stride, and would need dilation. "
                "Take the next larger `output_stride`."
            )
        if steps > 1:
            layer.strides, layer.padding = (1, 1), "same"
    elif isinstance(layer, CONVOLUTIONS):
        if steps > 1:
            layer.strides = (1, 1)
        if rate > 1 and max(layer.kernel_size) > 1:
            layer.dilation_rate = (rate, rate)
    elif isinstance(layer, WSConv2D):
        layer.strides, layer.dilation_rate = (1 if steps > 1 else layer.strides), rate
    elif isinstance(layer, PadShortcut):
        layer.strides = 1 if steps > 1 else layer.strides
    return rate * steps
