"""Blocks of 1x1, 3x3 and 1x1 convolutions: post- and pre-activation."""

import keras

from keras_resnets.layers.residual_block import ResidualBlock


@keras.saving.register_keras_serializable("keras_resnets")
class BottleneckBlock(ResidualBlock):
    """conv 1x1, conv 3x3, conv 1x1, each with batch norm, the first two with ReLU; sum; ReLU.

    filters: channels of the output (four times the papers' "width").
    bottleneck: channels of the first two convolutions; None is filters / 4.
    groups: of the 3x3 convolution; above 1 it is a ResNeXt block.
    strided: which convolution strides: "3x3" (v1.5: torchvision, timm) or "1x1" (v1: the paper, Keras).
    reduce_first: the first convolution's channels are `bottleneck` / reduce_first (SENet-154: 2).
    Other arguments, shapes and errors: `ResidualBlock`; ValueError also where `groups` don't divide `bottleneck`.
    Source: He et al. 2015, arXiv:1512.03385, figure 5 right; Xie et al. 2016, arXiv:1611.05431, figure 3c.
    """

    def __init__(self, filters, strides=1, bottleneck=None, groups=1, strided="3x3", reduce_first=1, **kwargs):
        super().__init__(filters, strides, **kwargs)
        self.bottleneck, self.groups, self.strided = _bottleneck(self, bottleneck, groups, strided), groups, strided
        if reduce_first < 1 or self.bottleneck % reduce_first:
            raise ValueError(
                f"BottleneckBlock: `reduce_first` must divide `bottleneck` ({self.bottleneck}), got {reduce_first}."
            )
        self.reduce_first, first = reduce_first, self.bottleneck // reduce_first
        self.branch = self._sequence(
            "branch",
            self._convolution(1, "conv1", first, strides=strides if strided == "1x1" else 1),
            self._normalization("bn1"),
            self._relu("relu1"),
            self._convolution(3, "conv2", self.bottleneck, strides if strided == "3x3" else 1, groups),
            self._normalization("bn2"),
            self._relu("relu2"),
            self._convolution(1, "conv3"),
            self._normalization("bn3", last=True),
            self._end_of_branch(),
        )
        self.shortcut = self._shortcut()
        self.after = self._relu("after")

    def get_config(self):
        return super().get_config() | {
            "bottleneck": self.bottleneck,
            "groups": self.groups,
            "strided": self.strided,
            "reduce_first": self.reduce_first,
        }


@keras.saving.register_keras_serializable("keras_resnets")
class PreactBottleneckBlock(ResidualBlock):
    """batch norm, ReLU; conv 1x1, conv 3x3, conv 1x1 with batch norm and ReLU between; sum.

    Arguments: as `BottleneckBlock`, without `reduce_first`. A projection starts from the activated input and has no
    batch norm.
    Source: He et al. 2016, arXiv:1603.05027.
    """

    def __init__(self, filters, strides=1, bottleneck=None, groups=1, strided="3x3", **kwargs):
        super().__init__(filters, strides, **kwargs)
        self.bottleneck, self.groups, self.strided = _bottleneck(self, bottleneck, groups, strided), groups, strided
        self.before = self._sequence("before", self._normalization("bn1"), self._relu("relu1"))
        self.branch = self._sequence(
            "branch",
            self._convolution(1, "conv1", self.bottleneck, strides=strides if strided == "1x1" else 1),
            self._normalization("bn2"),
            self._relu("relu2"),
            self._convolution(3, "conv2", self.bottleneck, strides if strided == "3x3" else 1, groups),
            self._normalization("bn3"),
            self._relu("relu3"),
            self._convolution(1, "conv3", normalized=False),
            self._end_of_branch(),
        )
        self.shortcut = self._shortcut(normalized=False)

    def get_config(self):
        return super().get_config() | {
            "bottleneck": self.bottleneck,
            "groups": self.groups,
            "strided": self.strided,
        }


def _bottleneck(block, bottleneck, groups, strided):
    """The inner width, checked."""
    owner = type(block).__name__
    bottleneck = block.filters // 4 if bottleneck is None else bottleneck
    if strided not in ("1x1", "3x3"):
        raise ValueError(f"{owner}: `strided` must be '3x3' (v1.5) or '1x1' (v1), got {strided!r}.")
    if bottleneck < 1 or groups < 1 or bottleneck % groups:
        raise ValueError(
            f"{owner}: `groups` must divide `bottleneck`, both at least 1, got {groups} and {bottleneck}. "
            f"`bottleneck` is filters / 4 where it isn't given."
        )
    return bottleneck
