"""VGG16, VGG19 and DenseNets of keras.applications: weights by the paths that Keras gives them.

Their images are prepared in other ways than ours: VGG's in Caffe's manner (`MODES`), DenseNet's in torchvision's.
"""

from keras_resnets.porting.rename import Pair

IGNORE = None

MODES = {"vgg": "caffe", "densenet": "torch"}
""""caffe" is BGR in 0..255 less (103.939, 116.779, 123.68); "torch" is RGB by torchvision's mean and deviation."""


def pairs(model):
    """The table of names for `model`, a VGG without batch norm or a DenseNet; ValueError for another family."""
    layers = [layer.name for layer in model.layers]
    if "stage1_conv1" in layers and "stage1_bn1" not in layers:
        table = _vgg(layers)
    elif "transition1_conv" in layers:
        table = _densenet(layers)
    else:
        raise ValueError(
            f"keras_classic.pairs: `model` must be a VGG without batch norm or a DenseNet, got {model.name!r}."
        )
    known = {weight.path: weight.path.rpartition("/")[::2] for weight in model.weights}
    return [Pair(f"{table[layer]}/{weight}", path) for path, (layer, weight) in known.items() if layer in table]


def _vgg(layers):
    """{our layer: theirs}."""
    table = {name: name.replace("stage", "block") for name in layers if "_conv" in name}
    return table | {"dense1": "fc1", "dense2": "fc2", "predictions": "predictions"}


def _densenet(layers):
    table = {"stem_conv": "conv1_conv", "stem_bn": "conv1_bn", "final_bn": "bn", "predictions": "predictions"}
    for name in layers:
        if name.startswith("stage"):
            stage, number = name.removeprefix("stage").split("_block")
            theirs = f"conv{int(stage) + 1}_block{number}"
            parts = {"bn1": "0_bn", "conv1": "1_conv", "bn2": "1_bn", "conv2": "2_conv"}
            table |= {f"{name}/branch/{ours}": f"{theirs}_{part}" for ours, part in parts.items()}
        elif name.startswith("transition") and name.endswith(("_bn", "_conv")):
            number, part = name.removeprefix("transition").split("_")
            table[name] = f"pool{int(number) + 1}_{part}"
    return table
