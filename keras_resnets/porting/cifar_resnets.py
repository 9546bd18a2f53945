"""CIFAR ResNets of github.com/akamaster/pytorch_resnet_cifar10: PyTorch state dicts as plain arrays."""

import numpy as np

from keras_resnets.porting.rename import CONV_OIHW, DENSE_OI, Pair, batch_norm

# torchvision's ImageNet statistics, which that code also uses on CIFAR, in pixel units 0..255.
MEAN = 255 * np.array([0.485, 0.456, 0.406])
DEVIATION = 255 * np.array([0.229, 0.224, 0.225])

IGNORE = r".*\.num_batches_tracked"


def pairs(model):
    """The table of names for `model`, a CIFAR ResNet with `BasicBlock`s."""
    table = [Pair("conv1.weight", "stem_conv/kernel", CONV_OIHW), *batch_norm("bn1", "stem_bn")]
    for block in (layer.name for layer in model.layers if layer.name.startswith("stage")):
        stage, number = block.removeprefix("stage").split("_block")
        source = f"layer{stage}.{int(number) - 1}"
        for conv, norm, our_conv, our_norm in (
            ("conv1", "bn1", "branch/conv1", "branch/bn1"),
            ("conv2", "bn2", "branch/conv2", "branch/bn2"),
            ("shortcut.0", "shortcut.1", "shortcut/conv", "shortcut/bn"),
        ):
            table.append(Pair(f"{source}.{conv}.weight", f"{block}/{our_conv}/kernel", CONV_OIHW))
            table += batch_norm(f"{source}.{norm}", f"{block}/{our_norm}")
    return [*table, Pair("linear.weight", "predictions/kernel", DENSE_OI), Pair("linear.bias", "predictions/bias")]
