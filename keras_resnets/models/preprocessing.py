"""From pixels to what a network was trained on, and from its answer to names."""

from functools import cache
from importlib import resources

import keras
import numpy as np

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
CAFFE_MEAN = (103.939, 116.779, 123.68)
"""Of blue, green, red, in pixel units (keras.applications.imagenet_utils)."""
MODES = ("torch", "tf", "caffe", "none")


def normalized(images, mean, deviation):
    """(images - mean) / deviation as a `Rescaling` layer named `normalization`.

    images: Keras tensor of pixels 0..255, (batch, height, width, channels).
    mean, deviation: in pixel units; numbers, (channels,) or (height, width, channels). Deviations must be positive.
    Pass the result to a constructor as `input_tensor`.
    """
    mean, deviation = np.asarray(mean, "float64"), np.asarray(deviation, "float64")
    if not (deviation > 0).all():
        raise ValueError(
            f"normalized: `deviation` must be positive, got {deviation.min()} at least. "
            "A constant channel has none: use 1 there."
        )
    scale = 1 / deviation
    return keras.layers.Rescaling(scale.tolist(), (-mean * scale).tolist(), name="normalization")(images)


def preprocess_input(images, mode="torch"):
    """Pixels 0..255, red first, (..., height, width, 3), as a network of `mode` takes them; the array stays as it was.

    mode: "torch": (x / 255 - mean) / deviation of ImageNet; "tf": x / 127.5 - 1; "caffe": blue first, minus the mean,
        no scaling; "none": x. Or a name of the catalogue ("resnet50_v1_keras", "MobileNetV2"): the mode that its
        released weights were trained with (`preprocessing_mode`).
    Returns an array or tensor of floats of the same shape. Raises ValueError for another mode or other channels.
    """
    mode = mode if mode in MODES else preprocessing_mode(mode)
    floating = keras.backend.standardize_dtype(images.dtype).startswith(("float", "bfloat"))
    symbolic = keras.ops.is_tensor(images) or keras.utils.is_keras_tensor(images)
    if mode != "none" and images.shape[-1] != 3:
        raise ValueError(f"preprocess_input: mode {mode!r} needs three channels, got shape {tuple(images.shape)}.")
    if symbolic:
        x = images if floating else keras.ops.cast(images, "float32")
    else:
        x = images if floating else np.asarray(images, "float32")
    if mode == "torch":
        mean, deviation = (255 * np.array(v, x.dtype if not symbolic else "float32") for v in STATISTICS)
        return (x - mean) / deviation
    if mode == "tf":
        return x / 127.5 - 1
    if mode == "caffe":
        return x[..., ::-1] - np.array(CAFFE_MEAN, "float32")
    return x


STATISTICS = (IMAGENET_MEAN, IMAGENET_DEVIATION)


def preprocessing_mode(name, weights="imagenet"):
    """The mode of the weights that `name`, a constructor or key of the catalogue, takes under the tag `weights`.

    Where nobody published any, the variant's own `preprocessing`, else "torch".
    """
    from keras_resnets.models.catalogue import constructor, key_of
    from keras_resnets.models.weights import choose, pretrained

    variant = constructor(name).variant
    if (key := key_of(variant)) in pretrained():
        return choose(key, weights, "preprocessing_mode").preprocessing
    return getattr(variant, "preprocessing", "torch")


@cache
def imagenet_classes():
    """The 1000 names of ImageNet's classes in the order that all networks use; from torchvision, BSD-3-Clause."""
    text = resources.files(__package__).joinpath("imagenet_classes.txt").read_text("utf-8")
    return tuple(text.splitlines())


def decode_predictions(predictions, top=5):
    """For each row of `predictions`, (batch, 1000), its `top` classes as (index, name, value), the best first.

    Raises ValueError for another number of classes: they would not be ImageNet's.
    """
    predictions, names = np.asarray(predictions), imagenet_classes()
    if predictions.ndim != 2 or predictions.shape[1] != len(names):
        raise ValueError(
            f"decode_predictions: `predictions` must be (batch, {len(names)}), got {predictions.shape}. "
            "Names of other classes are those of your data."
        )
    order = np.argsort(-predictions, axis=1, kind="stable")[:, :top]
    return [
        [(int(index), names[index], float(row[index])) for index in best]
        for row, best in zip(predictions, order, strict=True)
    ]
