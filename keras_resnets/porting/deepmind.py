"""Normalizer-free networks of github.com/google-deepmind/deepmind-research/nfnets: Haiku parameters.

Names are module, "/" and parameter, as in "NFNet/~/nf_block_1/~/conv0/w".
"""

from keras_resnets.layers import FixupBlock, NFBlock, SkipInitBlock
from keras_resnets.porting.rename import DENSE_AS_CONV, Pair
from keras_resnets.porting.safe_pickle import read_pickle

# ImageNet's statistics, in pixel units 0..255.
MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
DEVIATION = (0.229 * 255, 0.224 * 255, 0.225 * 255)

IGNORE = None

CONVOLUTIONS = {"conv1": "conv0", "conv2": "conv1", "conv2b": "conv1b", "conv3": "conv2"}
"""Our names in a branch to Haiku's."""
SCALARS = {
    "before/bias": "bias1a",
    "branch/bias1b/bias": "bias1b",
    "branch/bias2a/bias": "bias2a",
    "branch/bias2b/bias": "bias2b",
    "branch/bias3a/bias": "bias3a",
    "branch/bias3b/bias": "bias3b",
    "branch/scale/skip_gain": "scale",
}
"""Our paths in a Fixup block to Haiku's names."""


def read(path):
    """{name: array} of a file F0_haiku.npz to F6_haiku.npz, which is a dill pickle and no NumPy archive.

    Raises ValueError where it holds anything but numbers (`safe_pickle`).
    """
    return {f"{module}/{name}": array for module, arrays in read_pickle(path).items() for name, array in arrays.items()}


def pairs(model):
    """The table of names for `model`, an NFNet, NF-ResNet, NF-RegNet, SkipInit or Fixup ResNet in DeepMind's flavor."""
    blocks = [layer for layer in model.layers if isinstance(layer, (NFBlock, SkipInitBlock, FixupBlock))]
    if not blocks:
        raise ValueError(f"deepmind.pairs: {model.name} has no block of a normalizer-free network.")
    root, module = _modules(blocks[0])
    bias = "b" if root == "SkipInit_ResNet" else "bias"
    weights = {weight.path for weight in model.weights}
    table = []
    for name in (layer.name for layer in model.layers):
        if name.startswith("stem_conv"):
            number = name.removeprefix("stem_conv")
            table += _convolution(f"{root}/~/{f'stem_conv{int(number) - 1}' if number else 'initial_conv'}", name, bias)
    for index, block in enumerate(blocks):
        # Haiku numbers modules of one name from the second on.
        source = f"{root}/~/{module}" + (f"_{index}" if index else "")
        for ours, theirs in CONVOLUTIONS.items():
            table += _convolution(f"{source}/~/{theirs}", f"{block.name}/branch/{ours}", bias)
        table += _convolution(f"{source}/~/conv_shortcut", f"{block.name}/shortcut/conv", bias)
        for ours, theirs in (("reduce", "linear"), ("expand", "linear_1")):
            excite = f"{source}/~/squeeze_excite/~/{theirs}"
            table.append(Pair(f"{excite}/w", f"{block.name}/branch/se/{ours}/kernel", DENSE_AS_CONV))
            table.append(Pair(f"{excite}/b", f"{block.name}/branch/se/{ours}/bias"))
        table.append(Pair(f"{source}/skip_gain", f"{block.name}/branch/skip_gain/skip_gain"))
        table += [Pair(f"{source}/{theirs}", f"{block.name}/{ours}") for ours, theirs in SCALARS.items()]
    table += _convolution(f"{root}/~/final_conv", "final_conv", bias)
    table += [Pair(f"{root}/bias1", "stem_bias/bias"), Pair(f"{root}/bias2", "final_bias/bias")]
    table += [Pair(f"{root}/~/linear/w", "predictions/kernel"), Pair(f"{root}/~/linear/b", "predictions/bias")]
    return [pair for pair in table if pair.path in weights]


def _modules(block):
    """Haiku's names of the network and of its blocks."""
    if isinstance(block, SkipInitBlock):
        return "SkipInit_ResNet", "nf_res_block"
    if isinstance(block, FixupBlock):
        return "FixUp_ResNet", "res_block"
    if block.extra_convolution:
        return "NFNet", "nf_block"
    return ("NF_RegNet", "nf_block") if block.attention_inside else ("NF_ResNet", "nf_res_block")


def _convolution(source, path, bias):
    """bias: Haiku's name of it, "bias" in a WSConv2D, "b" in a plain convolution."""
    names = {"w": "kernel", "gain": "gain", bias: "bias"}
    return [Pair(f"{source}/{theirs}", f"{path}/{ours}") for theirs, ours in names.items()]
