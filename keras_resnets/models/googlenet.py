"""GoogLeNet (Inception v1): Szegedy et al. 2014, with the auxiliary classifiers that train it and then vanish.

With `auxiliary=True` the model has three named outputs, `predictions`, `auxiliary1` and `auxiliary2`, so that Keras'
own losses and weights train it on every backend:

    model = GoogLeNet(auxiliary=True, classifier_activation=None)
    model.compile("adam", losses_of(keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
                  loss_weights=LOSS_WEIGHTS)
    model.fit(dataset.map(with_auxiliary_labels))
    model = without_auxiliary(model)
"""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import keras

from keras_resnets.layers import InceptionBlock, LocalResponseNormalization, StemPool
from keras_resnets.layers.conventions import INITIALIZERS, Conventions
from keras_resnets.layers.inception_block import rectified
from keras_resnets.models._application import application, classifier

CAFFE = Conventions(use_bias=True, bias=0.2, initializer="caffe_xavier")
BATCH_NORM = Conventions(epsilon=1e-3, initializer="normal_0.01")
"""torchvision's: its normal distribution, truncated at +-2, is as good as whole at a deviation of 0.01."""

LOSS_WEIGHTS = {"predictions": 1.0, "auxiliary1": 0.3, "auxiliary2": 0.3}
"""For `compile(loss_weights=...)` (the paper's section 5)."""

RESPONSE_NORM = {"size": 5, "alpha": 1e-4 / 5, "beta": 0.75, "k": 1.0}
"""bvlc_googlenet's; the paper draws its layers and gives no numbers."""

INCEPTIONS = {
    3: ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
    4: (
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
    ),
    5: ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
}
"""The paper's table 1: filters of `InceptionBlock` by stage; 3a is stage3_block1, 4e stage4_block5."""

TAPS = {"auxiliary1": "stage4_block1", "auxiliary2": "stage4_block4"}
"""The blocks that the auxiliary classifiers look at: 4a and 4d."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """GoogLeNet: a stem and nine inception modules; two more classifiers in training (arXiv:1409.4842)."""

    auxiliary: bool = True
    """Whether the model has the auxiliary classifiers: then its output is a dictionary of three."""
    batch_norm: bool = False
    """After each convolution."""
    response_norm: bool = True
    """Local response normalization after the first pooling and before the second."""
    large: Literal[3, 5] = 5
    """px of the "5x5" kernels; torchvision's are 3."""
    last_pool: Literal[2, 3] = 3
    """px of the pooling before stage 5; torchvision's is 2."""
    auxiliary_pool: Literal["strided", "adaptive"] = "strided"
    """Before an auxiliary classifier: 5x5 windows every 3 px, or any size to 4x4 (torchvision): equal for 14x14 maps
    only in shape."""
    dropout_rate: float = 0.4
    """Before `predictions`, in [0, 1); torchvision has 0.2."""
    auxiliary_dropout: float = 0.7
    """Before an auxiliary classifier's last layer, in [0, 1)."""
    hidden: int = 1024
    """Units of an auxiliary classifier's dense layer."""
    conventions: Conventions = CAFFE
    classes: int = 1000
    resolution: int = 224
    """px of the images it was made for."""
    parameters: int
    """Trainable, with `classes` classes; a test counts."""
    reference: str = "Szegedy et al. 2014, arXiv:1409.4842; bvlc_googlenet of Caffe"

    @property
    def smallest(self):
        """px of the smallest side it takes: a strided auxiliary pooling needs a map of 5 px, the last 3x3 one 2 px."""
        if self.auxiliary and self.auxiliary_pool == "strided":
            return 79
        return 15 if self.last_pool == 2 else 31

    @property
    def classifier_initializer(self):
        return INITIALIZERS[self.conventions.initializer]()

    def __post_init__(self):
        for field, allowed in (("large", (3, 5)), ("last_pool", (2, 3)), ("auxiliary_pool", ("strided", "adaptive"))):
            if getattr(self, field) not in allowed:
                raise ValueError(
                    f"Variant: `{field}` must be {allowed[0]!r} or {allowed[1]!r}, got {getattr(self, field)!r}."
                )


def body(variant, x):
    """(batch, height, width, channels) to the last feature map, (batch, height / 32, width / 32, 1024)."""
    x = _rectified(variant, x, 64, 7, 2, number=1)
    x = StemPool("ceil", name="stem_pool1")(x)
    if variant.response_norm:
        x = LocalResponseNormalization(**RESPONSE_NORM, name="stem_norm1")(x)
    x = _rectified(variant, x, 64, 1, number=2)
    x = _rectified(variant, x, 192, 3, number=3)
    if variant.response_norm:
        x = LocalResponseNormalization(**RESPONSE_NORM, name="stem_norm2")(x)
    x = StemPool("ceil", name="stem_pool2")(x)
    for stage, inceptions in INCEPTIONS.items():
        if stage == 5 and variant.last_pool == 2:
            x = keras.layers.MaxPooling2D(2, padding="same", name="stage5_pool")(x)
        elif stage > 3:
            x = StemPool("ceil", name=f"stage{stage}_pool")(x)
        for number, filters in enumerate(inceptions, 1):
            x = InceptionBlock(
                filters,
                large=variant.large,
                batch_norm=variant.batch_norm,
                conventions=variant.conventions,
                name=f"stage{stage}_block{number}",
            )(x)
    return x


def head(variant, x, classes, activation):
    """`predictions`, or with the auxiliary classifiers a dictionary of all three answers."""
    answer = classifier(variant, x, classes, activation)
    if not variant.auxiliary:
        return answer
    network = keras.Model(keras.utils.get_source_inputs(x), x)
    return {"predictions": answer} | {
        name: _auxiliary(variant, network.get_layer(block).output, classes, activation, name)
        for name, block in TAPS.items()
    }


def _auxiliary(variant, x, classes, activation, name):
    """Average pooling, conv 1x1, two dense layers (the paper's section 5)."""
    if variant.auxiliary_pool == "adaptive":
        x = keras.layers.AdaptiveAveragePooling2D(4, name=f"{name}_pool")(x)
    else:
        x = keras.layers.AveragePooling2D(5, 3, name=f"{name}_pool")(x)
    x = _rectified(variant, x, 128, 1, number=1, prefix=f"{name}_")
    x = keras.layers.Flatten(name=f"{name}_flatten")(x)
    initializer = INITIALIZERS[variant.conventions.initializer]
    x = keras.layers.Dense(
        variant.hidden,
        kernel_initializer=initializer(),
        bias_initializer=keras.initializers.Constant(variant.conventions.bias),
        name=f"{name}_dense",
    )(x)
    x = keras.layers.ReLU(name=f"{name}_dense_relu")(x)
    x = keras.layers.Dropout(variant.auxiliary_dropout, name=f"{name}_dropout")(x)
    return keras.layers.Dense(
        classes, activation=activation, kernel_initializer=initializer(), dtype="float32", name=name
    )(x)


def _rectified(variant, x, filters, size, strides=1, *, number, prefix="stem_"):
    for layer in rectified(
        variant.conventions, filters, size, strides, number=number, batch_norm=variant.batch_norm, prefix=prefix
    ):
        x = layer(x)
    return x


def losses_of(loss):
    """{output: loss} for `compile`: the same loss, of the same labels, for all three answers."""
    return dict.fromkeys(LOSS_WEIGHTS, loss)


def with_auxiliary_labels(images, labels, *weights):
    """(images, {output: labels}), for `dataset.map`; sample weights follow in the same way."""
    repeated = (dict.fromkeys(LOSS_WEIGHTS, each) for each in (labels, *weights))
    return (images, *repeated)


def without_auxiliary(model, name=None):
    """The network for inference: `predictions` alone, with the same layers and weights as `model`.

    Raises ValueError for a model without the auxiliary classifiers.
    """
    if not isinstance(model.output, dict) or "predictions" not in model.output:
        raise ValueError(
            f"without_auxiliary: `model` must have the outputs of auxiliary=True, but {model.name} gives one answer "
            "already. Use it as it is."
        )
    return keras.Model(model.input, model.output["predictions"], name=name or model.name)


_ORIGINAL = Variant(parameters=13_378_280)
_NORMALIZED = Variant(
    batch_norm=True,
    response_norm=False,
    conventions=BATCH_NORM,
    parameters=13_385_816,
    reference="Szegedy et al. 2014, arXiv:1409.4842, with the batch norm of Ioffe and Szegedy 2015, arXiv:1502.03167",
)
_TORCHVISION = dataclasses.replace(
    _NORMALIZED,
    large=3,
    last_pool=2,
    auxiliary_pool="adaptive",
    dropout_rate=0.2,
    parameters=13_004_888,
    reference="torchvision.models.googlenet",
)

VARIANTS = {
    "googlenet": _ORIGINAL,
    "googlenet_noaux": dataclasses.replace(_ORIGINAL, auxiliary=False, parameters=6_998_552),
    "googlenet_bn": _NORMALIZED,
    "googlenet_bn_noaux": dataclasses.replace(_NORMALIZED, auxiliary=False, parameters=7_005_832),
    "googlenet_torchvision": _TORCHVISION,
    "googlenet_torchvision_noaux": dataclasses.replace(_TORCHVISION, auxiliary=False, parameters=6_624_904),
}

GoogLeNet = application("GoogLeNet", VARIANTS["googlenet_noaux"], body, head)
GoogLeNetBN = application("GoogLeNetBN", VARIANTS["googlenet_bn_noaux"], body, head)
