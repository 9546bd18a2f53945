"""The network that a fine-tuned run starts from: weights and preprocessing of a file, a new head, the photos' size."""

import logging
import warnings
from pathlib import Path

import keras
import numpy as np

from keras_resnets.models import create_model
from keras_resnets.models.preprocessing import IMAGENET_DEVIATION, IMAGENET_MEAN, normalized, preprocessing_mode
from keras_resnets.models.transfer import transfer
from keras_resnets.recipe import override

LOG = logging.getLogger(__name__)
OWNER = "fine-tuning"
STATISTICS = {"torch": (255 * np.array(IMAGENET_MEAN), 255 * np.array(IMAGENET_DEVIATION)), "tf": (127.5, 127.5)}
"""Mean and deviation, in pixel units, of the modes that a layer can do."""


def sized(recipe):
    """`recipe` where, if it names no `data.image_size`, photos get that of the pretrained file's images."""
    if recipe.data.image_size is not None or not _is_file(recipe.fine_tune):
        return recipe
    height, width = opened(recipe.fine_tune.weights).input_shape[1:3]
    return override(recipe, {"data.image_size": height}) if height == width else recipe


def pretrained_network(recipe, dataset):
    """The network of `recipe` with the weights of `fine_tune.weights`: pixels 0..255 in, logits out.

    The layers that turn pixels into what the weights know come from the file, never from the few photos. Gray photos
    are shown to a network of color as three equal channels. The head starts anew, unless `fine_tune.head` keeps it.
    Raises ValueError for a file of another network, and one whose preprocessing no layer does.
    """
    settings, classes = recipe.fine_tune, len(dataset.class_names)
    images = keras.Input(dataset.input_shape, name="images")
    options = {"classes": classes, "classifier_activation": None, **recipe.model_options}
    if not _is_file(settings):
        start = _in_mode(_in_channels(images, 3), _mode(recipe))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that the head is new is what fine-tuning is about
            return create_model(recipe.model, input_tensor=start, weights=settings.weights, **options)
    source = opened(settings.weights)
    start = _in_channels(images, source.input_shape[-1])
    start = _as_in(source, start) if settings.preprocessing == "file" else _in_mode(start, settings.preprocessing)
    network = create_model(recipe.model, input_tensor=start, **options)
    _fill(network, source, recipe)
    return network


def opened(path):
    """The network in the `.keras` file at `path`; ValueError where it is none of ours that takes images."""
    if not Path(path).is_file():
        raise ValueError(
            f"Recipe: `fine_tune.weights` names no file: {str(path)!r}. Give a run's best.keras or model.keras, or "
            "what `keras-resnets port` wrote."
        )
    try:
        network = keras.models.load_model(path, compile=False)
    except (ValueError, TypeError, OSError, KeyError) as error:
        raise ValueError(f"Recipe: `fine_tune.weights` {str(path)!r} can't be read as a network: {error}") from error
    if len(getattr(network, "inputs", None) or ()) != 1 or len(network.input_shape) != 4:
        raise ValueError(f"Recipe: `fine_tune.weights` {str(path)!r} must hold a network of one input of images.")
    return network


def _is_file(settings):
    return settings.weights is not None and settings.weights.endswith(".keras")


def _fill(network, source, recipe):
    """Gives `network` the weights of `source` but for a new head, whose initialization it keeps."""
    head, path = recipe.fine_tune.head, recipe.fine_tune.weights
    heads = {weight.path: weight for weight in network.weights if weight.path.startswith("predictions/")}
    fresh = {name: weight.numpy() for name, weight in heads.items()}
    classes = next((weight.shape[-1] for weight in source.weights if weight.path.startswith("predictions/")), None)
    outputs = network.output_shape[-1]
    if head == "keep" and classes != outputs:
        raise ValueError(
            f"Recipe: `fine_tune.head keep` needs as many classes as {path} has, {classes}, got {outputs}. Use `new`."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            transfer(source, network, OWNER, classes)
    except ValueError as error:
        raise ValueError(
            f"Recipe: `fine_tune.weights` {str(path)!r} holds {source.name!r}, which is another network than `model` "
            f"{recipe.model!r} with its `model_options`. Name the one it was trained as. ({error})"
        ) from error
    if head == "new":
        for name, weight in heads.items():
            weight.assign(fresh[name])
    LOG.info("%s: %d weights of %s, %s head of %d classes", recipe.model, len(network.weights), path, head, outputs)


def _as_in(source, start):
    """What `source` does to pixels before its first weights, done to `start`."""
    found = [layer for layer in source.layers if isinstance(layer, keras.layers.Rescaling | keras.layers.Normalization)]
    for layer in found:
        copy = layer.__class__.from_config(layer.get_config())
        if isinstance(layer, keras.layers.Rescaling):
            copy.scale, copy.offset = (_fitted(value, start.shape) for value in (layer.scale, layer.offset))
        start = copy(start)
    return start


def _fitted(value, shape):
    """A number for each pixel of images of another size: its mean over height and width; for each channel: itself."""
    value = np.asarray(value, "float32")
    if value.ndim < 3 or value.shape[:2] == tuple(shape[1:3]):
        return value.tolist()
    return value.mean(axis=(0, 1)).tolist()


def _in_channels(images, channels):
    """`images`, gray ones as three equal channels where the network takes color."""
    if channels == 3 and images.shape[-1] == 1:
        return keras.layers.Concatenate(name="gray_to_color")([images] * 3)
    return images


def _in_mode(start, mode):
    if mode == "none":
        return start
    if mode not in STATISTICS:
        raise ValueError(
            f"Recipe: these weights were trained with preprocessing {mode!r} (blue first), which no normalization "
            "layer does. Choose other weights: `keras-resnets list` shows them."
        )
    return normalized(start, *STATISTICS[mode])


def _mode(recipe):
    settings = recipe.fine_tune
    if settings.preprocessing != "file":
        return settings.preprocessing
    if Path(settings.weights).suffix:
        raise ValueError(
            f"Recipe: {settings.weights!r} does not say what preprocessing its weights expect. Say it by "
            "`fine_tune.preprocessing` torch, tf or none, or give a `.keras` file, which holds it."
        )
    return preprocessing_mode(recipe.model, settings.weights)
