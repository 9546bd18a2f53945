"""Xception, MobileNet and EfficientNet of keras.applications: weights by the paths that Keras gives them."""

import re

from keras_resnets.layers import InvertedBlock, SeparableBlock, XceptionBlock
from keras_resnets.porting.rename import AS_IS, DENSE_AS_CONV, Layout, Pair

IGNORE = r"normalization(_\d+)?/(mean|variance|count)"
"""EfficientNet's input layer, which is no weight of the network: our models take normalized images."""

CONV_AS_DENSE = Layout(DENSE_AS_CONV.from_keras, DENSE_AS_CONV.to_keras)
"""A 1x1 convolution on a 1x1 map that is a dense layer here."""


def pairs(model):
    """The table of names for `model`, one of this module's networks; ValueError for another."""
    block = next((layer for layer in model.layers if isinstance(layer, tuple(FAMILIES))), None)
    if block is None:
        raise ValueError(
            f"keras_mobile.pairs: `model` must be an Xception, MobileNet or EfficientNet, got {model.name!r}, "
            "which has none of their blocks."
        )
    return FAMILIES[type(block)](model)


def arrays_of(model):
    """{name: array} of a model of keras.applications, as `fill` takes them."""
    return numbered_from_zero({weight.path: weight.numpy() for weight in model.weights})


def numbered_from_zero(arrays):
    """`arrays` with automatic names counted anew: "conv2d_7/kernel", the first of its kind, becomes "conv2d/kernel".

    Keras leaves Xception's shortcuts unnamed and numbers them by what the process built before, so that only their
    order is theirs.
    """
    automatic = re.compile(r"(conv2d|batch_normalization)(?:_(\d+))?/(.+)")
    numbers = {"conv2d": set(), "batch_normalization": set()}
    for name in arrays:
        if match := automatic.fullmatch(name):
            numbers[match[1]].add(int(match[2] or 0))

    def renamed(name):
        match = automatic.fullmatch(name)
        if not match:
            return name
        rank = sorted(numbers[match[1]]).index(int(match[2] or 0))
        return f"{_automatic(match[1], rank)}/{match[3]}"

    return {renamed(name): array for name, array in arrays.items()}


def _automatic(kind, rank):
    return f"{kind}_{rank}" if rank else kind


def _xception(model):
    table = []
    for number in (1, 2):
        table += _convolution(f"block1_conv{number}", f"stem_conv{number}")
        table += _normalization(f"block1_conv{number}_bn", f"stem_bn{number}")
    blocks = _blocks(model)
    projected = [block for block in blocks if block.shortcut_kind == "projection"]
    for number, block in enumerate(blocks, 2):
        for part in range(1, len(block.widths) + 2):
            table += _separable(f"block{number}_sepconv{part}", f"{block.name}/branch/separable{part}/")
        if block in projected:
            rank = projected.index(block)
            table += _convolution(_automatic("conv2d", rank), f"{block.name}/shortcut/conv")
            table += _normalization(_automatic("batch_normalization", rank), f"{block.name}/shortcut/bn")
    for number in (1, 2):
        table += _separable(f"block{len(blocks) + 2}_sepconv{number}", f"final{number}_")
    return [*table, *_with_bias("predictions", "predictions")]


def _separable(source, path):
    return [
        Pair(f"{source}/depthwise_kernel", f"{path}depthwise/kernel"),
        Pair(f"{source}/pointwise_kernel", f"{path}pointwise/kernel"),
        *_normalization(f"{source}_bn", f"{path}bn"),
    ]


def _mobilenet_v1(model):
    table = [*_convolution("conv1", "stem_conv"), *_normalization("conv1_bn", "stem_bn")]
    for number, block in enumerate(_blocks(model), 1):
        for part, ours in (("dw", "depthwise"), ("pw", "pointwise")):
            table += _convolution(f"conv_{part}_{number}", f"{block.name}/branch/{ours}")
            table += _normalization(f"conv_{part}_{number}_bn", f"{block.name}/branch/{ours}_bn")
    return [*table, *_with_bias("conv_preds", "predictions", CONV_AS_DENSE)]


def _inverted(model):
    """What tells the three apart: EfficientNet's gates are SiLU inside; v3 is v2's block with other activations."""
    first = _blocks(model)[0]
    if first.se_filters and first.se_activation == "silu":
        return _efficientnet(model)
    return _mobilenet_v2(model) if first.activation == "relu6" else _mobilenet_v3(model)


def _mobilenet_v2(model):
    table = [*_convolution("Conv1", "stem_conv"), *_normalization("bn_Conv1", "stem_bn")]
    for number, block in enumerate(_blocks(model)):
        source = f"block_{number}" if number else "expanded_conv"
        for part in ("expand", "depthwise", "project"):
            table += _convolution(f"{source}_{part}", f"{block.name}/branch/{part}")
            table += _normalization(f"{source}_{part}_BN", f"{block.name}/branch/{part}_bn")
    table += _convolution("Conv_1", "final_conv") + _normalization("Conv_1_bn", "final_bn")
    return [*table, *_with_bias("predictions", "predictions")]


def _mobilenet_v3(model):
    table = [*_convolution("conv", "stem_conv"), *_normalization("conv_bn", "stem_bn")]
    for number, block in enumerate(_blocks(model)):
        source, path = f"expanded_conv_{number}" if number else "expanded_conv", f"{block.name}/branch"
        for part in ("expand", "depthwise", "project"):
            table += _convolution(f"{source}_{part}", f"{path}/{part}")
            table += _normalization(f"{source}_{part}_bn", f"{path}/{part}_bn")
        table += _with_bias(f"{source}_squeeze_excite_conv", f"{path}/se/reduce")
        table += _with_bias(f"{source}_squeeze_excite_conv_1", f"{path}/se/expand")
    table += _convolution("conv_1", "final_conv") + _normalization("conv_1_bn", "final_bn")
    table += _with_bias("conv_2", "hidden", CONV_AS_DENSE)
    return [*table, *_with_bias("logits", "predictions", CONV_AS_DENSE)]


def _efficientnet(model):
    table = [*_convolution("stem_conv", "stem_conv"), *_normalization("stem_bn", "stem_bn")]
    for block in _blocks(model):
        stage, number = block.name.removeprefix("stage").split("_block")
        source, path = f"block{stage}{chr(ord('a') + int(number) - 1)}", f"{block.name}/branch"
        for part, conv, norm in (
            ("expand", "expand_conv", "expand_bn"),
            ("depthwise", "dwconv", "bn"),
            ("project", "project_conv", "project_bn"),
        ):
            table += _convolution(f"{source}_{conv}", f"{path}/{part}")
            table += _normalization(f"{source}_{norm}", f"{path}/{part}_bn")
        table += _with_bias(f"{source}_se_reduce", f"{path}/se/reduce")
        table += _with_bias(f"{source}_se_expand", f"{path}/se/expand")
    table += _convolution("top_conv", "final_conv") + _normalization("top_bn", "final_bn")
    return [*table, *_with_bias("predictions", "predictions")]


FAMILIES = {XceptionBlock: _xception, SeparableBlock: _mobilenet_v1, InvertedBlock: _inverted}


def _blocks(model):
    return [layer for layer in model.layers if isinstance(layer, tuple(FAMILIES))]


def _convolution(source, path):
    return [Pair(f"{source}/kernel", f"{path}/kernel")]


def _normalization(source, path):
    return [Pair(f"{source}/{name}", f"{path}/{name}") for name in ("gamma", "beta", "moving_mean", "moving_variance")]


def _with_bias(source, path, layout=AS_IS):
    return [Pair(f"{source}/kernel", f"{path}/kernel", layout), Pair(f"{source}/bias", f"{path}/bias")]
