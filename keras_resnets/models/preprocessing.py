"""Normalization as a layer of the model, so that a saved file takes pixels and nobody retypes a mean."""

import keras
import numpy as np


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
