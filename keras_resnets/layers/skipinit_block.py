"""The SkipInit block: no normalization, and a residual that starts silent."""

import dataclasses

import keras

from keras_resnets.layers.conventions import DEEPMIND
from keras_resnets.layers.residual_block import ResidualBlock
from keras_resnets.layers.skip_gain import SkipGain
from keras_resnets.layers.stochastic_depth import StochasticDepth

SKIPINIT = dataclasses.replace(DEEPMIND, use_bias=True)
"""deepmind-research/nfnets/skipinit_resnet.py."""


@keras.saving.register_keras_serializable("keras_resnets")
class SkipInitBlock(ResidualBlock):
    """ReLU; conv 1x1, ReLU, conv 3x3, ReLU, conv 1x1, times a scalar that starts at 0; sum.

    The inner convolutions have filters / 4 channels; the 3x3 strides. A projection starts from the activated input.
    Stochastic depth keeps residuals as they are, without rescaling.
    Arguments, shapes and errors: `ResidualBlock`.
    Source: De and Smith 2020, arXiv:2002.10444, section 3; deepmind-research/nfnets/skipinit_resnet.py.
    """

    def __init__(self, *args, conventions=SKIPINIT, **kwargs):
        super().__init__(*args, conventions=conventions, **kwargs)
        inner, rate = self.filters // 4, self.stochastic_depth
        self.before = self._relu("before")
        self.branch = self._sequence(
            "branch",
            self._convolution(1, "conv1", inner),
            self._relu("relu1"),
            self._convolution(3, "conv2", inner, self.strides),
            self._relu("relu2"),
            self._convolution(1, "conv3"),
            [StochasticDepth(rate, rescale=False, name="drop", dtype=self.dtype_policy)] if rate else [],
            SkipGain(name="skip_gain", dtype=self.dtype_policy),
        )
        self.shortcut = self._shortcut(normalized=False)
