"""A pretrained network made ready to be trained further: a twin with its weights, and other layers in between."""

import keras
import numpy as np

from keras_resnets.layers import FrozenBatchNorm, ScaleShift, WSConv2D

SUFFIX = "_scale_shift"
"""What follows an operation's name in the name of the `ScaleShift` behind it."""


def adapted(network, frozen_statistics=True, scale_shift=False):
    """A twin of `network` with copies of its weights under the same paths, which computes the same.

    frozen_statistics: batch norms become `FrozenBatchNorm`s: their statistics stay in training, gamma and beta train.
    scale_shift: a `ScaleShift`, at first the identity, behind every convolution, dense layer and batch norm, but for
        the classifier and the gates of attention. It is called as what it follows, plus `SUFFIX`.

    The twin is for training: its blocks hold layers that their config doesn't tell of, so it can't be saved as a
    `.keras` file. `export.fuse_scale_shift` brings what it learned back into the network.
    Raises ValueError where there is nothing that a `ScaleShift` could follow and be merged into (ResNet18BCN).
    """

    def clone(layer):
        copy = _replaced(layer.__class__.from_config(layer.get_config()), frozen_statistics)
        for part in list(copy._flatten_layers()):
            if isinstance(part, keras.Sequential):
                _refill(part, frozen_statistics, scale_shift)
            elif frozen_statistics:
                _replace_attributes(part)
        return copy

    def call(layer, *args, **kwargs):
        y = layer(*args, **kwargs)
        follower = _follower(layer) if scale_shift else None
        return y if follower is None else follower(y)

    twin = keras.models.clone_model(network, clone_function=clone, call_function=call)
    values = {weight.path: weight for weight in network.weights}
    added = [weight.path for weight in twin.weights if weight.path not in values]
    if scale_shift and not added:
        raise ValueError(
            f"adapted: no operation of {network.name} can take up a `scale_shift`: it has neither batch norm nor plain "
            "convolutions. Train all weights, or the head."
        )
    for weight in twin.weights:
        if weight.path in values:
            weight.assign(np.asarray(values[weight.path].numpy()))
    return twin


def _refill(part, frozen_statistics, scale_shift):
    """Gives a Sequential that isn't built yet its layers anew, replaced and followed as asked."""
    layers = list(part.layers)
    for _ in layers:
        part.pop(rebuild=False)  # by default it fails on the last one
    for layer in layers:
        part.add(_replaced(layer, frozen_statistics))
        follower = _follower(layer) if scale_shift else None
        if follower is not None:
            part.add(follower)


def _replaced(layer, frozen_statistics):
    if frozen_statistics and isinstance(layer, keras.layers.BatchNormalization):
        return FrozenBatchNorm.from_config(layer.get_config())
    return layer


def _replace_attributes(part):
    """Batch norms that a layer holds by name, as `BatchChannelNorm` does."""
    for name, layer in list(vars(part).items()):
        if isinstance(layer, keras.layers.BatchNormalization):
            setattr(part, name, _replaced(layer, True))


def _follower(layer):
    """The `ScaleShift` behind `layer`; None where it could not be merged into it, or where it is the classifier."""
    if layer.name == "predictions":
        return None
    linear = keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense
    if isinstance(layer, keras.layers.BatchNormalization):
        mergeable, center = layer.scale, layer.center
    elif isinstance(layer, WSConv2D):
        mergeable, center = layer.standardization != "unbiased", layer.use_bias
    elif isinstance(layer, linear):
        mergeable, center = layer.activation is keras.activations.linear, layer.use_bias
    else:
        return None
    return ScaleShift(center, name=layer.name + SUFFIX, dtype=layer.dtype_policy) if mergeable else None
