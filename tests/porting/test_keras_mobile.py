"""The same random weights in keras.applications' network and in ours give the same features and logits."""

import keras
import numpy as np
import pytest

from keras_resnets import models
from keras_resnets.porting.keras_mobile import IGNORE, arrays_of, numbered_from_zero, pairs
from keras_resnets.porting.rename import collect, fill

CLASSES = 7


def randomized(model, images):
    """`model` with random gains and biases and with the statistics of `images`, disturbed, so that no swap can hide.

    With statistics that fit no data, the signal of Keras' small initial depthwise kernels dies on the way, and all
    networks agree; or it explodes, and rounding errors with it. So nothing is dropped while they are measured.
    """
    generator = np.random.default_rng(1)
    ranges = {"gamma": (0.5, 1.5), "beta": (-0.5, 0.5), "bias": (-0.5, 0.5)}
    for weight in model.weights:
        kind = weight.path.split("/")[-1]
        if kind in ranges:
            weight.assign(generator.uniform(*ranges[kind], weight.shape))
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    drops = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    kept = [(norm, "momentum", norm.momentum) for norm in norms] + [(drop, "rate", drop.rate) for drop in drops]
    for layer, name, _ in kept:
        setattr(layer, name, 0.0)
    model(images, training=True)
    for layer, name, value in kept:
        setattr(layer, name, value)
    for norm in norms:
        variance = norm.moving_variance.numpy()
        norm.moving_variance.assign(variance * generator.uniform(0.8, 1.25, variance.shape))
    return model


def twins(create, reference, images, options, theirs):
    """Ours and Keras' network with the same weights; both give (last feature map, logits) of normalized images."""
    shared = {"weights": None, "input_shape": images.shape[1:], "classes": CLASSES, "classifier_activation": None}
    reference = reference(**shared, **theirs)
    probe = randomized(probed(reference), images)
    ours = create(**shared, **options)
    fill(ours, arrays_of(reference), pairs(ours), IGNORE)
    return probed(ours), probe


def probed(model):
    """`model` from normalized images to its last feature map and logits.

    It starts behind the input layers of Keras' EfficientNet, for B1 would multiply their rounding by 10^4.
    """
    layers = {layer.name: layer for layer in model.layers}
    start = layers["stem_conv_pad"].input if "stem_conv_pad" in layers else model.input
    maps = [layer.output for layer in model.layers if len(layer.output.shape) == 4 and layer.output.shape[1] != 1]
    return keras.Model(start, [maps[-1], model.output])


def differences(ours, reference, images):
    """The largest relative difference of the last feature map, and of the logits."""
    results = []
    for got, expected in zip(ours(images), reference(images), strict=True):
        got, expected = got.numpy(), expected.numpy()
        assert got.shape == expected.shape
        spread = expected.std(axis=0).mean()
        assert spread > 1e-2 * np.abs(expected).max(), "all images give the same answer: nothing is compared"
        results.append(np.abs(got - expected).max() / np.abs(expected).max())
    return results


V3 = {"include_preprocessing": False}

FAST = {
    "Xception": ("Xception", (71, 71, 3), {}, {}),
    "MobileNet": ("MobileNet", (65, 64, 3), {}, {}),
    "MobileNetV2 where its rounding differs": ("MobileNetV2", (75, 65, 3), {"alpha": 0.56}, {"alpha": 0.56}),
    "MobileNetV3Small, odd": ("MobileNetV3Small", (75, 65, 3), {"alpha": 0.75}, V3 | {"alpha": 0.75}),
    "MobileNetV3Small, minimalistic": (
        "MobileNetV3Small",
        (65, 64, 3),
        {"minimalistic": True},
        V3 | {"minimalistic": True},
    ),
    "EfficientNetB0": ("EfficientNetB0", (75, 64, 3), {}, {}),
}

SLOW = {
    "MobileNetV3Large": ("MobileNetV3Large", (65, 64, 3), {}, V3),
    "MobileNetV3Small": ("MobileNetV3Small", (64, 96, 3), {}, V3),
    "MobileNetV2 wider": ("MobileNetV2", (51, 64, 3), {"alpha": 1.3}, {"alpha": 1.3}),
    "MobileNetV2": ("MobileNetV2", (64, 64, 3), {}, {}),
    "MobileNet at half the width": ("MobileNet", (64, 51, 3), {"alpha": 0.5}, {"alpha": 0.5}),
    "Xception at an even size": ("Xception", (96, 80, 3), {}, {}),
    "MobileNet, all odd": ("MobileNet", (75, 85, 3), {}, {}),
    "MobileNetV2, odd": ("MobileNetV2", (75, 51, 3), {}, {}),
    "MobileNetV3Small wider": ("MobileNetV3Small", (64, 64, 3), {"alpha": 1.25}, V3 | {"alpha": 1.25}),
    "MobileNetV3Large, even": ("MobileNetV3Large", (64, 64, 3), {}, V3),
    "MobileNetV3Large, minimalistic": (
        "MobileNetV3Large",
        (64, 75, 3),
        {"minimalistic": True},
        V3 | {"minimalistic": True},
    ),
    "MobileNetV3Large, minimalistic, even": (
        "MobileNetV3Large",
        (64, 64, 3),
        {"minimalistic": True},
        V3 | {"minimalistic": True},
    ),
    "MobileNetV3Small, minimalistic, even": (
        "MobileNetV3Small",
        (64, 64, 3),
        {"minimalistic": True},
        V3 | {"minimalistic": True},
    ),
    **{
        f"EfficientNetB{number} at {size}": (f"EfficientNetB{number}", (size, size, 3), {}, {})
        for number in range(8)
        for size in (64, 75)
    },
}


def compare(row):
    name, shape, options, theirs = row
    images = np.random.default_rng(2).normal(size=(4, *shape)).astype("float32")
    reference = getattr(keras.applications, name)
    ours, reference = twins(getattr(models, name), reference, images, options, theirs)
    features, logits = differences(ours, reference, images)
    print(f"{name} {shape}: logits {logits:.1e}, features {features:.1e}")
    assert logits < 1e-4 and features < 1e-4


@pytest.mark.parametrize("case", FAST)
def test_it_answers_as_keras_does(case):
    compare(FAST[case])


@pytest.mark.slow
@pytest.mark.parametrize("case", SLOW)
def test_it_answers_as_keras_does_at_every_size(case):
    compare(SLOW[case])


def test_names_go_back_to_keras():
    ours = models.MobileNetV3Small(input_shape=(32, 32, 3), classes=CLASSES, alpha=0.35)
    reference = keras.applications.MobileNetV3Small(
        input_shape=(32, 32, 3), classes=CLASSES, alpha=0.35, weights=None, include_preprocessing=False
    )
    arrays = collect(ours, pairs(ours))
    assert {name: array.shape for name, array in arrays.items()} == {
        name: array.shape for name, array in arrays_of(reference).items()
    }


def test_automatic_names_count_from_zero_in_their_order():
    names = ["conv2d_9/kernel", "conv2d_10/kernel", "batch_normalization_4/gamma", "conv2d_9/bias", "conv1/kernel"]
    assert list(numbered_from_zero(dict.fromkeys(names))) == [
        *("conv2d/kernel", "conv2d_1/kernel", "batch_normalization/gamma", "conv2d/bias", "conv1/kernel")
    ]


def test_another_network_is_refused():
    with pytest.raises(ValueError, match=r"keras_mobile\.pairs: `model` must be an Xception, MobileNet or Efficient"):
        pairs(models.ResNet20(input_shape=(8, 8, 3)))
