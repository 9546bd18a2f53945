"""Batch-channel normalization: ResNets of standardized kernels whose batch norm is followed by group norm."""

from keras_resnets.layers.conventions import BATCH_CHANNEL
from keras_resnets.models import resnet
from keras_resnets.models._application import application
from keras_resnets.models.resnet import row


def body(variant, x):
    """As `resnet.body`; normalization and standardization are in the variant's conventions."""
    return resnet.body(variant, x)


def _bcn(depth, parameters, **fields):
    """Qiao et al. 2019, arXiv:1911.09738: v1.5 with `BatchChannelNorm` for batch norm and `WSConv2D` for Conv2D."""
    reference = "Qiao et al. 2019, arXiv:1911.09738; joe-siyuan-qiao/Batch-Channel-Normalization"
    return row(depth, parameters, reference, conventions=BATCH_CHANNEL, **fields)


VARIANTS = {
    "resnet18_bcn": _bcn(18, 11_690_792),
    "resnet34_bcn": _bcn(34, 21_799_976),
    "resnet50_bcn": _bcn(50, 25_560_424),
    "resnet101_bcn": _bcn(101, 44_555_816),
    "resnet152_bcn": _bcn(152, 60_202_728),
    "resnext50_32x4d_bcn": _bcn(50, 25_032_296, groups=32, base_width=4),
}

ResNet18BCN = application("ResNet18BCN", VARIANTS["resnet18_bcn"], body)
ResNet34BCN = application("ResNet34BCN", VARIANTS["resnet34_bcn"], body)
ResNet50BCN = application("ResNet50BCN", VARIANTS["resnet50_bcn"], body)
ResNet101BCN = application("ResNet101BCN", VARIANTS["resnet101_bcn"], body)
ResNet152BCN = application("ResNet152BCN", VARIANTS["resnet152_bcn"], body)
ResNeXt50_32x4dBCN = application("ResNeXt50_32x4dBCN", VARIANTS["resnext50_32x4d_bcn"], body)
