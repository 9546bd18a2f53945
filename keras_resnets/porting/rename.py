"""Weights from elsewhere: a table of names that fills every weight exactly once, or nothing, and goes both ways."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Layout:
    """How an array's axes are ordered elsewhere: `to_keras` and `from_keras` undo each other."""

    to_keras: Callable
    from_keras: Callable


AS_IS = Layout(lambda a: a, lambda a: a)
CONV_OIHW = Layout(lambda a: np.transpose(a, (2, 3, 1, 0)), lambda a: np.transpose(a, (3, 2, 0, 1)))
"""PyTorch's convolution (out, in / groups, height, width)."""
DEPTHWISE_OIHW = Layout(lambda a: np.transpose(a, (2, 3, 0, 1)), lambda a: np.transpose(a, (2, 3, 0, 1)))
"""PyTorch's depthwise convolution (channels, 1, height, width) to (height, width, channels, 1)."""
DENSE_OI = Layout(lambda a: np.transpose(a, (1, 0)), lambda a: np.transpose(a, (1, 0)))
"""PyTorch's linear layer (out, in)."""
DENSE_AS_CONV = Layout(lambda a: a[None, None], lambda a: a[0, 0])
"""A dense kernel (in, out) that is a 1x1 convolution here."""
GAIN_OIHW = Layout(lambda a: np.reshape(a, -1), lambda a: np.reshape(a, (-1, 1, 1, 1)))
"""timm's gain (out, 1, 1, 1)."""
CHANNELS_NHWC = Layout(lambda a: np.reshape(a, -1), lambda a: np.reshape(a, (1, 1, 1, -1)))
"""Haiku's batch norm (1, 1, 1, channels)."""


def dense_after_flatten(channels, height, width):
    """PyTorch's linear layer after flattening (channels, height, width); Keras flattens (height, width, channels)."""

    def to_keras(array):
        return np.transpose(np.reshape(array, (-1, channels, height, width)), (2, 3, 1, 0)).reshape(-1, len(array))

    def from_keras(array):
        return np.transpose(np.reshape(array, (height, width, channels, -1)), (3, 2, 0, 1)).reshape(array.shape[1], -1)

    return Layout(to_keras, from_keras)


@dataclass(frozen=True)
class Pair:
    """The array `source` elsewhere is the weight at `path` here."""

    source: str
    path: str
    layout: Layout = AS_IS


def fill(model, arrays, pairs, ignore=None):
    """Sets every weight of `model` from `arrays`, {source name: array}, as `pairs` say.

    ignore: regular expression of source names that are left out on purpose.
    Raises ValueError that lists every array without a pair, every weight left or filled twice, and every shape that
    differs; then no weight has changed.
    """
    weights = {weight.path: weight for weight in model.weights}
    by_source = {pair.source: pair for pair in pairs}
    values, sources, faults = {}, {}, []
    for name, array in arrays.items():
        pair = by_source.get(name)
        if pair is None:
            if not (ignore and re.fullmatch(ignore, name)):
                faults.append(f"extra: {name} {np.shape(array)} has no place in the model")
        elif pair.path not in weights:
            faults.append(f"extra: {name} {np.shape(array)} would fill {pair.path}, which the model does not have")
        elif pair.path in sources:
            faults.append(f"twice: {name} and {sources[pair.path]} both fill {pair.path}")
        else:
            sources[pair.path], wanted = name, tuple(weights[pair.path].shape)
            value = _laid_out(array, pair.layout)
            if value is None or value.shape != wanted:
                got = np.shape(array) if value is None else value.shape
                faults.append(f"shape: {name} gives {got}, {pair.path} needs {wanted}")
            values[pair.path] = value
    faults += [f"missing: {path} {tuple(weights[path].shape)}" for path in weights if path not in sources]
    if faults:
        raise ValueError(
            f"The arrays do not fit {model.name}: {len(faults)} faults, nothing was changed.\n  " + "\n  ".join(faults)
        )
    for path, value in values.items():
        weights[path].assign(value)


def collect(model, pairs):
    """{source name: array} of all weights of `model`, as `fill` takes them; KeyError for a weight without a pair."""
    by_path = {pair.path: pair for pair in pairs}
    return {
        by_path[weight.path].source: by_path[weight.path].layout.from_keras(np.asarray(weight.numpy()))
        for weight in model.weights
    }


def batch_norm(source, path, names=("weight", "bias", "running_mean", "running_var"), layout=AS_IS):
    """The four pairs of a batch norm; `names` in Keras' order gamma, beta, moving_mean, moving_variance."""
    ours = ("gamma", "beta", "moving_mean", "moving_variance")
    return [Pair(f"{source}.{old}", f"{path}/{new}", layout) for old, new in zip(names, ours, strict=True)]


def _laid_out(array, layout):
    """`array` in Keras' order of axes; None where it has another number of axes than the layout."""
    try:
        return np.asarray(layout.to_keras(np.asarray(array)))
    except (ValueError, IndexError):
        return None
