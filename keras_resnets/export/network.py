"""The network that an artifact holds: the graph alone, in float32, and its Keras file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_resnets.models.resolution import at_resolution


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A model file, ready to run."""

    input_shape: tuple[int, int, int]
    """Height, width, px, and channels of an image."""
    run: Any
    """float32 pixels (n, height, width, channels), 0 to 255, to {"logits" or "probabilities": (n, classes)}."""
    resized: Callable
    """(height, width) in px to the same model, `Opened` for images of that size; ValueError where it takes no other."""


def plain_network(model):
    """`model` without its training: a functional model of Keras' own class on the same layers.

    Raises ValueError if `model` is no functional model with one input (batch, height, width, channels) of known size
    and one output (batch, classes).
    """
    inputs, outputs = getattr(model, "inputs", None) or [], getattr(model, "outputs", None) or []
    if len(inputs) != 1 or len(outputs) != 1:
        raise ValueError(
            f"export: `model` must be a functional keras.Model with one input and one output, got "
            f"{type(model).__name__} with {len(inputs)} and {len(outputs)}. Build it with keras.Model(inputs, outputs)."
        )
    if len(inputs[0].shape) != 4 or None in inputs[0].shape[1:]:
        raise ValueError(
            f"export: `model` must take images (batch, height, width, channels) of known size, got {inputs[0].shape}. "
            "Build it with `input_shape=(height, width, channels)`: a phone stretches every photo to 1x1 px otherwise."
        )
    if len(outputs[0].shape) != 2 or None in outputs[0].shape[1:]:
        raise ValueError(f"export: `model` must return logits (batch, classes), got {outputs[0].shape}.")
    return keras.Model(inputs[0], outputs[0], name=model.name)


def float32_network(network):
    """`network` itself if it computes in float32, else a twin that does.

    Mixed precision would become a TFLite file full of ops that a phone lacks. The twin is rebuilt from the config, for
    a model within a layer goes on casting to 16 bits whatever the policy of its layers.
    """
    if all(layer.compute_dtype == layer.variable_dtype == "float32" for layer in network._flatten_layers()):
        return network
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")  # for parts that a layer builds without passing its own policy on
    try:
        twin = keras.saving.deserialize_keras_object(_replace_dtypes(keras.saving.serialize_keras_object(network)))
    finally:
        keras.config.set_dtype_policy(policy)
    twin.set_weights(network.get_weights())
    return twin


def write_keras(network, path):
    """Writes `network` as a .keras file."""
    network.save(path)


def open_keras(path, threads=None):
    """A .keras file, `Opened`; TensorFlow chooses the threads."""
    return _opened(keras.saving.load_model(path, compile=False))


def _opened(network):
    return Opened(
        input_shape=tuple(network.input_shape[1:]),
        run=lambda images: {"logits": logits(network, images, batch_size=len(images))},
        resized=lambda height, width: _opened(at_resolution(network, height, width)),
    )


def logits(network, images, batch_size=64):
    """float32 (n, classes) that `network` returns in inference for `images` (n, height, width, channels), 0 to 255."""
    batches = (images[start : start + batch_size] for start in range(0, len(images), batch_size))
    outputs = [network(np.asarray(batch, "float32"), training=False) for batch in batches]
    return np.concatenate([keras.ops.convert_to_numpy(keras.ops.cast(output, "float32")) for output in outputs])


def _replace_dtypes(config):
    """`config` in which every dtype or policy of 16 bits is float32."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return "float32"
        return {key: _replace_dtypes(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return [_replace_dtypes(value) for value in config]
    return "float32" if config in ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16") else config
