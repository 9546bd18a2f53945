"""What a network costs: parameters, multiply-adds and the memory of its activations, layer by layer."""

import math
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import keras
from keras import layers

from keras_resnets.layers import WSConv2D


@dataclass(frozen=True)
class LayerCost:
    """One layer that computes: its place in the model, its kind, and what it costs for one image."""

    path: str
    kind: str
    parameters: int
    """Trainable."""
    multiply_adds: int
    output_shape: tuple
    """Without the batch."""
    activations: int
    """Elements of the output."""


@dataclass(frozen=True)
class Complexity:
    """What one image costs at `input_shape`, (height, width, channels)."""

    input_shape: tuple[int, ...]
    parameters: int
    """Trainable."""
    parameters_total: int
    """With the statistics of batch norm: Keras' `count_params`."""
    multiply_adds: int
    """Of convolutions and dense layers; not of bias, normalization, activation, pooling, standardization."""
    activations: int
    """Elements of the outputs of all layers that compute: what training remembers for the backward pass."""
    activation_bytes: int
    """`activations` times the bytes of each layer's compute dtype."""
    largest_layer_bytes: int
    """Input and output of the layer that holds most: inference, one layer after the other, needs at least that."""
    layers: tuple[LayerCost, ...]

    def to_dict(self):
        """Plain data, for JSON."""
        return asdict(self)


def complexity(model, input_shape=None):
    """`Complexity` of a functional model for one image, without computing anything.

    model: any Keras model of one image input; the layers inside its blocks are counted where they are called.
    input_shape: (height, width, channels), px; None takes the model's own, whose sides must then be known.

    A multiply-add is one product and sum: for a convolution output pixels times kernel elements times input channels of
    a group; for a transposed one input pixels instead; padded pixels count (spec.md section 0.2; torchvision's `_ops`).
    A layer that is called twice counts twice, its parameters once. Raises ValueError for an unknown side, and for
    a layer with a kernel that this file has no rule for.
    """
    shape = tuple(model.input_shape[1:] if input_shape is None else input_shape)
    if len(shape) != 3 or None in shape:
        raise ValueError(
            f"complexity: `input_shape` must be (height, width, channels) in whole numbers, got {shape}. "
            "A model made with free sides has no cost until it is told its input."
        )
    rows, sizes, known = [], [], set()

    def record(layer, path, inputs, outputs):
        (first, *_), results = _shapes(inputs), _shapes(outputs)
        variables = [v for v in layer.trainable_weights if id(v) not in known]
        known.update(id(v) for v in variables)
        elements = sum(math.prod(result) for result in results)
        rows.append(
            LayerCost(
                path,
                type(layer).__name__,
                sum(math.prod(v.shape) for v in variables),
                _multiply_adds(layer, path, first, results[0]),
                results[0],
                elements,
            )
        )
        width = keras.backend.standardize_dtype(layer.compute_dtype)
        taken = sum(math.prod(s) for s in _shapes(inputs))
        sizes.append((elements * _bytes(width), (taken + elements) * _bytes(width)))

    with _recorded(model, record):
        _Traced(model)(keras.Input(batch_shape=(1, *shape), dtype=model.inputs[0].dtype))
    return Complexity(
        shape,
        sum(math.prod(v.shape) for v in model.trainable_weights),
        model.count_params(),
        sum(row.multiply_adds for row in rows),
        sum(row.activations for row in rows),
        sum(size for size, _ in sizes),
        max((both for _, both in sizes), default=0),
        tuple(rows),
    )


class _Traced(keras.Operation):
    """`model.call` as one operation: Keras traces it on shapes alone, down to the layers inside of blocks."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def call(self, images):
        return self.model.call(images, training=False)


@contextmanager
def _recorded(model, record):
    """While it lasts, each call of a leaf layer of `model` is also given to `record(layer, path, inputs, outputs)`.

    The recorder stands in the instance, in front of the class's `call`, so that no layer knows of it.
    """
    leaves = list(_leaves(model))

    def recorder(layer, path):
        call = layer.call

        def called(*args, **kwargs):
            outputs = call(*args, **kwargs)
            record(layer, path, args[0], outputs)
            return outputs

        return called

    for path, layer in leaves:
        vars(layer)["call"] = recorder(layer, path)
    try:
        yield
    finally:
        for _, layer in leaves:
            del vars(layer)["call"]


def _leaves(model):
    """(path, layer) of the layers that have no layers inside, each once, and of the kinds that are counted whole."""
    seen = set()

    def walk(parent, path):
        for child in _parts(parent):
            if id(child) in seen or isinstance(child, layers.InputLayer):
                continue
            seen.add(id(child))
            name = f"{path}{child.name}"
            if isinstance(child, WHOLE) or not _parts(child):
                yield name, child
            else:
                yield from walk(child, f"{name}/")

    yield from walk(model, "")


def _parts(layer):
    return layer.layers if isinstance(layer, keras.Model) else list(layer._flatten_layers(False, recursive=False))


def _shapes(tensors):
    """Shapes without the batch of one tensor or of many."""
    return [tuple(tensor.shape[1:]) for tensor in keras.tree.flatten(tensors)]


def _bytes(dtype):
    return {"float64": 8, "float32": 4, "int32": 4, "float16": 2, "bfloat16": 2, "uint8": 1, "int8": 1}[dtype]


def _by_output(layer, given, result):
    return math.prod(result[:-1]) * math.prod(layer.kernel.shape)


def _by_input(layer, given, result):
    return math.prod(given[:-1]) * math.prod(layer.kernel.shape)


def _separable(layer, given, result):
    kernels = math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape)
    return math.prod(result[:-1]) * kernels


# The more special kinds first: some are subclasses of others.
RULES = (
    ((layers.SeparableConv1D, layers.SeparableConv2D), _separable),
    ((layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose), _by_input),
    ((layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.DepthwiseConv1D, layers.DepthwiseConv2D), _by_output),
    ((layers.Dense, WSConv2D), _by_output),
)
WHOLE = tuple(kind for kinds, _ in RULES for kind in kinds)


def _multiply_adds(layer, path, given, result):
    for kinds, rule in RULES:
        if isinstance(layer, kinds):
            return rule(layer, given, result)
    kernels = [v.path for v in layer.weights if "kernel" in v.name]
    if kernels:
        raise ValueError(
            f"complexity: {path} is a {type(layer).__name__} with a kernel, which has no rule in RULES of "
            "keras_resnets/analysis/complexity.py. Add one."
        )
    return 0
