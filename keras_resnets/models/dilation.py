"""`output_stride`: a network whose maps stop shrinking, at the same weights (DeepLab's backbones)."""

import keras

from keras_resnets.layers import ResidualBlock
from keras_resnets.layers.dilation import CONVOLUTIONS, POOLS, dilate, stride
from keras_resnets.layers.stem_pool import StemPool
from keras_resnets.layers.ws_conv2d import WSConv2D

STRIDES = (1, 2, 4, 8, 16, 32)
KINDS = (*CONVOLUTIONS, *POOLS, WSConv2D, keras.layers.ZeroPadding2D)


def with_output_stride(sources, images, features, output_stride, owner):
    """`features` of the body between `images` and `features`, anew, where strides beyond `output_stride` are dilation.

    sources: the inputs of the graph; what stands between them and `images` stays the same layers.
    output_stride: image side / side of the last map, of STRIDES.
    Raises ValueError where a layer behind an exchanged stride can't be dilated.
    """
    if output_stride not in STRIDES:
        raise ValueError(f"{owner}: `output_stride` must be None or one of {STRIDES}, got {output_stride!r}.")
    model = keras.Model(sources, features)
    plan, before = _plan(model, output_stride), set(keras.Model(sources, images).layers)

    def copy(layer):
        if layer in before:
            return layer
        rate, exchange = plan[layer.name]
        twin = layer.__class__.from_config(layer.get_config())
        if isinstance(layer, ResidualBlock):
            twin.dilation_rate, twin.dilated = rate, exchange
        elif rate > 1 or exchange:
            if isinstance(layer, KINDS):
                dilate(twin, rate, exchange)
            elif exchange or _reaches(layer):
                raise ValueError(
                    f"{owner}: `output_stride` {output_stride} would dilate {layer.name}, but a "
                    f"{type(layer).__name__} can't be. Take a larger one."
                )
        return twin

    return keras.models.clone_model(model, input_tensors=sources, clone_function=copy).output


def _plan(model, output_stride):
    """{layer name: (dilation of its input, whether its stride is exchanged)}."""
    reached, plan = {}, {}
    for layer in model.layers:
        sources = [t._keras_history.operation for t in keras.tree.flatten(layer.input)]
        before = [reached[source.name] for source in sources if source.name in reached]
        total, rate = max(before, default=(1, 1))
        steps = 2 if isinstance(layer, StemPool) else stride(layer)
        exchange = total * steps > output_stride and steps > 1
        # The padding that stands before an exchanged stride becomes even with it.
        plan[layer.name] = (rate, exchange)
        if exchange:
            for source in sources:
                if isinstance(source, keras.layers.ZeroPadding2D):
                    plan[source.name] = (rate, True)
        reached[layer.name] = (total, rate * steps) if exchange else (total * steps, rate)
    return plan


def _reaches(layer):
    """Whether a layer of an unknown kind has a kernel of more than one pixel, or pools."""
    inner = list(layer._flatten_layers(include_self=True))
    sizes = [max(getattr(part, "kernel_size", None) or getattr(part, "pool_size", None) or (1,)) for part in inner]
    return max(sizes) > 1
