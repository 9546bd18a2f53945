"""Models: a table of variants, a body and one line a constructor for each family."""

from keras_resnets.models.alexnet import AlexNet, AlexNet2012, AlexNetSingleColumn
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
from keras_resnets.models.unet import UNet, UNetSame, UNetSameBN
from keras_resnets.models.vgg import VGG11, VGG11BN, VGG13, VGG13BN, VGG16, VGG16BN, VGG19, VGG19BN
from keras_resnets.models.xception import Xception
