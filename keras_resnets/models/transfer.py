"""Weights from one network to another of the same body: by name, with another head or other input channels."""

import math
import warnings

import numpy as np


def transfer(source, target, owner, classes):
    """Gives `target` the weights of `source` that have the same paths.

    classes: outputs of `source`'s head, or None where it has none. A weight of the head that has another number of
    outputs in `target` keeps its initialization, and a warning names it. The first kernel follows the input's
    channels (`adapt_channels`). What only `source` has, such as its head, is left.
    owner: for messages. Raises ValueError, before any change, for a weight that neither is found nor fits.
    """
    values = {weight.path: np.asarray(weight.numpy()) for weight in source.weights}
    wanted, fresh, faults = {}, [], []
    for weight in target.weights:
        value, shape = values.get(weight.path), tuple(weight.shape)
        if value is not None and value.shape == shape:
            wanted[weight.path] = value
        elif _is_head(weight, value, classes):
            fresh.append(weight.path)
        elif value is not None and value.ndim == 4 and value.shape[:2] + value.shape[3:] == shape[:2] + shape[3:]:
            wanted[weight.path] = adapt_channels(value, shape[2])
        else:
            faults.append(f"{weight.path} {shape}, found {'nothing' if value is None else value.shape}")
    if faults:
        raise ValueError(f"{owner}: `weights` are of another network: " + "; ".join(faults[:5]))
    for weight in target.weights:
        if weight.path in wanted:
            weight.assign(wanted[weight.path])
    if fresh:
        had = "have no head" if classes is None else f"are for {classes} classes"
        warnings.warn(
            f"{owner}: `weights` {had}, so these start from their initialization: {', '.join(fresh)}.", stacklevel=4
        )


def _is_head(weight, value, classes):
    """Whether a weight that does not fit belongs to a head: it ends in the classes, or the source has no head."""
    if value is None:
        return classes is None and weight.path.startswith("predictions")
    return classes is not None and value.shape[-1] == classes and value.shape[:-1] == tuple(weight.shape)[:-1]


def adapt_channels(kernel, channels):
    """A first `kernel` (height, width, 3, filters) for images of 1, 2, 4 or more `channels`.

    One channel gets the sum over the three: gray images give what they gave as three equal ones. More are the three
    over and over, times 3 / channels. (timm's `adapt_input_conv`.)
    """
    old = kernel.shape[2]
    if channels == old:
        return kernel
    if channels == 1:
        return kernel.sum(axis=2, keepdims=True)
    repeated = np.tile(kernel, (1, 1, math.ceil(channels / old), 1))[:, :, :channels]
    return (repeated * (old / channels)).astype(kernel.dtype)
