"""MobileNet's and EfficientNet's block: wide inside, narrow outside."""

import keras

from keras_resnets.layers.conventions import INITIALIZERS
from keras_resnets.layers.depthwise_convolution import depthwise_convolution
from keras_resnets.layers.residual_block import ResidualBlock
from keras_resnets.layers.se_block import SEBlock
from keras_resnets.layers.stochastic_depth import StochasticDepth


@keras.saving.register_keras_serializable("keras_resnets")
class InvertedBlock(ResidualBlock):
    """conv 1x1 that expands, depthwise conv, conv 1x1 that projects, each with batch norm; sum. The end is linear.

    filters: channels of the output.
    expanded: channels in the middle, at least 1; None leaves the first convolution out (the middle is as wide as x).
    kernel_size: of the depthwise convolution, odd, px.
    activation: name of a Keras activation after the first two batch norms: "relu6", "hard_silu", "silu" ...
    se_filters: hidden channels of a squeeze-and-excitation after the depthwise convolution; None for none.
    se_activation, se_gate: of that squeeze-and-excitation, as in `SEBlock`.
    stochastic_depth: drops the residual only where there is a skip.
    Other arguments, shapes and errors: `ResidualBlock`; the depthwise convolution strides, and a block that changes the
    shape has shortcut="none" in all references.
    Source: Sandler et al. 2018, arXiv:1801.04381, table 1; Howard et al. 2019, arXiv:1905.02244, figure 4; Tan and Le
    2019, arXiv:1905.11946.
    """

    def __init__(
        self,
        filters,
        strides=1,
        expanded=None,
        kernel_size=3,
        activation="relu6",
        se_activation="relu",
        se_gate="sigmoid",
        **kwargs,
    ):
        super().__init__(filters, strides, **kwargs)
        if expanded is not None and expanded < 1:
            raise ValueError(f"InvertedBlock: `expanded` must be None or at least 1 channel, got {expanded}.")
        if kernel_size % 2 == 0:
            raise ValueError(f"InvertedBlock: `kernel_size` must be odd, so that it has a middle, got {kernel_size}.")
        self.expanded, self.kernel_size, self.activation = expanded, kernel_size, activation
        self.se_activation, self.se_gate = se_activation, se_gate
        self.branch = self._sequence(
            "branch",
            [] if expanded is None else self._expansion(),
            depthwise_convolution(self.conventions, kernel_size, strides, name="depthwise", dtype=self.dtype_policy),
            self._normalization("depthwise_bn"),
            self._activation("depthwise_activation"),
            self._excitation(),
            self._convolution(1, "project"),
            self._normalization("project_bn", last=True),
            self._drop(),
        )
        self.shortcut = self._shortcut()

    def _expansion(self):
        return [
            *self._convolution(1, "expand", self.expanded),
            self._normalization("expand_bn"),
            self._activation("expand_activation"),
        ]

    def _excitation(self):
        if not self.se_filters:
            return []
        block = SEBlock(
            self.se_filters,
            kernel_initializer=INITIALIZERS[self.conventions.initializer](),
            activation=self.se_activation,
            gate=self.se_gate,
            name="se",
            dtype=self.dtype_policy,
        )
        return [block]

    def _drop(self):
        if not self.stochastic_depth or self.shortcut_kind == "none":
            return []
        return [StochasticDepth(self.stochastic_depth, name="drop", dtype=self.dtype_policy)]

    def _activation(self, name):
        return keras.layers.Activation(self.activation, name=name, dtype=self.dtype_policy)

    def get_config(self):
        return super().get_config() | {
            "expanded": self.expanded,
            "kernel_size": self.kernel_size,
            "activation": self.activation,
            "se_activation": self.se_activation,
            "se_gate": self.se_gate,
        }
