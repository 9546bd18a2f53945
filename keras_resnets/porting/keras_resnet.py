"""ResNet50, 101, 152 and their V2 of keras.applications: weights by the paths that Keras gives them."""

from keras_resnets.layers import BottleneckBlock, PreactBottleneckBlock
from keras_resnets.porting.rename import Pair

IGNORE = None

WEIGHTS = {"conv": ("kernel", "bias"), "bn": ("gamma", "beta", "moving_mean", "moving_variance")}


def pairs(model):
    """The table of names for `model`, a variant `resnet*_keras`; ValueError for another network."""
    blocks = [layer for layer in model.layers if isinstance(layer, (BottleneckBlock, PreactBottleneckBlock))]
    if not blocks:
        raise ValueError(f"keras_resnet.pairs: {model.name} has no bottleneck block.")
    parts = [("conv1_conv", "stem_conv"), ("conv1_bn", "stem_bn"), ("post_bn", "final_bn")]
    for block in blocks:
        stage, number = block.name.removeprefix("stage").split("_block")
        source, branch, shortcut = (
            f"conv{int(stage) + 1}_block{number}",
            f"{block.name}/branch",
            f"{block.name}/shortcut",
        )
        parts += [(f"{source}_0_conv", f"{shortcut}/conv"), (f"{source}_0_bn", f"{shortcut}/bn")]
        parts += [(f"{source}_{n}_conv", f"{branch}/conv{n}") for n in (1, 2, 3)]
        if isinstance(block, PreactBottleneckBlock):
            parts += [(f"{source}_preact_bn", f"{block.name}/before/bn1")]
            parts += [(f"{source}_{n}_bn", f"{branch}/bn{n + 1}") for n in (1, 2)]
        else:
            parts += [(f"{source}_{n}_bn", f"{branch}/bn{n}") for n in (1, 2, 3)]
    table = [
        Pair(f"{theirs}/{weight}", f"{ours}/{weight}")
        for theirs, ours in parts
        for weight in WEIGHTS[theirs.rsplit("_", 1)[-1]]
    ]
    table += [Pair(f"predictions/{weight}", f"predictions/{weight}") for weight in WEIGHTS["conv"]]
    weights = {weight.path for weight in model.weights}
    return [pair for pair in table if pair.path in weights]
