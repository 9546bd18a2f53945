"""The feature maps of a network, one for each stride: what decoders and detectors start from."""

import math

import keras


def feature_maps(model):
    """{stride: the last map of this stride}, e.g. {1: ..., 2: ..., 4: ...}, of a functional model that ends in a map.

    model: a network built with `include_top=False` and no pooling, of ours or of keras.applications.
    A map counts from the first layer that has weights on; padding layers give none. The stride of a map is the nearest
    power of 2 to image side / map side.
    Raises ValueError for a model of several inputs or outputs, and one that doesn't end in a map.
    """
    if not isinstance(model, keras.Model) or len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError("feature_maps: `model` must be a functional model of one input and one output.")
    image, last = model.inputs[0], model.outputs[0]
    if len(last.shape) != 4:
        raise ValueError(
            f"feature_maps: `model` must end in a feature map, but {model.name} gives {tuple(last.shape)}. "
            "Build it with `include_top=False` and without `pooling`."
        )
    layers = _layers_of_maps(model)
    height, width = image.shape[1:3]
    # Where sides are None, those of a probe tell the strides.
    side = height or 2**9
    probe = keras.Model(image, [layer.output for layer in layers] + [last])
    shapes = probe.compute_output_shape((1, side, width or side, image.shape[-1]))
    strides = [2 ** round(math.log2(side / shape[1])) for shape in shapes]
    # Gates of squeeze-and-excitation, 1x1, lie beyond the last stride.
    found = {s: layer.output for layer, s in zip(layers, strides[:-1], strict=True) if s <= strides[-1]}
    found[strides[-1]] = last
    return dict(sorted(found.items()))


def _layers_of_maps(model):
    weighted = [index for index, layer in enumerate(model.layers) if layer.weights]
    first = weighted[0] if weighted else 0
    return [
        layer
        for layer in model.layers[first:]
        if not isinstance(layer, keras.layers.ZeroPadding2D)
        and isinstance(layer.output, keras.KerasTensor)
        and len(layer.output.shape) == 4
    ]
