"""AlexNet, VGG, GoogLeNet and DenseNet of torchvision, and timm's VGG: PyTorch state dicts as plain arrays.

timm's DenseNets have torchvision's names.
"""

import numpy as np

from keras_resnets.models.googlenet import INCEPTIONS
from keras_resnets.porting.rename import CONV_OIHW, DENSE_OI, Layout, Pair, batch_norm, dense_after_flatten

# torchvision's ImageNet statistics, in pixel units 0..255.
MEAN = 255 * np.array([0.485, 0.456, 0.406])
DEVIATION = 255 * np.array([0.229, 0.224, 0.225])

IGNORE = r".*\.num_batches_tracked|aux[12]\..*"
"""GoogLeNet's auxiliary classifiers are left out where the model has none."""

DENSE_1X1 = Layout(lambda a: np.transpose(a[:, :, 0, 0]), lambda a: np.transpose(a)[:, :, None, None])
"""timm's dense layer that is a 1x1 convolution (out, in, 1, 1)."""


def dense_as_window(channels, height, width):
    """timm's dense layer that is a convolution of the whole map, (out, channels, height, width)."""
    flat = dense_after_flatten(channels, height, width)
    return Layout(
        lambda a: flat.to_keras(np.reshape(a, (len(a), -1))),
        lambda a: np.reshape(flat.from_keras(a), (-1, channels, height, width)),
    )


def pairs(model, names="torchvision"):
    """The table of names for `model`; `names` "timm" where timm's differ (VGG).

    Raises ValueError for a model of another family.
    """
    layers = {layer.name for layer in model.layers}
    for mark, family in (
        ("stage1_conv", _alexnet),
        ("stage1_conv1", _vgg),
        ("stem_conv3", _googlenet),
        ("transition1_conv", _densenet),
    ):
        if mark in layers:
            table = family(model, names) if family is _vgg else family(model)
            # What a variant doesn't have (a bias, a head) has no pair.
            return [pair for pair in table if pair.path in {weight.path for weight in model.weights}]
    raise ValueError(
        f"torchvision_classic.pairs: `model` must be an AlexNet, VGG, GoogLeNet or DenseNet, got {model.name!r}."
    )


def _alexnet(model):
    convolutions = zip((0, 3, 6, 8, 10), range(1, 6), strict=True)
    return [
        *(pair for index, stage in convolutions for pair in _layer(f"features.{index}", f"stage{stage}_conv")),
        *_dense_layers(model, ("classifier.1", "classifier.4", "classifier.6")),
    ]


def _vgg(model, names):
    table, index = [], 0
    for layer in model.layers:
        if "_conv" in layer.name or "_bn" in layer.name:
            table += _layer(f"features.{index}", layer.name) if "_conv" in layer.name else []
            table += batch_norm(f"features.{index}", layer.name) if "_bn" in layer.name else []
        elif not layer.name.startswith("stage"):
            continue
        index += 1
    if names == "timm":
        window = dense_as_window(*_flattened(model, "flatten")) if "flatten" in _names(model) else None
        return [
            *table,
            *_layer("pre_logits.fc1", "dense1", window),
            *_layer("pre_logits.fc2", "dense2", DENSE_1X1),
            *_layer("head.fc", "predictions", DENSE_OI),
        ]
    return [*table, *_dense_layers(model, ("classifier.0", "classifier.3", "classifier.6"))]


def _googlenet(model):
    table = [pair for n in (1, 2, 3) for pair in _normalized(f"conv{n}", f"stem_conv{n}", f"stem_bn{n}")]
    for stage, inceptions in INCEPTIONS.items():
        for number in range(len(inceptions)):
            ours, theirs = f"stage{stage}_block{number + 1}", f"inception{stage}{'abcde'[number]}"
            for source, path in (
                ("branch1", "branch1x1/{}1"),
                ("branch2.0", "branch3x3/{}1"),
                ("branch2.1", "branch3x3/{}2"),
                ("branch3.0", "branch5x5/{}1"),
                ("branch3.1", "branch5x5/{}2"),
                ("branch4.1", "branch_pool/{}1"),
            ):
                table += _normalized(
                    f"{theirs}.{source}", f"{ours}/{path.format('conv')}", f"{ours}/{path.format('bn')}"
                )
    for n in (1, 2):
        ours, theirs = f"auxiliary{n}", f"aux{n}"
        if ours in _names(model):
            layout = dense_after_flatten(*_flattened(model, f"{ours}_flatten"))
            table += _normalized(f"{theirs}.conv", f"{ours}_conv1", f"{ours}_bn1")
            table += _layer(f"{theirs}.fc1", f"{ours}_dense", layout)
            table += _layer(f"{theirs}.fc2", ours, DENSE_OI)
    return [*table, *_layer("fc", "predictions", DENSE_OI)]


def _densenet(model):
    table = [*_layer("features.conv0", "stem_conv"), *batch_norm("features.norm0", "stem_bn")]
    for name in (layer.name for layer in model.layers):
        if name.startswith("stage"):
            stage, number = name.removeprefix("stage").split("_block")
            source = f"features.denseblock{stage}.denselayer{number}"
            for part in (1, 2):
                table += batch_norm(f"{source}.norm{part}", f"{name}/branch/bn{part}")
                table += _layer(f"{source}.conv{part}", f"{name}/branch/conv{part}")
        elif name.startswith("transition") and name.endswith("_conv"):
            ours = name.removesuffix("_conv")
            table += batch_norm(f"features.{ours}.norm", f"{ours}_bn")
            table += _layer(f"features.{ours}.conv", f"{ours}_conv")
    last = f"features.norm{1 + len({name[:6] for name in _names(model) if name.startswith('stage')})}"
    return [*table, *batch_norm(last, "final_bn"), *_layer("classifier", "predictions", DENSE_OI)]


def _names(model):
    return {layer.name for layer in model.layers}


def _flattened(model, name):
    """(channels, height, width) of the map that the layer `name` flattens."""
    _, height, width, channels = model.get_layer(name).input.shape
    return channels, height, width


def _dense_layers(model, sources):
    if "flatten" not in _names(model):
        return []
    layouts = (dense_after_flatten(*_flattened(model, "flatten")), DENSE_OI, DENSE_OI)
    ours = ("dense1", "dense2", "predictions")
    return [
        pair
        for source, path, layout in zip(sources, ours, layouts, strict=True)
        for pair in _layer(source, path, layout)
    ]


def _layer(source, path, kernel=CONV_OIHW):
    return [Pair(f"{source}.weight", f"{path}/kernel", kernel), Pair(f"{source}.bias", f"{path}/bias")]


def _normalized(source, convolution, norm):
    """torchvision's BasicConv2d."""
    return [*_layer(f"{source}.conv", convolution), *batch_norm(f"{source}.bn", norm)]
