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
    networks agree.
    """
    generator = np.random.default_rng(1)
    ranges = {"gamma": (0.5, 1.5), "beta": (-0.5, 0.5), "bias": (-0.5, 0.5)}
    for weight in model.weights:
        kind = weight.path.split("/")[-1]
        if kind in ranges:
            weight.assign(generator.uniform(*ranges[kind], weight.shape))
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    model(images, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        variance = norm.moving_variance.numpy()
        norm.moving_variance.assign(variance * generator.uniform(0.7, 1.4, variance.shape))
    return model


def twins(create, reference, images, options, theirs, prepared):
    """Ours and Keras' network with the same weights; both give logits."""
    shape = images.shape[1:]
    shared = {"weights": None, "input_shape": shape, "classes": CLASSES, "classifier_activation": None}
    reference = randomized(reference(**shared, **theirs), prepared(images))
    ours = create(**shared, **options)
    fill(ours, arrays_of(reference), pairs(ours), IGNORE)
    return ours, reference


def differences(ours, reference, images, prepared):
    """Largest relative differences of the logits and of the last feature map; `prepared` undoes Keras' input layers."""
    results = []
    for layer in (None, features_of(reference)):
        theirs = reference if layer is None else keras.Model(reference.input, layer.output)
        mine = ours if layer is None else keras.Model(ours.input, features_of(ours).output)
        expected = theirs(prepared(images)).numpy()
        got = mine(images).numpy()
        assert got.shape == expected.shape
        spread = expected.std(axis=0).mean()
        assert spread > 1e-2 * np.abs(expected).max(), "all images give the same answer: nothing is compared"
        results.append(np.abs(got - expected).max() / np.abs(expected).max())
    return results


def features_of(model):
    """The last layer that has a map."""
    return [layer for layer in model.layers if len(layer.output.shape) == 4 and layer.output.shape[1] != 1][-1]


def same(images):
    return images


def efficientnet_pixels(images):
    """Keras' EfficientNet divides by 255 and, without ImageNet weights, subtracts 0 and divides by 1."""
    return images * 255


V3 = {"include_preprocessing": False}

FAST = {
    "Xception": ("Xception", (71, 71, 3), {}, {}, same),
    "MobileNet": ("MobileNet", (65, 64, 3), {}, {}, same),
    "MobileNetV2 where its rounding differs": ("MobileNetV2", (75, 65, 3), {"alpha": 0.56}, {"alpha": 0.56}, same),
    "MobileNetV3Small, odd": ("MobileNetV3Small", (75, 65, 3), {"alpha": 0.75}, V3 | {"alpha": 0.75}, same),
    "MobileNetV3Small, minimalistic": (
        "MobileNetV3Small",
        (65, 64, 3),
        {"minimalistic": True},
        V3 | {"minimalistic": True},
        same,
    ),
    "EfficientNetB0": ("EfficientNetB0", (75, 64, 3), {}, {}, efficientnet_pixels),
}

SLOW = {
    "MobileNetV3Large": ("MobileNetV3Large", (65, 64, 3), {}, V3, same),
    "MobileNetV3Small": ("MobileNetV3Small", (64, 96, 3), {}, V3, same),
    "MobileNetV2 wider": ("MobileNetV2", (51, 64, 3), {"alpha": 1.3}, {"alpha": 1.3}, same),
    "MobileNetV2": ("MobileNetV2", (64, 64, 3), {}, {}, same),
    "MobileNet at half the width": ("MobileNet", (64, 51, 3), {"alpha": 0.5}, {"alpha": 0.5}, same),
    "Xception at an even size": ("Xception", (96, 80, 3), {}, {}, same),
    "MobileNet, all odd": ("MobileNet", (51, 75, 3), {}, {}, same),
    "MobileNetV2, odd": ("MobileNetV2", (75, 51, 3), {}, {}, same),
    "MobileNetV3Small wider": ("MobileNetV3Small", (64, 64, 3), {"alpha": 1.25}, V3 | {"alpha": 1.25}, same),
    "MobileNetV3Large, even": ("MobileNetV3Large", (64, 64, 3), {}, V3, same),
    "MobileNetV3Large, minimalistic": (
        "MobileNetV3Large",
        (64, 75, 3),
        {"minimalistic": True},
        V3 | {"minimalistic": True},
        same,
    ),
    "MobileNetV3Large, minimalistic, even": (
        "MobileNetV3Large",
        (64, 64, 3),
        {"minimalistic": True},
        V3 | {"minimalistic": True},
        same,
    ),
    "MobileNetV3Small, minimalistic, even": (
        "MobileNetV3Small",
        (64, 64, 3),
        {"minimalistic": True},
        V3 | {"minimalistic": True},
        same,
    ),
    **{
        f"EfficientNetB{number} at {size}": (f"EfficientNetB{number}", (size, size, 3), {}, {}, efficientnet_pixels)
        for number in range(8)
        for size in (64, 75)
    },
}


def compare(row):
    name, shape, options, theirs, prepared = row
    images = np.random.default_rng(2).normal(size=(4, *shape)).astype("float32")
    reference = getattr(keras.applications, name)
    ours, reference = twins(getattr(models, name), reference, images, options, theirs, prepared)
    logits, features = differences(ours, reference, images, prepared)
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
