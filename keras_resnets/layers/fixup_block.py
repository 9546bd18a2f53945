"""The Fixup block: no normalization, and initial weights that know the network's depth."""

import dataclasses

import keras

from keras_resnets.layers.conventions import DEEPMIND
from keras_resnets.layers.residual_block import ResidualBlock
from keras_resnets.layers.scalar_bias import ScalarBias
from keras_resnets.layers.skip_gain import SkipGain
from keras_resnets.layers.stochastic_depth import StochasticDepth

FIXUP = dataclasses.replace(DEEPMIND, initializer="he_fan_out")
"""deepmind-research/nfnets/fixup_resnet.py; the initializer is that of shortcuts."""


@keras.saving.register_keras_serializable("keras_resnets")
class FixupBlock(ResidualBlock):
    """h = x + b; h plus scale * conv 1x1(conv 3x3(conv 1x1(h))) with scalar biases around convolutions; ReLU.

    depth: residual blocks of the whole network, at least 1; the first two convolutions start depth^(-1/4) smaller than
        He et al.'s fan-out rule, the last at 0.

    The inner convolutions have filters / 4 channels; the 3x3 strides. An identity shortcut keeps the bias b.
    Stochastic depth keeps residuals as they are, without rescaling.
    Other arguments, shapes and errors: `ResidualBlock`.
    Source: Zhang et al. 2019, arXiv:1901.09321, section 3, figure 1; deepmind-research/nfnets/fixup_resnet.py.
    """

    def __init__(self, *args, depth=1, conventions=FIXUP, **kwargs):
        super().__init__(*args, conventions=conventions, **kwargs)
        if depth < 1:
            raise ValueError(f"FixupBlock: `depth` must be at least 1 block, got {depth}.")
        self.depth = depth
        rate, shrink = self.stochastic_depth, depth**-0.25
        inner = self.filters // 4
        self.before = self._bias("before")
        self.branch = self._sequence(
            "branch",
            self._small(1, "conv1", inner, stddev=shrink * (2 / inner) ** 0.5),
            self._bias("bias1b"),
            self._relu("relu1"),
            self._bias("bias2a"),
            self._small(3, "conv2", inner, self.strides, stddev=shrink * (2 / (9 * inner)) ** 0.5),
            self._bias("bias2b"),
            self._relu("relu2"),
            self._bias("bias3a"),
            self._small(1, "conv3", self.filters, stddev=0.0),
            SkipGain(1.0, name="scale", dtype=self.dtype_policy),
            self._bias("bias3b"),
            [StochasticDepth(rate, rescale=False, name="drop", dtype=self.dtype_policy)] if rate else [],
        )
        self.shortcut = self._shortcut(normalized=False)
        if self.shortcut_kind == "identity":
            self.shortcut = keras.layers.Identity(name="shortcut", dtype=self.dtype_policy)
        self.after = self._relu("after")

    def get_config(self):
        return super().get_config() | {"depth": self.depth}

    def _bias(self, name):
        return ScalarBias(name=name, dtype=self.dtype_policy)

    def _small(self, size, name, filters, strides=1, stddev=0.0):
        """A convolution of `_convolution` with its own initial weights: normal with `stddev`, or zeros."""
        layers = self._convolution(size, name, filters, strides)
        layers[-1].kernel_initializer = keras.initializers.RandomNormal(stddev=stddev) if stddev else _ZEROS
        return layers


_ZEROS = keras.initializers.Zeros()
