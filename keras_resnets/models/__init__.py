"""Models: a table of variants, a body and one line a constructor for each family."""

from keras_resnets.models.alexnet import AlexNet, AlexNet2012, AlexNetSingleColumn
from keras_resnets.models.bcn import (
    ResNet18BCN,
    ResNet34BCN,
    ResNet50BCN,
    ResNet101BCN,
    ResNet152BCN,
    ResNeXt50_32x4dBCN,
)
from keras_resnets.models.catalogue import create_model, list_models
from keras_resnets.models.densenet import DenseNet121, DenseNet161, DenseNet169, DenseNet201, DenseNet264
from keras_resnets.models.efficientnet import (
    EfficientNetB0,
    EfficientNetB1,
    EfficientNetB2,
    EfficientNetB3,
    EfficientNetB4,
    EfficientNetB5,
    EfficientNetB6,
    EfficientNetB7,
)
from keras_resnets.models.googlenet import GoogLeNet, GoogLeNetBN
from keras_resnets.models.mobilenet import (
    MobileNet,
    MobileNetV2,
    MobileNetV3Large,
    MobileNetV3LargeMinimalistic,
    MobileNetV3Small,
    MobileNetV3SmallMinimalistic,
)
from keras_resnets.models.resnet import (
    PlainNet18,
    PlainNet34,
    ResNet18,
    ResNet18D,
    ResNet26,
    ResNet26D,
    ResNet34,
    ResNet34D,
    ResNet50,
    ResNet50D,
    ResNet50V1,
    ResNet101,
    ResNet101D,
    ResNet101V1,
    ResNet152,
    ResNet152D,
    ResNet152V1,
    ResNet200,
    ResNet200D,
    WideResNet50_2,
    WideResNet101_2,
)
from keras_resnets.models.resnet_cifar import (
    PlainNet20,
    PlainNet32,
    PlainNet44,
    PlainNet56,
    PlainNet110,
    PlainNet1202,
    ResNet20,
    ResNet32,
    ResNet44,
    ResNet56,
    ResNet110,
    ResNet110V2,
    ResNet164V2,
    ResNet1001V2,
    ResNet1202,
    WideResNet16_4,
    WideResNet16_8,
    WideResNet16_10,
    WideResNet22_8,
    WideResNet22_10,
    WideResNet28_10,
    WideResNet28_12,
    WideResNet40_1,
    WideResNet40_2,
    WideResNet40_4,
    WideResNet40_8,
    WideResNet40_10,
)
from keras_resnets.models.resnet_v2 import (
    ResNet18V2,
    ResNet34V2,
    ResNet50V2,
    ResNet101V2,
    ResNet152V2,
    ResNet200V2,
    ResNet288V2,
    ResNet600V2,
)
from keras_resnets.models.resnext import (
    ResNeXt29_8x64d,
    ResNeXt29_16x64d,
    ResNeXt50_32x4d,
    ResNeXt50D_32x4d,
    ResNeXt101_32x4d,
    ResNeXt101_32x8d,
    ResNeXt101_64x4d,
    ResNeXt152_32x4d,
)
from keras_resnets.models.senet import (
    SENet154,
    SEResNet18,
    SEResNet34,
    SEResNet50,
    SEResNet101,
    SEResNet152,
    SEResNet152D,
    SEResNeXt26_32x4d,
    SEResNeXt26D_32x4d,
    SEResNeXt50_32x4d,
    SEResNeXt50D_32x4d,
    SEResNeXt101_32x4d,
    SEResNeXt101_32x8d,
    SEResNeXt101_64x4d,
    SEResNeXt101D_32x4d,
    SEResNeXt101D_32x8d,
    SEResNeXt152D_32x4d,
)
from keras_resnets.models.unet import UNet, UNetSame, UNetSameBN
from keras_resnets.models.vgg import VGG11, VGG11BN, VGG13, VGG13BN, VGG16, VGG16BN, VGG19, VGG19BN
from keras_resnets.models.xception import Xception
