"""The tables that drive every cross-cutting test: one row a layer, one row a model.

A new layer or model gets all of those tests by one row here; `make golden` writes its names and shapes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras

from keras_resnets import layers
from keras_resnets.layers.conventions import KERAS_RESNET_V2, TORCHVISION, Conventions
from keras_resnets.layers.normalizer_free import NF_TIMM
from keras_resnets.models.efficientnet import Stage
from keras_resnets.models.mobilenet import Row


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
    steps: int = 1
    """Training steps until every weight has moved: more where a zero gain or classifier stands before others."""


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
    "BasicBlock ReLU before SE": LayerRow(
        layers.BasicBlock, (6, 6, 8), (6, 6, 8), {"filters": 8, "se_filters": 2, "relu_before_se": True}
    ),
    "BottleneckBlock of SENet-154": LayerRow(
        layers.BottleneckBlock,
        (7, 8, 8),
        (4, 4, 16),
        {"filters": 16, "strides": 2, "reduce_first": 2, "groups": 2, "shortcut": "projection", "shortcut_size": 3},
    ),
    "BottleneckBlock batch-channel norm": LayerRow(
        layers.BottleneckBlock,
        (6, 6, 16),
        (6, 6, 16),
        {"filters": 16, "conventions": Conventions(standardization="unbiased", norm="batch_channel", norm_groups=4)},
    ),
    "PreactBottleneckBlock subsampling": LayerRow(
        layers.PreactBottleneckBlock,
        (7, 8, 16),
        (4, 4, 16),
        {"filters": 16, "strides": 2, "shortcut": "subsample", "conventions": KERAS_RESNET_V2},
    ),
    "BatchChannelNorm": LayerRow(layers.BatchChannelNorm, (4, 5, 8), (4, 5, 8), {"groups": 4}),
    "BatchChannelNorm by moved averages": LayerRow(
        layers.BatchChannelNorm, (4, 5, 8), (4, 5, 8), {"groups": 4, "moving_speed": 0.1}
    ),
    "StemPool": LayerRow(layers.StemPool, (7, 8, 3), (4, 4, 3)),
    "StemPool same": LayerRow(layers.StemPool, (7, 8, 3), (4, 4, 3), {"padding": "same"}),
    "StemPool ceil": LayerRow(layers.StemPool, (7, 8, 3), (3, 4, 3), {"padding": "ceil"}),
    "StemPool zeros": LayerRow(layers.StemPool, (7, 8, 3), (4, 4, 3), {"padding": "zeros"}),
    "InvertedBlock": LayerRow(
        layers.InvertedBlock,
        (6, 6, 8),
        (6, 6, 8),
        {"filters": 8, "expanded": 24, "activation": "hard_silu", "se_filters": 2, "stochastic_depth": 0.5},
    ),
    "InvertedBlock striding": LayerRow(
        layers.InvertedBlock,
        (7, 6, 8),
        (4, 3, 16),
        {"filters": 16, "strides": 2, "kernel_size": 5, "shortcut": "none", "se_filters": 2, "se_gate": "hard_sigmoid"},
    ),
    "SeparableBlock": LayerRow(
        layers.SeparableBlock, (7, 6, 4), (3, 3, 8), {"filters": 8, "strides": 2, "depthwise_padding": "end"}
    ),
    "XceptionBlock": LayerRow(layers.XceptionBlock, (6, 6, 8), (6, 6, 8), {"filters": 8, "widths": (8, 8)}),
    "XceptionBlock pooling": LayerRow(
        layers.XceptionBlock,
        (7, 6, 4),
        (4, 3, 8),
        {
            "filters": 8,
            "strides": 2,
            "shortcut": "projection",
            "leading_relu": False,
            "conventions": layers.Conventions(padding="same"),
        },
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
    "ScaleShift": LayerRow(layers.ScaleShift, (4, 4, 3), (4, 4, 3), {"shift_initializer": "ones"}),
    "ScaleShift without shift": LayerRow(layers.ScaleShift, (4, 4, 3), (4, 4, 3), {"center": False}),
    "FrozenBatchNorm": LayerRow(layers.FrozenBatchNorm, (4, 4, 3), (4, 4, 3), {"epsilon": 1e-3}),
    "StochasticDepth": LayerRow(layers.StochasticDepth, (4, 4, 3), (4, 4, 3), {"rate": 0.25}),
    "NFBlock": LayerRow(layers.NFBlock, (6, 6, 8), (6, 6, 8), {"filters": 8, "beta": 0.9, "stochastic_depth": 0.5}),
    "NFBlock projecting": LayerRow(
        layers.NFBlock,
        (7, 8, 4),
        (4, 4, 8),
        {"filters": 8, "strides": 2, "shortcut": "projection", "se_filters": 2, "attention_inside": True},
    ),
    "NFBlock of NFNets in timm": LayerRow(
        layers.NFBlock,
        (7, 8, 4),
        (4, 4, 8),
        {
            "filters": 8,
            "strides": 2,
            "shortcut": "average",
            "bottleneck": 4,
            "groups": 2,
            "extra_convolution": True,
            "activation": "silu",
            "eca": True,
            "conventions": NF_TIMM,
        },
    ),
    "ECABlock": LayerRow(layers.ECABlock, (4, 5, 8), (4, 5, 8), {"gain": 2.0}),
    "SkipInitBlock": LayerRow(layers.SkipInitBlock, (6, 6, 8), (6, 6, 8), {"filters": 8, "stochastic_depth": 0.5}),
    "SkipInitBlock projecting": LayerRow(
        layers.SkipInitBlock, (7, 8, 4), (4, 4, 8), {"filters": 8, "strides": 2, "shortcut": "projection"}
    ),
    "FixupBlock": LayerRow(
        layers.FixupBlock, (6, 6, 8), (6, 6, 8), {"filters": 8, "depth": 16, "stochastic_depth": 0.5}
    ),
    "FixupBlock projecting": LayerRow(
        layers.FixupBlock, (7, 8, 4), (4, 4, 8), {"filters": 8, "strides": 2, "shortcut": "projection"}
    ),
    "ScalarBias": LayerRow(layers.ScalarBias, (4, 4, 3), (4, 4, 3)),
    "DenseLayer": LayerRow(layers.DenseLayer, (5, 6, 4), (5, 6, 7), {"growth": 3, "dropout": 0.3}),
    "InceptionBlock": LayerRow(layers.InceptionBlock, (6, 7, 4), (6, 7, 14), {"filters": (2, 3, 4, 1, 5, 3)}),
    "InceptionBlock of torchvision": LayerRow(
        layers.InceptionBlock,
        (6, 7, 4),
        (6, 7, 14),
        {"filters": (2, 3, 4, 1, 5, 3), "large": 3, "batch_norm": True},
    ),
    "LocalResponseNormalization": LayerRow(
        layers.LocalResponseNormalization, (4, 5, 8), (4, 5, 8), {"size": 3, "alpha": 0.1, "k": 1.0}
    ),
}

MODELS = {
    "ResNet20": ModelRow("ResNet20", (8, 8, 1)),
    "PlainNet20": ModelRow("PlainNet20", (9, 9, 3), {"blocks": (1, 1, 1)}),
    "cifar_resnet20_b": ModelRow("cifar_resnet20_b", (8, 8, 3), {"blocks": (1, 1, 2)}),
    "cifar_resnet20_c": ModelRow("cifar_resnet20_c", (8, 8, 3), {"blocks": (1, 1, 1), "stochastic_depth": 0.2}),
    "ResNet110V2": ModelRow("ResNet110V2", (8, 8, 3), {"blocks": (1, 1, 1)}),
    "ResNet164V2": ModelRow("ResNet164V2", (9, 8, 3), {"blocks": (1, 1, 1)}),
    "ResNet164V2, no norm": ModelRow("ResNet164V2", (9, 8, 3), {"blocks": (1, 1, 1), "norm": "none"}),
    "NFResNet29": ModelRow("NFResNet29", (9, 8, 3), {"blocks": (1, 2, 1), "widths": (16, 16, 32)}, steps=2),
    "MobileNet": ModelRow("MobileNet", (33, 32, 3), {"stages": ((Row(8),), (Row(16, 2),)), "alpha": 0.5}),
    "MobileNetV2": ModelRow(
        "MobileNetV2",
        (32, 33, 3),
        {"stages": ((Row(8),), (Row(8, 2, expansion=2), Row(8, expansion=2))), "final_filters": 16},
    ),
    "MobileNetV3Small": ModelRow(
        "MobileNetV3Small",
        (32, 32, 3),
        {"stages": ((Row(8, 2, excite=True, activation="relu"),), (Row(8, 1, 5, 2, excite=True),)), "hidden": 16},
    ),
    "EfficientNetB0": ModelRow(
        "EfficientNetB0",
        (32, 32, 3),
        {"stages": (Stage(8, 1, 1, 3, 1), Stage(8, 2, 2, 5, 2)), "final_filters": 16},
    ),
    "Xception": ModelRow(
        "Xception",
        (71, 72, 3),
        {
            "stem_widths": (4, 8),
            "widths": (8, 16),
            "middle": 1,
            "exit_width": 16,
            "final_widths": (16,),
            "dropout_rate": 0.5,
        },
    ),
    "WideResNet16_4": ModelRow("WideResNet16_4", (8, 8, 3), {"blocks": (1, 1, 1), "dropout": 0.3}),
    "ResNet18": ModelRow("ResNet18", (32, 32, 3), {"blocks": (1, 1), "widths": (8, 16), "strides": (1, 2)}),
    "SENet154": ModelRow(
        "SENet154",
        (33, 32, 3),
        {
            "blocks": (1, 1),
            "widths": (16, 32),
            "strides": (1, 2),
            "groups": 4,
            "base_width": 16,
            "stem_widths": (8, 8, 16),
            "conventions": TORCHVISION,
        },
    ),
    "resnet50_v2_keras": ModelRow(
        "resnet50_v2_keras", (33, 32, 3), {"blocks": (2, 1), "widths": (8, 8), "strides": (2, 1)}
    ),
    "ResNet18BCN": ModelRow(
        "ResNet18BCN",
        (32, 32, 3),
        {
            "blocks": (1, 1),
            "widths": (8, 16),
            "strides": (1, 2),
            "conventions": Conventions(standardization="unbiased", norm="batch_channel", norm_groups=4),
        },
    ),
    "NFResNet50_DM": ModelRow(
        "NFResNet50_DM",
        (33, 32, 3),
        {"blocks": (1, 2, 1, 1), "widths": (8, 16, 16, 16), "stem_width": 8, "stochastic_depth": 0.0},
        steps=2,
    ),
    "NFECAResNet26": ModelRow(
        "NFECAResNet26", (33, 32, 3), {"blocks": (1, 2, 1, 1), "widths": (32, 32, 32, 32), "stem_width": 8}, steps=2
    ),
    "NFRegNetB0": ModelRow(
        "NFRegNetB0",
        (33, 32, 3),
        {"blocks": (1, 2, 1, 1), "widths": (16, 16, 16, 16), "stochastic_depth": 0.0},
        steps=3,
    ),
    "NFNetF0": ModelRow(
        "NFNetF0",
        (33, 32, 3),
        {
            "blocks": (1, 2, 1, 1),
            "widths": (16, 16, 32, 32),
            "group_width": (8, 8, 8, 8),
            "stochastic_depth": 0.0,
        },
        steps=2,
    ),
    "SkipInitResNet50": ModelRow(
        "SkipInitResNet50",
        (33, 32, 3),
        {"blocks": (1, 2, 1, 1), "widths": (16, 16, 16, 16), "stem_width": 8, "stochastic_depth": 0.0},
        steps=3,
    ),
    "FixupResNet50": ModelRow(
        "FixupResNet50",
        (33, 32, 3),
        {"blocks": (1, 2, 1, 1), "widths": (16, 16, 16, 16), "stem_width": 8, "stochastic_depth": 0.0},
        steps=3,
    ),
    "AlexNet2012": ModelRow("AlexNet2012", (67, 70, 3), {"filters": (8, 8, 8, 8, 8), "hidden": 16, "pool_to": 1}),
    "VGG11BN": ModelRow("VGG11BN", (32, 33, 3), {"widths": (8, 8, 8, 8, 8), "hidden": 16, "pool_to": 1}),
    "DenseNet121": ModelRow("DenseNet121", (32, 33, 3), {"blocks": (1, 2), "growth": 4, "stem_width": 8}),
}
