"""The normalizer-free residual block: variance that is known instead of normalized."""

import keras

from keras_resnets.layers.conventions import INITIALIZERS
from keras_resnets.layers.eca_block import ECABlock
from keras_resnets.layers.normalizer_free import (
    NF_DEEPMIND,
    normalizer_free_from,
    scaled_activation,
    ws_convolution,
)
from keras_resnets.layers.residual_block import ResidualBlock
from keras_resnets.layers.scaled_activation import ScaledActivation
from keras_resnets.layers.se_block import SEBlock
from keras_resnets.layers.skip_gain import SkipGain
from keras_resnets.layers.stochastic_depth import StochasticDepth

ATTENTION_GAIN = 2.0
"""Undoes the mean gate of one half at initialization (both references)."""


@keras.saving.register_keras_serializable("keras_resnets")
class NFBlock(ResidualBlock):
    """out = skip + alpha * gain * branch(beta * gamma * f(x)); skip is x, or projects the activated input.

    The branch: 1x1, 3x3 (and a second 3x3), 1x1 weight-standardized convolutions with activations between.

    filters: channels of the output. strides: of the first 3x3 convolution.
    shortcut: "identity", "projection" (strided 1x1) or "average" (2x2 average pooling, then 1x1).
    bottleneck: channels of the inner convolutions; None is filters / 4.
    groups: of the 3x3 convolutions.
    extra_convolution: a second 3x3 convolution (NFNets).
    beta: multiplier of the activated input, 1 / its expected standard deviation.
    alpha: share of the residual in the sum: each block adds alpha^2 to the variance.
    activation: a key of ScaledActivation's FUNCTIONS.
    se_filters, eca: squeeze-and-excitation with so many hidden channels, or efficient channel attention; times 2.
    attention_inside: it comes before the last activation and convolution (NF-RegNets), else after them.
    stochastic_depth: probability of dropping the residual of a sample in training, in [0, 1).
    conventions: the reference's answers (`NormalizerFree`).
    Shapes and other errors: `ResidualBlock`; ValueError also where `groups` don't divide `bottleneck`.
    Source: Brock et al. 2021, arXiv:2101.08692, section 3; Brock et al. 2021, arXiv:2102.06171, figure 5.
    """

    def __init__(
        self,
        filters,
        strides=1,
        shortcut="identity",
        bottleneck=None,
        groups=1,
        extra_convolution=False,
        beta=1.0,
        alpha=0.2,
        activation="relu",
        se_filters=None,
        eca=False,
        attention_inside=False,
        stochastic_depth=0.0,
        conventions=NF_DEEPMIND,
        **kwargs,
    ):
        conventions = normalizer_free_from(conventions)
        super().__init__(filters, strides, shortcut, se_filters, stochastic_depth, conventions, **kwargs)
        bottleneck = filters // 4 if bottleneck is None else bottleneck
        if shortcut not in ("identity", "projection", "average"):
            raise ValueError(f"NFBlock: `shortcut` must be 'identity', 'projection' or 'average', got {shortcut!r}.")
        if se_filters and eca:
            raise ValueError(f"NFBlock: `se_filters` and `eca` exclude each other, got {se_filters} and {eca}.")
        if bottleneck < 1 or groups < 1 or bottleneck % groups:
            raise ValueError(
                f"NFBlock: `groups` must divide `bottleneck`, both at least 1, got {groups} and {bottleneck}."
            )
        self.bottleneck, self.groups, self.extra_convolution = bottleneck, groups, extra_convolution
        self.beta, self.alpha, self.activation = beta, alpha, activation
        self.eca, self.attention_inside = eca, attention_inside
        self.before = self._activate("before", beta)
        self.branch = self._sequence(
            "branch",
            self._ws(1, "conv1", bottleneck),
            self._activate("act1"),
            self._ws(3, "conv2", bottleneck, strides, groups=groups),
            [self._activate("act2"), self._ws(3, "conv2b", bottleneck, groups=groups)] if extra_convolution else [],
            self._attention() if attention_inside else [],
            self._activate("act3"),
            self._ws(1, "conv3", filters, gain_initializer="ones" if conventions.skip_gain else "zeros"),
            self._attention() if not attention_inside else [],
            self._end(),
        )
        self.shortcut = self._ws_shortcut()

    def get_config(self):
        return super().get_config() | {
            "bottleneck": self.bottleneck,
            "groups": self.groups,
            "extra_convolution": self.extra_convolution,
            "beta": self.beta,
            "alpha": self.alpha,
            "activation": self.activation,
            "eca": self.eca,
            "attention_inside": self.attention_inside,
        }

    def _ws(self, size, name, filters, strides=1, **options):
        return ws_convolution(
            self.conventions, self.activation, filters, size, strides, name=name, dtype=self.dtype_policy, **options
        )

    def _activate(self, name, scale=1.0):
        return scaled_activation(self.conventions, self.activation, scale, name=name, dtype=self.dtype_policy)

    def _attention(self):
        options = {"gain": ATTENTION_GAIN, "dtype": self.dtype_policy}
        if self.eca:
            return [ECABlock(name="eca", **options)]
        if self.se_filters:
            initializer = INITIALIZERS[self.conventions.attention_initializer]()
            return [SEBlock(self.se_filters, kernel_initializer=initializer, name="se", **options)]
        return []

    def _end(self):
        """Stochastic depth, the trainable gain, and alpha."""
        layers = []
        if self.stochastic_depth:
            layers.append(
                StochasticDepth(
                    self.stochastic_depth, rescale=self.conventions.rescale, name="drop", dtype=self.dtype_policy
                )
            )
        if self.conventions.skip_gain:
            layers.append(SkipGain(name="skip_gain", dtype=self.dtype_policy))
        return [*layers, ScaledActivation("identity", scale=self.alpha, name="alpha", dtype=self.dtype_policy)]

    def _ws_shortcut(self):
        if self.shortcut_kind == "identity":
            return None
        if self.shortcut_kind == "projection":
            return self._sequence("shortcut", self._ws(1, "conv", self.filters, self.strides))
        pool = []
        if self.strides > 1:
            pool = [keras.layers.AveragePooling2D(2, self.strides, "same", name="pool", dtype=self.dtype_policy)]
        return self._sequence("shortcut", pool, self._ws(1, "conv", self.filters))
