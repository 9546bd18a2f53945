"""timm's normalizer-free networks: dm_nfnet_f*, nfnet_f*, nfnet_l0, eca_nfnet_l*, nf_regnet_b*, nf_resnet*."""

import numpy as np

from keras_resnets.layers import NFBlock
from keras_resnets.porting.rename import CONV_OIHW, DENSE_OI, GAIN_OIHW, Layout, Pair

# ImageNet's statistics, in pixel units 0..255.
MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
DEVIATION = (0.229 * 255, 0.224 * 255, 0.225 * 255)

IGNORE = None

CONV_OIL = Layout(lambda a: np.transpose(a, (2, 1, 0)), lambda a: np.transpose(a, (2, 1, 0)))
"""PyTorch's convolution along one axis (out, in, length)."""


def pairs(model):
    """The table of names for `model`; dm_nfnet_f0 to f6 fill NFNetF0 to NFNetF6, the others the variants of their name.

    The same weights mean another function under other conventions: give NFNetF0 timm's, `NF_TIMM_DM` and
    "gelu_exact", to get dm_nfnet_f0's own logits.
    """
    table = []
    for layer in model.layers:
        name = layer.name
        if name.startswith("stem_conv"):
            table += _convolution(f"stem.conv{name.removeprefix('stem_conv')}", name)
        elif name == "final_conv":
            table += _convolution("final_conv", name)
        elif isinstance(layer, NFBlock):
            table += _block(layer)
    weights = {weight.path for weight in model.weights}
    table += [Pair("head.fc.weight", "predictions/kernel", DENSE_OI), Pair("head.fc.bias", "predictions/bias")]
    return [pair for pair in table if pair.path in weights]


def _block(block):
    stage, number = block.name.removeprefix("stage").split("_block")
    source, branch = f"stages.{int(stage) - 1}.{int(number) - 1}", f"{block.name}/branch"
    attention = f"{source}.{'attn' if block.attention_inside else 'attn_last'}"
    table = [
        *_convolution(f"{source}.downsample.conv", f"{block.name}/shortcut/conv"),
        Pair(f"{source}.skipinit_gain", f"{branch}/skip_gain/skip_gain"),
        Pair(f"{attention}.conv.weight", f"{branch}/eca/conv/kernel", CONV_OIL),
    ]
    for name in ("conv1", "conv2", "conv2b", "conv3"):
        table += _convolution(f"{source}.{name}", f"{branch}/{name}")
    for ours, theirs in (("reduce", "fc1"), ("expand", "fc2")):
        table.append(Pair(f"{attention}.{theirs}.weight", f"{branch}/se/{ours}/kernel", CONV_OIHW))
        table.append(Pair(f"{attention}.{theirs}.bias", f"{branch}/se/{ours}/bias"))
    return table


def _convolution(source, path):
    return [
        Pair(f"{source}.weight", f"{path}/kernel", CONV_OIHW),
        Pair(f"{source}.gain", f"{path}/gain", GAIN_OIHW),
        Pair(f"{source}.bias", f"{path}/bias"),
    ]
