"""The catalogue: every constructor by name, and every variant by its key."""

import difflib
import fnmatch

from keras_resnets.models import (
    alexnet,
    bcn,
    densenet,
    efficientnet,
    fixup_resnet,
    googlenet,
    mobilenet,
    nf_regnet,
    nf_resnet,
    nfnet,
    resnet,
    resnet_cifar,
    resnet_v2,
    resnext,
    senet,
    skipinit_resnet,
    unet,
    vgg,
    xception,
)
from keras_resnets.models._application import application, classifier
from keras_resnets.models.weights import pretrained

FAMILIES = (
    resnet_cifar,
    xception,
    mobilenet,
    efficientnet,
    alexnet,
    vgg,
    googlenet,
    densenet,
    unet,
    bcn,
    resnet,
    resnet_v2,
    resnext,
    senet,
    skipinit_resnet,
    fixup_resnet,
    nf_resnet,
    nf_regnet,
    nfnet,
)


def list_models(pattern="*"):
    """Keys of all variants that match a shell pattern, e.g. "cifar_*", in alphabetical order."""
    return sorted(key for key in variants() if fnmatch.fnmatchcase(key, pattern))


def list_weights(name):
    """{tag: Pretrained} of what others published for `name`, a key or a constructor; the first is "imagenet"."""
    return dict(pretrained().get(key_of(constructor(name).variant), {}))


def key_of(variant):
    """The key of `variant` in the catalogue; None for one's own."""
    return next((key for key, other in variants().items() if other is variant), None)


def variants():
    """{key: variant} of the whole catalogue."""
    return {key: variant for family in FAMILIES for key, variant in family.VARIANTS.items()}


def constructors():
    """{name: constructor} of all families, e.g. {"ResNet20": ResNet20, ...}."""
    return {name: value for family in FAMILIES for name, value in vars(family).items() if hasattr(value, "variant")}


def create_model(name, **overrides):
    """The network that `name` stands for: a variant's key ("cifar_resnet20_b") or a constructor ("ResNet20").

    overrides: any argument of the constructor, e.g. classes=100.
    Raises ValueError for an unknown name, with the nearest ones.
    """
    return constructor(name)(**overrides)


def constructor(name):
    """The constructor that `create_model` calls."""
    for family in FAMILIES:
        if name in family.VARIANTS:
            return application(name, family.VARIANTS[name], family.body, getattr(family, "head", classifier))
    named = constructors()
    if name in named:
        return named[name]
    near = difflib.get_close_matches(name, [*variants(), *named], n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else " list_models() names them all."
    raise ValueError(f"create_model: `name` must be a constructor or a key of list_models(), got {name!r}.{hint}")
