"""Batch-norm ResNets of github.com/google-deepmind/deepmind-research/nfnets/resnet.py: Haiku parameters and state.

Names are module, "/" and parameter, as in "ResNet/~/res_block_v2_1/~/conv0/w"; a running average is its module's
"average".
"""

from keras_resnets.layers import BottleneckBlock, PreactBottleneckBlock
from keras_resnets.porting.rename import CHANNELS_NHWC, Pair

IGNORE = None

NORM = (
    ("scale", "gamma"),
    ("offset", "beta"),
    ("~/mean_ema/average", "moving_mean"),
    ("~/var_ema/average", "moving_variance"),
)


def pairs(model):
    """The table of names for `model`, a bottleneck ResNet in DeepMind's conventions, v1.5 or V2; else ValueError."""
    blocks = [layer for layer in model.layers if isinstance(layer, (BottleneckBlock, PreactBottleneckBlock))]
    if not blocks:
        raise ValueError(f"deepmind_resnet.pairs: {model.name} has no bottleneck block.")
    table = [Pair("ResNet/~/initial_conv/w", "stem_conv/kernel"), *_norm("ResNet/~/initial_bn", "stem_bn")]
    for index, block in enumerate(blocks):
        # Haiku numbers modules of one name from the second on.
        end = f"_{index}" if index else ""
        named = _v2 if block.before else _v1
        table += named(end, block.name)
    table += _norm("ResNet/~/final_bn", "final_bn")
    table += [Pair("ResNet/~/linear/w", "predictions/kernel"), Pair("ResNet/~/linear/b", "predictions/bias")]
    weights = {weight.path for weight in model.weights}
    return [pair for pair in table if pair.path in weights]


def _v1(end, block):
    source = f"ResNet/~/res_block_v1{end}"
    # Built in `__call__`, so that its name lacks "~".
    table = _norm(f"{source}/shortcut_bn", f"{block}/shortcut/bn")
    for number in range(3):
        table += _norm(f"{source}/~/bn{number}", f"{block}/branch/bn{number + 1}")
    return [*table, *_convolutions(source, block)]


def _v2(end, block):
    source = f"ResNet/~/res_block_v2{end}"
    table = _norm(f"{source}/~/bn0", f"{block}/before/bn1")
    for number in (1, 2):
        table += _norm(f"{source}/~/bn{number}", f"{block}/branch/bn{number + 1}")
    return [*table, *_convolutions(source, block)]


def _convolutions(source, block):
    table = [Pair(f"{source}/~/conv{number}/w", f"{block}/branch/conv{number + 1}/kernel") for number in range(3)]
    return [*table, Pair(f"{source}/~/conv_shortcut/w", f"{block}/shortcut/conv/kernel")]


def _norm(source, path):
    return [Pair(f"{source}/{theirs}", f"{path}/{ours}", CHANNELS_NHWC) for theirs, ours in NORM]
