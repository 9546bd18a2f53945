"""The residual equation, written once: out = after(skip + residual)."""

import keras

from keras_resnets.layers.conventions import (
    INITIALIZERS,
    TORCHVISION,
    conventions_from,
    convolution,
    normalization,
    to_config,
)
from keras_resnets.layers.dilation import dilate
from keras_resnets.layers.pad_shortcut import PadShortcut
from keras_resnets.layers.se_block import SEBlock
from keras_resnets.layers.stochastic_depth import StochasticDepth

SHORTCUTS = ("identity", "projection", "pad", "average", "subsample", "none")


class ResidualBlock(keras.layers.Layer):
    """out = after(skip + residual), with h = before(x), skip = shortcut(h) or x, residual = branch(h).

    Abstract: a final class sets the parts `before`, `branch`, `shortcut` and `after`, each a layer or None for the
    identity, and adds nothing to `call`. These arguments are common to the final classes:

    filters: channels of the output, at least 1.
    strides: 1 or more; the output is ceil(input / strides) px high and wide.
    shortcut: "identity", "projection" (1x1 convolution), "pad" (option A of He et al. 2015), "average" (2x2 average
        pooling, then 1x1 convolution: ResNet-D), "subsample" (every `strides`-th row and column of x itself, even
        where the branch starts from an activated x: Keras' ResNetV2) or "none" (no skip and no sum: a block of a
        plain network).
    se_filters: hidden channels of a squeeze-and-excitation at the end of the branch; None for none.
    stochastic_depth: probability of dropping the residual of a sample in training, in [0, 1).
    conventions: what the reference does where the paper is silent (`Conventions`).
    shortcut_size: px of the projection's kernel, odd (SENet-154: 3).
    dilation_rate: px between neighbors that a convolution sees, at least 1.
    dilated: exchange `strides` for dilation: the output is as large as the input (`output_stride` of constructors).

    Shapes: (batch, height, width, channels) to (batch, ceil(height / strides), ceil(width / strides), filters).
    Raises ValueError for arguments outside these ranges, and, when built, for an identity that changes shape.
    Source: He et al. 2015, arXiv:1512.03385, equation 1; He et al. 2016, arXiv:1603.05027.
    """

    before = shortcut = after = branch = None

    def __init__(
        self,
        filters,
        strides=1,
        shortcut="identity",
        se_filters=None,
        stochastic_depth=0.0,
        conventions=TORCHVISION,
        shortcut_size=1,
        dilation_rate=1,
        dilated=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        owner = type(self).__name__
        if filters < 1 or strides < 1:
            raise ValueError(f"{owner}: `filters` and `strides` must be at least 1, got {filters} and {strides}.")
        if shortcut not in SHORTCUTS:
            raise ValueError(f"{owner}: `shortcut` must be one of {SHORTCUTS}, got {shortcut!r}.")
        self.filters, self.strides, self.shortcut_kind = filters, strides, shortcut
        if shortcut_size < 1 or shortcut_size % 2 == 0:
            raise ValueError(f"{owner}: `shortcut_size` must be odd and at least 1 px, got {shortcut_size}.")
        self.se_filters, self.stochastic_depth, self.shortcut_size = se_filters, stochastic_depth, shortcut_size
        if dilation_rate < 1:
            raise ValueError(f"{owner}: `dilation_rate` must be at least 1 px, got {dilation_rate}.")
        self.dilation_rate, self.dilated, self.strides_given = dilation_rate, dilated, strides
        self.conventions = conventions_from(conventions)

    def call(self, x, training=None):
        skip, residual = self.halves(x, training)
        total = residual if skip is None else skip + residual
        return self.after(total) if self.after else total

    def halves(self, x, training=None):
        """(skip, residual); `before` runs once, so that its statistics move once. A plain block's skip is None."""
        h = self.before(x, training=training) if self.before else x
        start = x if self.shortcut_kind == "subsample" else h
        skip = self.shortcut(start, training=training) if self.shortcut else x
        return None if self.shortcut_kind == "none" else skip, self.branch(h, training=training)

    def build(self, shape):
        if self.dilated or self.dilation_rate > 1:
            for part in (self.shortcut, self.branch):
                if part:
                    dilate(part, self.dilation_rate, self.dilated)
            self.strides = 1 if self.dilated else self.strides
        for part in (self.before, self.shortcut, self.branch):
            if part:
                part.build(shape)
        out = self.compute_output_shape(shape)
        if self.shortcut_kind == "identity" and out[1:] != tuple(shape)[1:]:
            raise ValueError(
                f"{type(self).__name__}: an identity shortcut keeps the shape, but this block turns {tuple(shape)[1:]} "
                f"into {out[1:]}. Pass `shortcut` 'projection', 'pad' or 'average'."
            )
        if self.shortcut_kind == "subsample" and shape[-1] != self.filters:
            raise ValueError(
                f"{type(self).__name__}: `shortcut` 'subsample' keeps the channels, but this block turns {shape[-1]} "
                f"into {self.filters}. Pass 'projection', 'pad' or 'average'."
            )

    def compute_output_shape(self, shape):
        height, width = (None if side is None else -(-side // self.strides) for side in shape[1:3])
        return (shape[0], height, width, self.filters)

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "strides": self.strides_given,
            "shortcut": self.shortcut_kind,
            "se_filters": self.se_filters,
            "stochastic_depth": self.stochastic_depth,
            "conventions": to_config(self.conventions),
            "shortcut_size": self.shortcut_size,
            "dilation_rate": self.dilation_rate,
            "dilated": self.dilated,
        }

    def _sequence(self, name, *layers):
        """`layers` one after the other as a part of this block; lists among them are opened."""
        flat = [layer for item in layers for layer in (item if isinstance(item, list) else [item])]
        return keras.Sequential(flat, name=name)

    def _convolution(self, size, name, filters=None, strides=1, groups=1, normalized=True):
        return convolution(
            self.conventions,
            filters or self.filters,
            size,
            strides,
            groups=groups,
            name=name,
            dtype=self.dtype_policy,
            normalized=normalized,
        )

    def _normalization(self, name, last=False):
        return normalization(self.conventions, name=name, last=last, dtype=self.dtype_policy)

    def _relu(self, name):
        return keras.layers.ReLU(name=name, dtype=self.dtype_policy)

    def _end_of_branch(self):
        """Squeeze-and-excitation, then stochastic depth, where asked for."""
        initial = INITIALIZERS[self.conventions.initializer]()
        excite = (
            SEBlock(self.se_filters, kernel_initializer=initial, name="se", dtype=self.dtype_policy)
            if self.se_filters
            else None
        )
        drop = (
            StochasticDepth(self.stochastic_depth, name="drop", dtype=self.dtype_policy)
            if self.stochastic_depth
            else None
        )
        return [layer for layer in (excite, drop) if layer]

    def _shortcut(self, normalized=True):
        """The layers of `shortcut_kind`, None where it has none; a projection is `normalized` or not."""
        if self.shortcut_kind in ("identity", "none"):
            return None
        if self.shortcut_kind in ("pad", "subsample"):
            return PadShortcut(self.filters, self.strides, name="shortcut", dtype=self.dtype_policy)
        pool, strides = [], self.strides
        if self.shortcut_kind == "average" and strides > 1:
            pool = [keras.layers.AveragePooling2D(2, strides, padding="same", name="pool", dtype=self.dtype_policy)]
            strides = 1
        end = [self._normalization("bn")] if normalized else []
        project = self._convolution(self.shortcut_size, "conv", strides=strides, normalized=normalized)
        return self._sequence("shortcut", pool, project, end)
