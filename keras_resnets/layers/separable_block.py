"""Depthwise-separable convolutions, one spatial filter a channel and then a mix of channels: MobileNet and Xception."""

import keras

from keras_resnets.layers.conventions import convolution, normalization
from keras_resnets.layers.depthwise_convolution import depthwise_convolution
from keras_resnets.layers.residual_block import ResidualBlock


def separable_convolution(conventions, filters, *, prefix="", dtype=None):
    """Layers that convolve 3x3 depthwise, 1x1 to `filters` channels, and normalize: Xception's unit.

    There is no activation between the convolutions (Chollet 2016, arXiv:1610.02357, section 4.7).
    """
    return [
        *depthwise_convolution(conventions, 3, name=f"{prefix}depthwise", dtype=dtype),
        *convolution(conventions, filters, 1, name=f"{prefix}pointwise", dtype=dtype),
        normalization(conventions, name=f"{prefix}bn", dtype=dtype),
    ]


@keras.saving.register_keras_serializable("keras_resnets")
class SeparableBlock(ResidualBlock):
    """depthwise conv 3x3, batch norm, ReLU6; conv 1x1, batch norm, ReLU6. No skip, unless `shortcut` asks for one.

    depthwise_padding: None pads the strided depthwise convolution as `conventions` say; "end" pads one row and one
        column of zeros after the last, for odd sizes too (Keras): there the output is floor(input / 2) px.
    Other arguments, shapes and errors: `ResidualBlock`. The depthwise convolution strides.
    Source: Howard et al. 2017, arXiv:1704.04861, figure 3 right.
    """

    def __init__(self, filters, strides=1, shortcut="none", depthwise_padding=None, **kwargs):
        super().__init__(filters, strides, shortcut, **kwargs)
        self.depthwise_padding = depthwise_padding
        self.branch = self._sequence(
            "branch",
            depthwise_convolution(
                self.conventions,
                3,
                strides,
                name="depthwise",
                padding=depthwise_padding,
                dtype=self.dtype_policy,
            ),
            self._normalization("depthwise_bn"),
            self._relu6("depthwise_relu"),
            self._convolution(1, "pointwise"),
            self._normalization("pointwise_bn", last=True),
            self._relu6("pointwise_relu"),
            self._end_of_branch(),
        )
        self.shortcut = self._shortcut()

    def _relu6(self, name):
        return keras.layers.ReLU(6, name=name, dtype=self.dtype_policy)

    def compute_output_shape(self, shape):
        if self.depthwise_padding != "end" or self.strides == 1:
            return super().compute_output_shape(shape)
        height, width = (None if side is None else (side - 2) // self.strides + 1 for side in shape[1:3])
        return (shape[0], height, width, self.filters)

    def get_config(self):
        return super().get_config() | {"depthwise_padding": self.depthwise_padding}


@keras.saving.register_keras_serializable("keras_resnets")
class XceptionBlock(ResidualBlock):
    """(ReLU, separable conv 3x3, batch norm) once for each of `widths`, then max pooling 3x3 under stride 2; sum.

    filters: channels of the output.
    widths: channels after each separable convolution but the last; (filters,) makes two of them.
    leading_relu: whether the branch starts with a ReLU; the first block of the network does not.
    Other arguments, shapes and errors: `ResidualBlock`; the pooling strides. The sum is not activated.
    Raises ValueError for symmetric padding under stride: the pooled maps have negative values, which padding with zeros
    would cover.
    Source: Chollet 2016, arXiv:1610.02357, figure 5.
    """

    def __init__(self, filters, strides=1, widths=None, leading_relu=True, **kwargs):
        super().__init__(filters, strides, **kwargs)
        if strides > 1 and self.conventions.padding != "same":
            raise ValueError(
                f"XceptionBlock: under stride, `conventions.padding` must be 'same', got {self.conventions.padding!r}."
            )
        self.widths, self.leading_relu = (filters,) if widths is None else tuple(widths), leading_relu
        layers = []
        for number, width in enumerate([*self.widths, filters], 1):
            if leading_relu or number > 1:
                layers.append(self._relu(f"relu{number}"))
            unit = separable_convolution(self.conventions, width, dtype=self.dtype_policy)
            layers.append(self._sequence(f"separable{number}", unit))
        if strides > 1:
            layers.append(keras.layers.MaxPooling2D(3, strides, padding="same", name="pool", dtype=self.dtype_policy))
        self.branch = self._sequence("branch", layers, self._end_of_branch())
        self.shortcut = self._shortcut()

    def get_config(self):
        return super().get_config() | {"widths": self.widths, "leading_relu": self.leading_relu}
