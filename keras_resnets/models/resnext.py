"""ResNeXt: bottlenecks whose 3x3 convolution has groups (Xie et al. 2016), for ImageNet and for CIFAR."""

from keras_resnets.layers.conventions import TIMM, TORCHVISION
from keras_resnets.models import resnet
from keras_resnets.models._application import application
from keras_resnets.models.resnet import DEEP_STEM, Variant, row


def body(variant, x):
    """As `resnet.body`; the groups are fields of the variant."""
    return resnet.body(variant, x)


def _resnext(depth, groups, base_width, parameters, **fields):
    name = f"resnext{depth}_{groups}x{base_width}d"
    fields = {"reference": f"torchvision {name} = timm {name}", "groups": groups, "base_width": base_width} | fields
    return row(depth, parameters, **fields)


def _cifar(groups, base_width, classes, parameters):
    """Three stages of three blocks behind one 3x3 convolution (Xie et al. 2016, section 5.2)."""
    return Variant(
        blocks=(3, 3, 3),
        widths=(64, 128, 256),
        strides=(1, 2, 2),
        base_width=base_width,
        groups=groups,
        stem_size=3,
        stem_strides=1,
        pool="none",
        conventions=TORCHVISION,
        classes=classes,
        resolution=32,
        smallest=4,
        parameters=parameters,
        reference="Xie et al. 2016, arXiv:1611.05431",
    )


VARIANTS = {
    "resnext50_32x4d": _resnext(50, 32, 4, 25_028_904),
    "resnext101_32x4d": _resnext(101, 32, 4, 44_177_704, reference="timm resnext101_32x4d", conventions=TIMM),
    "resnext101_32x8d": _resnext(101, 32, 8, 88_791_336),
    "resnext101_64x4d": _resnext(101, 64, 4, 83_455_272),
    "resnext152_32x4d": _resnext(152, 32, 4, 59_951_400, reference="timm's ResNet class", conventions=TIMM),
    "resnext50d_32x4d": _resnext(
        50, 32, 4, 25_048_136, reference="timm resnext50d_32x4d", conventions=TIMM, **DEEP_STEM
    ),
    "resnext29_8x64d_cifar10": _cifar(8, 64, 10, 34_426_698),
    "resnext29_8x64d_cifar100": _cifar(8, 64, 100, 34_518_948),
    "resnext29_16x64d_cifar10": _cifar(16, 64, 10, 68_155_210),
    "resnext29_16x64d_cifar100": _cifar(16, 64, 100, 68_247_460),
}

ResNeXt50_32x4d = application("ResNeXt50_32x4d", VARIANTS["resnext50_32x4d"], body)
ResNeXt101_32x4d = application("ResNeXt101_32x4d", VARIANTS["resnext101_32x4d"], body)
ResNeXt101_32x8d = application("ResNeXt101_32x8d", VARIANTS["resnext101_32x8d"], body)
ResNeXt101_64x4d = application("ResNeXt101_64x4d", VARIANTS["resnext101_64x4d"], body)
ResNeXt152_32x4d = application("ResNeXt152_32x4d", VARIANTS["resnext152_32x4d"], body)
ResNeXt50D_32x4d = application("ResNeXt50D_32x4d", VARIANTS["resnext50d_32x4d"], body)
ResNeXt29_8x64d = application("ResNeXt29_8x64d", VARIANTS["resnext29_8x64d_cifar10"], body)
ResNeXt29_16x64d = application("ResNeXt29_16x64d", VARIANTS["resnext29_16x64d_cifar10"], body)
