"""What every family shares: a variant and its `body` become a constructor in the manner of `keras.applications`."""

import dataclasses
import difflib
import inspect

import keras

from keras_resnets.models.dilation import with_output_stride
from keras_resnets.models.feature_maps import feature_maps
from keras_resnets.models.weights import load_weights

ALIASES = {"drop_path_rate": "stochastic_depth", "dropout": "dropout_rate"}
"""timm's and Keras' names for fields that most variants have."""
POOLING = {None: None, "avg": keras.layers.GlobalAveragePooling2D, "max": keras.layers.GlobalMaxPooling2D}


def classifier(variant, x, classes, activation):
    """The common head: global average pooling, dropout where the variant has it, and the dense layer `predictions`."""
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    if dropout := getattr(variant, "dropout_rate", 0):
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    return predictions(variant, x, classes, activation)


def predictions(variant, x, classes, activation):
    """The dense layer `predictions`, in float32 whatever the dtype policy, so that softmax and loss are exact."""
    return keras.layers.Dense(
        classes,
        activation=activation,
        kernel_initializer=variant.classifier_initializer,
        dtype="float32",
        name="predictions",
    )(x)


def application(name, variant, body, head=classifier):
    """The constructor `name` of `variant`: `body(variant, images)` gives the last feature map, `head` the answer."""
    default_name, fields = name.lower(), [f.name for f in dataclasses.fields(variant)]

    def constructor(
        include_top=True,
        weights=None,
        input_tensor=None,
        input_shape=None,
        pooling=None,
        classes=variant.classes,
        classifier_activation="softmax",
        name=default_name,
        *,
        features_only=False,
        output_stride=None,
        **changes,
    ):
        owner = constructor.__name__
        chosen = _changed(variant, fields, changes, owner)
        _check(owner, include_top, pooling, classes, features_only)
        images = _images(owner, chosen, input_tensor, input_shape)
        sources = keras.utils.get_source_inputs(images)
        # A single input stays a tensor: as a list, Keras would warn of every array it is called on.
        sources = sources[0] if len(sources) == 1 else sources
        x = body(chosen, images)
        if output_stride is not None:
            x = with_output_stride(sources, images, x, output_stride, owner)
        if features_only:
            maps = feature_maps(keras.Model(sources, x))
            x = {f"stride{stride}": found for stride, found in maps.items()}
        elif include_top:
            x = head(chosen, x, classes, classifier_activation)
        elif pooling:
            x = POOLING[pooling](name="pool")(x)
        model = keras.Model(sources, x, name=name)
        if weights is not None:

            def whole(classes, input_shape=None):
                top = {"include_top": False} if classes is None else {"classes": classes}
                return constructor(**top, input_shape=input_shape, **changes)

            load_weights(model, weights, owner, _key(variant), whole)
        return model

    constructor.__name__ = constructor.__qualname__ = name
    constructor.__module__ = body.__module__
    constructor.__doc__ = _docstring(name, variant)
    constructor.__signature__ = _signature(constructor, variant)
    constructor.variant = variant
    return constructor


def _key(variant):
    # The catalogue imports every family, and each of them this file.
    from keras_resnets.models.catalogue import key_of

    return key_of(variant)


def _changed(variant, fields, changes, owner):
    changes = {ALIASES[key] if _aliased(key, fields) else key: value for key, value in changes.items()}
    for key in changes:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise TypeError(f"{owner}() has no argument `{key}`.{hint} Its variant's fields: {', '.join(fields)}.")
    return dataclasses.replace(variant, **changes)


def _aliased(key, fields):
    return key not in fields and ALIASES.get(key) in fields


def _check(owner, include_top, pooling, classes, features_only):
    if keras.config.image_data_format() != "channels_last":
        raise ValueError(
            f"{owner}: images are channels-last, but keras.config.image_data_format() is "
            f"{keras.config.image_data_format()!r}. Call keras.config.set_image_data_format('channels_last') first."
        )
    if pooling not in POOLING:
        raise ValueError(f"{owner}: `pooling` must be None, 'avg' or 'max', got {pooling!r}.")
    if features_only and pooling:
        raise ValueError(f"{owner}: `features_only` gives maps, so `pooling` must be None, got {pooling!r}.")
    if include_top and pooling:
        raise ValueError(
            f"{owner}: `pooling` is for `include_top=False`, got {pooling!r} with the top. Drop one of the two."
        )
    if include_top and (not isinstance(classes, int) or classes < 1):
        raise ValueError(f"{owner}: `classes` must be a whole number of at least 1, got {classes!r}.")


def _images(owner, variant, input_tensor, input_shape):
    """The tensor that the body starts from: the user's, or a new Input."""
    if input_tensor is not None:
        if not keras.utils.is_keras_tensor(input_tensor):
            raise ValueError(
                f"{owner}: `input_tensor` must be a Keras tensor, got {type(input_tensor).__name__}. "
                "Pass the output of keras.Input() or of a layer called on it."
            )
        shape = tuple(input_tensor.shape[1:])
        if input_shape is not None and tuple(input_shape) != shape:
            raise ValueError(
                f"{owner}: `input_shape` {tuple(input_shape)} differs from the shape of `input_tensor`, {shape}. "
                "Give only one of the two."
            )
    else:
        shape = _default_shape(variant) if input_shape is None else tuple(input_shape)
    smallest = variant.smallest
    sides_fit = len(shape) == 3 and all(side is None or side >= smallest for side in shape[:2])
    if not sides_fit or not shape[2]:
        raise ValueError(
            f"{owner}: `input_shape` must be (height, width, channels) with sides of at least {smallest} px or None, "
            f"got {shape}."
        )
    return keras.Input(shape, name="images") if input_tensor is None else input_tensor


def _default_shape(variant):
    """Of color images, unless the variant has `input_channels`."""
    return (variant.resolution, variant.resolution, getattr(variant, "input_channels", 3))


def _signature(constructor, variant):
    """What help() and editors show: the arguments of keras.applications, then the variant's fields, by keyword."""
    shown = [p for p in inspect.signature(constructor).parameters.values() if p.kind is not p.VAR_KEYWORD]
    taken = {p.name for p in shown}
    fields = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=getattr(variant, f.name), annotation=f.type)
        for f in dataclasses.fields(variant)
        if f.name not in taken
    ]
    return inspect.Signature([*shown, *fields])


def _docstring(name, variant):
    return f"""{name}: {variant.parameters:,} trainable parameters with {variant.classes} classes.

    {inspect.cleandoc(type(variant).__doc__).splitlines()[0]}
    Equal to: {variant.reference}.

    include_top: whether the classifier is part of the model.
    weights: None (random); "imagenet" or another tag of `list_weights`; or the path of a `.weights.h5` or `.keras` file
        of ours, or of a `.safetensors` of timm. Their head may have other classes (ours then starts anew, with a
        warning), their images three channels (the first kernel is adapted).
    input_tensor: Keras tensor to start from, e.g. the output of a preprocessing layer.
    input_shape: (height, width, channels) in px; None is {_default_shape(variant)}. A side may be None.
    pooling: without the top: None (feature map), "avg" or "max".
    classes: outputs of the classifier, at least 1.
    classifier_activation: of the classifier; None gives logits.
    name: of the model.
    features_only: instead of an answer, {{"stride4": map, "stride8": map, ...}}: the last map of each stride.
    output_stride: image side / side of the last map, at most: strides beyond are exchanged for dilation at the same
        weights (1, 2, 4, 8, 16 or 32); None leaves them.
    drop_path_rate, dropout: other names of `stochastic_depth` and `dropout_rate`, where the variant has them.

    Then, by keyword, any field of the variant: {", ".join(f.name for f in dataclasses.fields(variant))}.
    Inputs: normalized images (batch, height, width, channels). Outputs: (batch, classes) or features.
    Raises ValueError or TypeError for arguments outside these ranges, naming the way out.
    """
