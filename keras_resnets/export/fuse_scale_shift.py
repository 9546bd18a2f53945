"""Scales and shifts merged into the operations they follow, so that a phone never sees them."""

import numpy as np

from keras_resnets.models.adaptation import SUFFIX


def fuse_scale_shift(twin, network):
    """Gives `network` the weights of `twin`, an `adapted` one of it, with every `ScaleShift` merged.

    With scale s and shift t behind W x + b: W' = s W, b' = s b + t, by output channel; behind batch norm gamma' =
    s gamma, beta' = s beta + t; a convolution with weight standardization takes s in its gain. `network` then
    computes what `twin` does in inference, by the operations and the number of parameters it had.
    Raises ValueError, before any change, where the two are not of one network.
    Source: Lian et al. 2022, arXiv:2210.08823, equation 3.
    """
    values = {weight.path: np.asarray(weight.numpy()) for weight in twin.weights}
    scales = [path for path in values if path.endswith(f"{SUFFIX}/scale")]
    for path in scales:
        owner, scale = path.removesuffix(f"{SUFFIX}/scale"), values.pop(path).astype("float64")
        shift = values.pop(f"{owner}{SUFFIX}/shift", None)
        factor = next(name for name in ("gain", "gamma", "kernel") if f"{owner}/{name}" in values)
        values[f"{owner}/{factor}"] = _scaled(values[f"{owner}/{factor}"], scale)
        offset = next((name for name in ("bias", "beta") if f"{owner}/{name}" in values), None)
        if offset:
            moved = values[f"{owner}/{offset}"] * scale + (0 if shift is None else shift)
            values[f"{owner}/{offset}"] = moved
    if different := sorted({weight.path for weight in network.weights} ^ set(values)):
        raise ValueError(
            f"fuse_scale_shift: `twin` must be `adapted` of `network`, {len(different)} weights differ, "
            f"first {different[0]}."
        )
    for weight in network.weights:
        weight.assign(values[weight.path].astype(weight.dtype))


def _scaled(factor, scale):
    """`factor` times the scale of its output channels: the last axis, or of a depthwise kernel the last two."""
    return factor * (scale if factor.shape[-1] == len(scale) else scale.reshape(factor.shape[-2:]))
