"""CIFAR ResNets of github.com/akamaster/pytorch_resnet_cifar10: PyTorch state dicts as plain arrays."""

import numpy as np

from keras_resnets.porting.rename import Rule

# torchvision's ImageNet statistics, which that code also uses on CIFAR, in pixel units 0..255.
MEAN = 255 * np.array([0.485, 0.456, 0.406])
DEVIATION = 255 * np.array([0.229, 0.224, 0.225])

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

_PREFIX = r"(?:module\.)?"
_BATCH_NORM = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def rules(model):
    """The renaming table for `model`, a CIFAR ResNet with `BasicBlock`s."""
    table = [Rule(r".*\.num_batches_tracked", None), Rule(_PREFIX + r"conv1\.weight", "stem_conv/kernel", "conv_oihw")]
    table += [Rule(rf"{_PREFIX}bn1\.{old}", f"stem_bn/{new}") for old, new in _BATCH_NORM.items()]
    blocks = [layer.name for layer in model.layers if layer.name.startswith("stage")]
    for name in blocks:
        stage, number = name.removeprefix("stage").split("_block")
        source = rf"{_PREFIX}layer{stage}\.{int(number) - 1}\."
        for conv, norm, old_conv, old_norm in (
            ("branch/conv1", "branch/bn1", "conv1", "bn1"),
            ("branch/conv2", "branch/bn2", "conv2", "bn2"),
            ("shortcut/conv", "shortcut/bn", r"shortcut\.0", r"shortcut\.1"),
        ):
            table.append(Rule(rf"{source}{old_conv}\.weight", f"{name}/{conv}/kernel", "conv_oihw"))
            table += [Rule(rf"{source}{old_norm}\.{old}", f"{name}/{norm}/{new}") for old, new in _BATCH_NORM.items()]
    return [
        *table,
        Rule(_PREFIX + r"linear\.weight", "predictions/kernel", "dense_oi"),
        Rule(_PREFIX + r"linear\.bias", "predictions/bias"),
    ]
