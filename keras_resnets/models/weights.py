"""Weights that a constructor can start from: our own files, and what others trained, as data."""

import csv
import io
import os
import warnings
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import h5py
import keras

from keras_resnets.models.transfer import transfer

SUFFIXES = (".weights.h5", ".keras")
CACHE = "models/keras_resnets"
"""Below Keras' home (~/.keras, or $KERAS_HOME)."""


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """One set of weights that others published for a variant; nothing of it was downloaded when this was written."""

    variant: str
    """Key of the catalogue."""
    tag: str
    source: str
    """Whose names its arrays have: a key of `porting.sources.SOURCES`."""
    origin: str
    """URL of the file, or the constructor of keras.applications that downloads it."""
    licence: str | None
    """As timm's configuration or Keras states it; None: not stated in what was read."""
    preprocessing: str
    """The mode of `preprocess_input` that it was trained with."""
    px: int
    """Side of the images of `top1` and `top5`."""
    crop: float | None
    """Share of the resized image that they saw."""
    crop_mode: str | None
    """"squash" resizes both sides, "center" keeps the aspect ratio."""
    interpolation: str | None
    top1: float | None
    """% on ImageNet's validation images, as published: timm's results, DeepMind's README, keras.io; not measured."""
    top5: float | None
    sha256: str | None = None  # not verified here

    @property
    def format(self):
        """What its file is: "safetensors", "npz" (a dill pickle), "pth" or "keras"."""
        return "keras" if self.source == "keras" else self.origin.rsplit(".", 1)[-1]


@cache
def pretrained():
    """{variant key: {tag: Pretrained}}; the first tag of a variant is what `weights="imagenet"` means."""
    text = resources.files(__package__).joinpath("pretrained.csv").read_text("utf-8")
    table = {}
    for row in csv.DictReader(io.StringIO(text)):
        for name in ("crop", "top1", "top5"):
            row[name] = float(row[name]) if row[name] else None
        given = {name: value or None for name, value in row.items()} | {"px": int(row["px"])}
        table.setdefault(row["variant"], {})[row["tag"]] = Pretrained(**given)
    return table


def choose(key, tag, owner):
    """The `Pretrained` that `tag`, or "imagenet", names for the variant `key`; ValueError that lists what there is."""
    known = pretrained().get(key, {})
    if tag == "imagenet" and known:
        return next(iter(known.values()))
    if tag in known:
        return known[tag]
    there = f"one of {', '.join(('imagenet', *known))}" if known else "not a tag: nobody published any for it"
    raise ValueError(f"{owner}: `weights` must be None, the path of a file, or {there}; got {tag!r}.")


def load_weights(model, weights, owner, key, whole):
    """Fills `model` from `weights`: the path of a file, or a tag of `pretrained()`.

    A file: `.weights.h5` or `.keras` of ours of the same network, or a `.safetensors` of timm; its head may have other
    classes and its input three channels (`transfer`).
    owner: the constructor's name, for messages. key: of its variant in the catalogue, or None.
    whole: function (classes, input_shape=None) -> the network as it was trained: with so many classes (None: without
        its top), for images of its own resolution and three channels unless told.
    Raises ValueError where the file is missing, of another kind, or of another network.
    """
    path = Path(weights)
    if not path.suffix:
        chosen = choose(key, str(weights), owner)
        origin = _downloaded(chosen, owner)
        network = whole(1000)
        _port(network, origin, chosen.source)
        return transfer(network, model, owner, 1000)
    if not path.name.endswith((*SUFFIXES, ".safetensors")):
        raise ValueError(
            f"{owner}: `weights` must be None, a tag, or the path of a `.weights.h5`, `.keras` or `.safetensors` file, "
            f"got {str(weights)!r}. `keras-resnets port` turns other files into one."
        )
    if not path.is_file():
        raise ValueError(f"{owner}: `weights` names no file: {str(weights)!r}.")
    if path.suffix == ".safetensors":
        network = whole(1000)
        _port(network, path, "timm")
        return transfer(network, model, owner, 1000)
    try:
        classes = _classes(path)
        if classes == _head(model):
            with suppress(ValueError):  # a first kernel for other channels
                return _read(model, path)
        network = _loaded(whole, classes, path, model.input_shape[1:])
    except (ValueError, KeyError, OSError) as error:
        raise ValueError(f"{owner}: `weights` {str(weights)!r} is not of this network: {error}") from error
    return transfer(network, model, owner, classes)


def _loaded(whole, classes, path, shape):
    """The network of the file: for images of `shape`, or else of its own shape (a head that flattens needs sides)."""
    for candidate in (None,) if None in shape[:2] else (shape, (*shape[:2], 3), None):
        network = whole(classes, candidate)
        try:
            _read(network, path)
            return network
        except ValueError as error:
            fault = error
    raise fault


def _read(network, path):
    """Keras' own loading; where it fails, it also warns of what it did not visit, which only repeats the error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.load_weights(path)


def _classes(path):
    """Outputs of the head in a file of ours, None where it has no head; read from its HDF5, nothing is built."""
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            file = io.BytesIO(archive.read("model.weights.h5"))
    else:
        file = path
    found = []

    def visit(name, item):
        if isinstance(item, h5py.Group) and item.attrs.get("name") == "predictions" and "0" in item:
            found.append(int(item["0"].shape[-1]))

    with h5py.File(file, "r") as archive:
        archive.visititems(visit)
    return found[0] if found else None


def _head(model):
    heads = [layer for layer in model.layers if layer.name == "predictions"]
    return int(heads[0].weights[0].shape[-1]) if heads else None


def _downloaded(chosen, owner):
    """The file of `chosen`, from Keras' cache or its origin; for keras.applications the model that Keras downloads."""
    if chosen.source == "keras":
        return _from_keras(chosen, owner)
    if chosen.format == "pth":
        raise ValueError(
            f"{owner}: {chosen.origin} is a PyTorch file, which runs code when it is read. Convert it where torch is, "
            "numpy.savez(path, **{name: t.numpy() for name, t in state.items()}), and `keras-resnets port` the .npz."
        )
    name = f"{chosen.variant}.{chosen.tag}.{chosen.format}"
    try:
        return Path(keras.utils.get_file(name, chosen.origin, file_hash=chosen.sha256, cache_subdir=CACHE))
    except Exception as error:
        place = _home() / CACHE / name
        raise ValueError(
            f"{owner}: {chosen.origin} could not be downloaded ({error}). "
            f"Fetch it on another machine and put it at {place}."
        ) from error


def _home():
    """Where `keras.utils.get_file` keeps what it downloads."""
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()


def _from_keras(chosen, owner):
    name = chosen.origin.rsplit(".", 1)[-1]
    options = {"minimalistic": True} if "minimalistic" in chosen.variant else {}
    try:
        return getattr(keras.applications, name)(weights="imagenet", **options)
    except Exception as error:
        raise ValueError(
            f"{owner}: {chosen.origin}(weights='imagenet') could not download its file ({error}). "
            f"Run it on another machine and copy {_home() / 'models'} here."
        ) from error


def _port(network, origin, source):
    # The tables of names stand above the models, and only weights of others need them.
    from keras_resnets.porting.sources import fill_from

    fill_from(network, origin, source)
