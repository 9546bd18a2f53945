"""Residual networks with squeeze-and-excitation: SE-ResNet, SE-ResNeXt, SE-ResNeXt-D and SENet-154 (Hu et al. 2017)."""

from keras_resnets.layers.conventions import TIMM, TORCHVISION
from keras_resnets.models import resnet
from keras_resnets.models._application import application
from keras_resnets.models.resnet import DEEP_STEM, row

SE = {"se_ratio": 1 / 16, "conventions": TIMM}
# The authors' Caffe networks as they came to PyTorch: hidden channels not rounded, pooling padded at the end only.
CAFFE = {"se_ratio": 1 / 16, "se_divisor": 1, "pool": "ceil", "dropout_rate": 0.2, "conventions": TORCHVISION}


def body(variant, x):
    """As `resnet.body`; squeeze-and-excitation is a field of the variant."""
    return resnet.body(variant, x)


def _seresnet(depth, parameters):
    return row(depth, parameters, f"timm seresnet{depth}", **SE)


def _caffe(depth, parameters):
    """v1: the first 1x1 convolution strides; 18 and 34 keep the port's second ReLU."""
    return row(
        depth,
        parameters,
        f"timm legacy_seresnet{depth}",
        strided="1x1",
        relu_before_se=depth < 50,
        **CAFFE,
    )


def _seresnext(depth, groups, base_width, parameters, reference=None, **fields):
    """v1.5 bottlenecks with groups; with -D stem and shortcut where `fields` say so."""
    d = "d" if fields.get("shortcut") == "D" else ""
    reference = reference or f"timm seresnext{depth}{d}_{groups}x{base_width}d"
    return row(depth, parameters, reference, groups=groups, base_width=base_width, **SE | fields)


def _senet154(parameters, reference, **fields):
    """Three 3x3 convolutions as stem, 64 groups, half as many channels in the first 1x1, 3x3 projections."""
    return row(
        152,
        parameters,
        reference,
        groups=64,
        base_width=4,
        reduce_first=2,
        shortcut_size=3,
        stem_widths=(64, 64, 128),
        stem_size=3,
        **SE | {"dropout_rate": 0.2} | fields,
    )


TIMM_CLASS = "timm's ResNet class with 32 groups of 4 channels, -D stem and shortcut"

VARIANTS = {
    "seresnet18": _seresnet(18, 11_779_624),
    "seresnet34": _seresnet(34, 21_960_416),
    "seresnet50": _seresnet(50, 28_088_024),
    "seresnet101": _seresnet(101, 49_326_872),
    "seresnet152": _seresnet(152, 66_821_848),
    "seresnet152d": row(152, 66_841_080, "timm seresnet152d", **SE, **DEEP_STEM),
    "seresnet18_v1": _caffe(18, 11_778_592),
    "seresnet34_v1": _caffe(34, 21_958_868),
    "seresnet50_v1": _caffe(50, 28_088_024),
    "seresnet101_v1": _caffe(101, 49_326_872),
    "seresnet152_v1": _caffe(152, 66_821_848),
    "senet154": _senet154(115_088_984, "timm senet154"),
    "senet154_caffe": _senet154(115_088_984, "timm legacy_senet154", **CAFFE),
    "seresnext26_32x4d": _seresnext(26, 32, 4, 16_790_280, "timm legacy_seresnext26_32x4d", **CAFFE),
    "seresnext50_32x4d": _seresnext(50, 32, 4, 27_559_896),
    "seresnext101_32x4d": _seresnext(101, 32, 4, 48_955_416),
    "seresnext101_32x8d": _seresnext(101, 32, 8, 93_569_048),
    "seresnext101_64x4d": _seresnext(101, 64, 4, 88_232_984),
    "seresnext26d_32x4d": _seresnext(26, 32, 4, 16_809_512, **DEEP_STEM),
    "seresnext50d_32x4d": _seresnext(50, 32, 4, 27_579_128, TIMM_CLASS, **DEEP_STEM),
    "seresnext101d_32x4d": _seresnext(101, 32, 4, 48_974_648, TIMM_CLASS, **DEEP_STEM),
    "seresnext101d_32x8d": _seresnext(101, 32, 8, 93_588_280, **DEEP_STEM),
    "seresnext152d_32x4d": _seresnext(152, 32, 4, 66_599_672, TIMM_CLASS, **DEEP_STEM),
}

SEResNet18 = application("SEResNet18", VARIANTS["seresnet18"], body)
SEResNet34 = application("SEResNet34", VARIANTS["seresnet34"], body)
SEResNet50 = application("SEResNet50", VARIANTS["seresnet50"], body)
SEResNet101 = application("SEResNet101", VARIANTS["seresnet101"], body)
SEResNet152 = application("SEResNet152", VARIANTS["seresnet152"], body)
SEResNet152D = application("SEResNet152D", VARIANTS["seresnet152d"], body)
SENet154 = application("SENet154", VARIANTS["senet154"], body)
SEResNeXt26_32x4d = application("SEResNeXt26_32x4d", VARIANTS["seresnext26_32x4d"], body)
SEResNeXt50_32x4d = application("SEResNeXt50_32x4d", VARIANTS["seresnext50_32x4d"], body)
SEResNeXt101_32x4d = application("SEResNeXt101_32x4d", VARIANTS["seresnext101_32x4d"], body)
SEResNeXt101_32x8d = application("SEResNeXt101_32x8d", VARIANTS["seresnext101_32x8d"], body)
SEResNeXt101_64x4d = application("SEResNeXt101_64x4d", VARIANTS["seresnext101_64x4d"], body)
SEResNeXt26D_32x4d = application("SEResNeXt26D_32x4d", VARIANTS["seresnext26d_32x4d"], body)
SEResNeXt50D_32x4d = application("SEResNeXt50D_32x4d", VARIANTS["seresnext50d_32x4d"], body)
SEResNeXt101D_32x4d = application("SEResNeXt101D_32x4d", VARIANTS["seresnext101d_32x4d"], body)
SEResNeXt101D_32x8d = application("SEResNeXt101D_32x8d", VARIANTS["seresnext101d_32x8d"], body)
SEResNeXt152D_32x4d = application("SEResNeXt152D_32x4d", VARIANTS["seresnext152d_32x4d"], body)
