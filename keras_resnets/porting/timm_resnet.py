"""Residual networks with batch norm of torchvision and timm: resnet*, wide_resnet*, (se)resnext*, senet154, resnetv2_*.

Also the SE networks that came from Caffe, which timm calls legacy_*.
"""

import numpy as np

from keras_resnets.layers import BasicBlock, BottleneckBlock, PreactBasicBlock, PreactBottleneckBlock
from keras_resnets.porting.rename import CONV_OIHW, DENSE_OI, Layout, Pair, batch_norm

# ImageNet's statistics, in pixel units 0..255.
MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
DEVIATION = (0.229 * 255, 0.224 * 255, 0.225 * 255)

IGNORE = r".*\.num_batches_tracked"

POSTACT, PREACT = (BasicBlock, BottleneckBlock), (PreactBasicBlock, PreactBottleneckBlock)
DENSE_OI11 = Layout(lambda a: np.transpose(a[:, :, 0, 0], (1, 0)), lambda a: np.transpose(a, (1, 0))[:, :, None, None])
"""PyTorch's 1x1 convolution (out, in, 1, 1) that is a dense layer here."""


def pairs(model):
    """The table of names for `model`, one of this module's networks; ValueError for another."""
    blocks = [layer for layer in model.layers if isinstance(layer, (*POSTACT, *PREACT))]
    if not blocks:
        raise ValueError(f"timm_resnet.pairs: {model.name} has no block of a residual network with batch norm.")
    if isinstance(blocks[0], PREACT):
        table = _preact(blocks)
    elif _is_legacy(model):
        table = _legacy(model, blocks)
    else:
        table = _postact(model, blocks)
    weights = {weight.path for weight in model.weights}
    return [pair for pair in table if pair.path in weights]


def _postact(model, blocks):
    deep = _has_deep_stem(model)
    # A deep stem is a sequence of convolution, norm, activation: its first two norms are at 1 and 4, the last is bn1.
    stem = [("conv1.0", "conv1.1"), ("conv1.3", "conv1.4"), ("conv1.6", "bn1")] if deep else [("conv1", "bn1")]
    table = _stem(stem)
    for block in blocks:
        stage, number = _position(block)
        # Average pooling, where a shortcut has it, is the first of the sequence.
        first = 1 if block.shortcut_kind == "average" else 0
        table += _block(f"layer{stage}.{number - 1}", block, "se", first)
    return [*table, Pair("fc.weight", "predictions/kernel", DENSE_OI), Pair("fc.bias", "predictions/bias")]


def _legacy(model, blocks):
    numbers = (1, 2, 3) if _has_deep_stem(model) else (1,)
    table = _stem([(f"layer0.conv{number}", f"layer0.bn{number}") for number in numbers])
    for block in blocks:
        stage, number = _position(block)
        table += _block(f"layer{stage}.{number - 1}", block, "se_module", 0)
    end = "last_linear"
    return [*table, Pair(f"{end}.weight", "predictions/kernel", DENSE_OI), Pair(f"{end}.bias", "predictions/bias")]


def _preact(blocks):
    table = [Pair("stem.conv.weight", "stem_conv/kernel", CONV_OIHW), *batch_norm("norm", "final_bn")]
    for block in blocks:
        stage, number = _position(block)
        source = f"stages.{stage - 1}.blocks.{number - 1}"
        table += batch_norm(f"{source}.norm1", f"{block.name}/before/bn1")
        for n in (2, 3):
            table += batch_norm(f"{source}.norm{n}", f"{block.name}/branch/bn{n}")
        for n in (1, 2, 3):
            table.append(Pair(f"{source}.conv{n}.weight", f"{block.name}/branch/conv{n}/kernel", CONV_OIHW))
        table.append(Pair(f"{source}.downsample.conv.weight", f"{block.name}/shortcut/conv/kernel", CONV_OIHW))
    end = "head.fc"
    return [*table, Pair(f"{end}.weight", "predictions/kernel", DENSE_OI11), Pair(f"{end}.bias", "predictions/bias")]


def _stem(names):
    """`names`: those of each convolution and its norm, in order."""
    table = []
    for number, (convolution, norm) in enumerate(names, 1):
        end = "" if len(names) == 1 else number
        table.append(Pair(f"{convolution}.weight", f"stem_conv{end}/kernel", CONV_OIHW))
        table += batch_norm(norm, f"stem_bn{end}")
    return table


def _block(source, block, excitation, first):
    """A post-activation block; `first` is the index of the convolution in its shortcut."""
    branch, shortcut = f"{block.name}/branch", f"{block.name}/shortcut"
    table = [Pair(f"{source}.downsample.{first}.weight", f"{shortcut}/conv/kernel", CONV_OIHW)]
    table += batch_norm(f"{source}.downsample.{first + 1}", f"{shortcut}/bn")
    for n in (1, 2, 3):
        table.append(Pair(f"{source}.conv{n}.weight", f"{branch}/conv{n}/kernel", CONV_OIHW))
        table += batch_norm(f"{source}.bn{n}", f"{branch}/bn{n}")
    for theirs, ours in (("fc1", "reduce"), ("fc2", "expand")):
        table.append(Pair(f"{source}.{excitation}.{theirs}.weight", f"{branch}/se/{ours}/kernel", CONV_OIHW))
        table.append(Pair(f"{source}.{excitation}.{theirs}.bias", f"{branch}/se/{ours}/bias"))
    return table


def _position(block):
    """(stage, number) from 1."""
    stage, number = block.name.removeprefix("stage").split("_block")
    return int(stage), int(number)


def _has_deep_stem(model):
    return any(layer.name == "stem_conv3" for layer in model.layers)


def _is_legacy(model):
    """Only the networks from Caffe pad the stem's pooling at the end."""
    return any(layer.name == "stem_pool" and layer.padding == "ceil" for layer in model.layers)
