"""The tables that drive every cross-cutting test: one row a layer, one row a model.

A new layer or model gets all of those tests by one row here; `make golden` writes its names and shapes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras

from keras_resnets import layers


@dataclass(frozen=True)
class LayerRow:
    """A layer, and the shapes it maps, without the batch."""

    create: Callable[..., keras.layers.Layer]
    input_shape: tuple
    output_shape: tuple
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelRow:
    """A model small enough to train a step in a test."""

    name: str
    input_shape: tuple[int, int, int]
    options: dict[str, Any] = field(default_factory=dict)


LAYERS = {
    "BasicBlock": LayerRow(layers.BasicBlock, (6, 6, 8), (6, 6, 8), {"filters": 8}),
    "BasicBlock projecting": LayerRow(
        layers.BasicBlock, (7, 7, 4), (4, 4, 8), {"filters": 8, "strides": 2, "shortcut": "projection"}
    ),
    "BasicBlock padding": LayerRow(
        layers.BasicBlock, (7, 8, 4), (4, 4, 8), {"filters": 8, "strides": 2, "shortcut": "pad"}
    ),
    "BasicBlock plain": LayerRow(
        layers.BasicBlock, (6, 6, 4), (3, 3, 8), {"filters": 8, "strides": 2, "shortcut": "none"}
    ),
    "BasicBlock with SE and stochastic depth": LayerRow(
        layers.BasicBlock, (6, 6, 8), (6, 6, 8), {"filters": 8, "se_filters": 2, "stochastic_depth": 0.5}
    ),
    "PreactBasicBlock": LayerRow(
        layers.PreactBasicBlock,
        (7, 7, 4),
        (4, 4, 8),
        {"filters": 8, "strides": 2, "shortcut": "projection", "dropout": 0.3},
    ),
    "BottleneckBlock": LayerRow(layers.BottleneckBlock, (6, 6, 16), (6, 6, 16), {"filters": 16}),
    "BottleneckBlock v1": LayerRow(
        layers.BottleneckBlock,
        (6, 6, 8),
        (3, 3, 16),
        {"filters": 16, "strides": 2, "strided": "1x1", "shortcut": "projection"},
    ),
    "BottleneckBlock ResNeXt-D": LayerRow(
        layers.BottleneckBlock,
        (7, 7, 8),
        (4, 4, 16),
        {"filters": 16, "strides": 2, "bottleneck": 8, "groups": 4, "shortcut": "average", "se_filters": 2},
    ),
    "PreactBottleneckBlock": LayerRow(
        layers.PreactBottleneckBlock, (6, 6, 8), (3, 3, 16), {"filters": 16, "strides": 2, "shortcut": "projection"}
    ),
    "PadShortcut": LayerRow(layers.PadShortcut, (7, 6, 3), (4, 3, 8), {"filters": 8, "strides": 2, "zeros": "after"}),
    "SEBlock": LayerRow(layers.SEBlock, (5, 5, 8), (5, 5, 8), {"hidden": 2, "gain": 2.0}),
    "WSConv2D": LayerRow(layers.WSConv2D, (7, 7, 4), (4, 4, 8), {"filters": 8, "kernel_size": 3, "strides": 2}),
    "WSConv2D grouped, symmetric": LayerRow(
        layers.WSConv2D,
        (8, 8, 4),
        (4, 4, 8),
        {
            "filters": 8,
            "kernel_size": 3,
            "strides": 2,
            "groups": 2,
            "padding": "symmetric",
            "standardization": "add",
            "scale": 1.7,
        },
    ),
    "WSConv2D dilated": LayerRow(
        layers.WSConv2D,
        (9, 9, 4),
        (5, 5, 8),
        {
            "filters": 8,
            "kernel_size": 3,
            "dilation_rate": 2,
            "padding": "valid",
            "standardization": "unbiased",
            "use_bias": False,
        },
    ),
    "ScaledActivation": LayerRow(layers.ScaledActivation, (4, 4, 3), (4, 4, 3), {"activation": "gelu", "scale": 0.9}),
    "SkipGain": LayerRow(layers.SkipGain, (4, 4, 3), (4, 4, 3), {"initial": 0.5}),
    "StochasticDepth": LayerRow(layers.StochasticDepth, (4, 4, 3), (4, 4, 3), {"rate": 0.25}),
}

MODELS = {
    "ResNet20": ModelRow("ResNet20", (8, 8, 1)),
    "PlainNet20": ModelRow("PlainNet20", (9, 9, 3), {"blocks": (1, 1, 1)}),
    "cifar_resnet20_b": ModelRow("cifar_resnet20_b", (8, 8, 3), {"blocks": (1, 1, 2)}),
    "cifar_resnet20_c": ModelRow("cifar_resnet20_c", (8, 8, 3), {"blocks": (1, 1, 1), "stochastic_depth": 0.2}),
    "ResNet110V2": ModelRow("ResNet110V2", (8, 8, 3), {"blocks": (1, 1, 1)}),
    "ResNet164V2": ModelRow("ResNet164V2", (9, 8, 3), {"blocks": (1, 1, 1)}),
    "WideResNet16_4": ModelRow("WideResNet16_4", (8, 8, 3), {"blocks": (1, 1, 1), "dropout": 0.3}),
}
