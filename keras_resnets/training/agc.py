"""Adaptive gradient clipping: no unit's step may be large beside its weights. Arithmetic only, on any backend."""

import keras
from keras import ops


def unit_axes(shape, depthwise=False):
    """Axes over which a weight of `shape` is one unit's.

    Kernels (height, width, in / groups, out) have a unit an output channel, depthwise kernels (height, width,
    channels, multiplier) a unit an output channel too, kernels (in, out) a unit a column. What has at most one axis
    longer than 1 (scalars, biases, gains) is one unit. ValueError for more than four axes.
    """
    if sum(size > 1 for size in shape) <= 1:
        return tuple(range(len(shape)))
    if len(shape) in (2, 3):
        return (0,)
    if len(shape) == 4:
        return (0, 1) if depthwise else (0, 1, 2)
    raise ValueError(f"unit_axes: weights have at most 4 axes, got shape {tuple(shape)}. Exempt it from clipping.")


def unit_norms(x, depthwise=False):
    """L2 norm of each unit of `x`, shaped to broadcast with it."""
    return ops.sqrt(ops.sum(ops.square(x), axis=unit_axes(x.shape, depthwise), keepdims=True))


def clip_factors(gradient, weight, clipping, epsilon=1e-3, depthwise=False):
    """(factor a unit, norm a unit): the gradient times its factors has no norm above `clipping` times its weight's.

    clipping: lambda, positive; Brock et al. use 0.01 at batch 1024 to 4096. epsilon: smallest weight norm assumed, so
    that zero weights can move. Factors are in (0, 1], and exactly 1 where nothing is clipped. Shapes: those of
    `unit_norms`, so that nothing of the weight's size is made but the product itself.
    Source: Brock et al. 2021, arXiv:2102.06171, equation 3; the released code's order of min and max.
    """
    norm = unit_norms(gradient, depthwise)
    limit = clipping * ops.maximum(unit_norms(weight, depthwise), epsilon)
    return ops.where(norm > limit, limit / ops.maximum(norm, 1e-6), 1.0), norm


def depthwise_kernels(model):
    """Paths of the depthwise kernels of `model`: their shapes alone don't tell them from other kernels."""
    kinds = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
    separable = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)
    paths = set()
    for layer in model._flatten_layers():
        if isinstance(layer, kinds):
            paths.add(layer.kernel.path)
        elif isinstance(layer, separable):
            paths.add(layer.depthwise_kernel.path)
    return paths
