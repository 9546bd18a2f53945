"""The same weights on images of another size: at a test resolution, or at every position of a larger image."""

import keras
import numpy as np

POSITIONWISE = (keras.layers.Dense, keras.layers.Dropout, keras.layers.Activation, keras.layers.ReLU)
"""Layers of a head that do the same at every position of a map."""


def at_resolution(network, height, width):
    """`network` rebuilt for images of `height` x `width` px, with the same weights.

    Networks with global pooling see the whole image; by linearity their logits are the mean over the positions of
    `fully_convolutional`. Where dense layers take a flattened map (AlexNet, VGG), they slide over a larger one, and the
    scores are averaged over the positions they fit in (Simonyan and Zisserman 2015, arXiv:1409.1556, section 3.2).
    What dropped pixels or zeros do at borders changes with the size, so accuracy does too: Touvron et al. 2019,
    arXiv:1906.06423 (FixRes) measure it.
    network: a functional model, (batch, height, width, channels) to (batch, classes).
    Raises ValueError where the network holds something of one size, such as a mean image, naming the layer.
    """
    shape = network.input_shape
    if (height, width) == tuple(shape[1:3]):
        return network
    _check(network)
    images = keras.Input((height, width, shape[-1]), name="images")
    if _of_type(_head(network), keras.layers.Flatten):
        return _averaged(network, images)
    twin = keras.models.clone_model(network, input_tensors=images)
    _check_weights(network, twin, height, width)
    twin.set_weights(network.get_weights())
    return twin


def fully_convolutional(network):
    """`network` as convolutions alone: images of any size to a map of scores, (batch, rows, columns, classes).

    The classifier becomes a 1x1 convolution over the map that was pooled; dense layers behind Flatten become a
    convolution as large as the flattened map, then 1x1 ones. The mean over the positions is the network's answer at the
    size it was built for (behind Flatten: the map's single position).
    Source: Simonyan and Zisserman 2015, arXiv:1409.1556, section 3.2; He et al. 2015, arXiv:1512.03385, section 3.4.
    Raises ValueError where something nonlinear follows the pooling (MobileNetV3), so that no map gives that mean.
    """
    _check(network)
    head = _head(network)
    pooled = _of_type(head, keras.layers.GlobalAveragePooling2D)
    linear = [layer for layer in head if not isinstance(layer, keras.layers.Dropout)][1:]
    if pooled and (len(linear) != 1 or not isinstance(linear[0], keras.layers.Dense)):
        raise ValueError(
            f"fully_convolutional: only one dense layer may follow the pooling, {network.name} has "
            f"{', '.join(layer.name for layer in linear) or 'none'}. Use `at_resolution`, which pools first."
        )
    if not pooled and not _of_type(head, keras.layers.Flatten):
        raise ValueError(
            f"fully_convolutional: the head must start with GlobalAveragePooling2D or Flatten, that of {network.name} "
            f"is {', '.join(layer.name for layer in head) or 'missing'}. Use `at_resolution`."
        )
    return _convolved(network, head, keras.Input((None, None, network.input_shape[-1]), name="images"))


def _averaged(network, images):
    try:
        scores = _convolved(network, _head(network), images)
    except ValueError as error:
        height, width = network.input_shape[1:3]
        raise ValueError(
            f"at_resolution: the dense layers of {network.name} were made for {height}x{width} px, got "
            f"{images.shape[1]}x{images.shape[2]}, less than they span. Use a larger size."
        ) from error
    return keras.Model(images, keras.layers.GlobalAveragePooling2D(name="positions")(scores.output), name=network.name)


def _convolved(network, head, images):
    """The twin on `images` whose `head` works at every position."""
    names = [layer.name for layer in head]
    flat = next((layer for layer in head if isinstance(layer, keras.layers.Flatten)), None)
    first = next(layer for layer in head if isinstance(layer, keras.layers.Dense))

    def swap(layer):
        if layer.name not in names:
            return layer.__class__.from_config(layer.get_config())
        if isinstance(layer, keras.layers.GlobalAveragePooling2D | keras.layers.Flatten):
            return keras.layers.Identity(name=layer.name)
        if flat is not None and layer is first:
            return keras.layers.Conv2D(
                layer.units,
                flat.input.shape[1:3],
                activation=layer.activation,
                use_bias=layer.use_bias,
                dtype=layer.dtype_policy,
                name=layer.name,
            )
        return layer.__class__.from_config(layer.get_config())

    twin = keras.models.clone_model(network, input_tensors=images, clone_function=swap)
    twin.set_weights(
        [
            np.reshape(old, new.shape) if old.size == np.prod(new.shape) else old
            for old, new in zip(network.get_weights(), twin.weights, strict=True)
        ]
    )
    return twin


def _head(network):
    """The layers after the last map, in order; empty where the answer does not follow from one layer after another."""
    layer, head = network.output._keras_history.operation, []
    while len(layer.output.shape) == 2:
        head.insert(0, layer)
        if not isinstance(layer.input, keras.KerasTensor) or layer.input is layer.output:
            return []
        if len(layer.input.shape) == 4:
            break
        layer = layer.input._keras_history.operation
    rest = head[1:]
    return head if all(isinstance(layer, POSITIONWISE) for layer in rest) else []


def _of_type(head, kind):
    return bool(head) and isinstance(head[0], kind)


def _check(network):
    for layer in network.layers:
        if isinstance(layer, keras.layers.Rescaling) and max(np.ndim(layer.offset), np.ndim(layer.scale)) > 1:
            raise ValueError(
                f"at_resolution: layer {layer.name!r} of {network.name} subtracts a mean image of "
                f"{network.input_shape[1]}x{network.input_shape[2]} px, so the network takes no other size. "
                "Train with `--data.normalization channel`."
            )


def _check_weights(network, twin, height, width):
    for old, new in zip(network.weights, twin.weights, strict=True):
        if old.shape != new.shape:
            raise ValueError(
                f"at_resolution: {network.name} can't take {height}x{width} px: its weight {old.path} has shape "
                f"{tuple(old.shape)} and would need {tuple(new.shape)}. Use views of "
                f"{network.input_shape[1]}x{network.input_shape[2]} px, its own size."
            )
