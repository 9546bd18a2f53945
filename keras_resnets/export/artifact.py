"""Writes an artifact, all or nothing: build beside the place, verify, then move in."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from keras_resnets.export import card as model_card
from keras_resnets.export import metadata
from keras_resnets.export.formats import FORMATS
from keras_resnets.export.latency import Latency, latency
from keras_resnets.export.network import float32_network, logits, plain_network
from keras_resnets.export.verify import THRESHOLDS, Agreement, compare, require, verify


@dataclass(frozen=True, kw_only=True)
class ArtifactFile:
    """One format of an artifact."""

    format: str
    """A key of `formats.FORMATS`."""
    name: str
    """Of the file or folder in the artifact."""
    bytes: int
    """Size; of a folder, of all its files."""
    sha256: str
    """Of the file; of a folder, over the sorted lines `sha256sum` prints for its files."""
    agreement: Agreement
    """With Keras, on the images given."""
    latency: Latency | None
    """Of one image, on the machine that wrote the artifact; None where it isn't measured (Keras)."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A folder that holds one network in several formats, with labels, metadata and a model card."""

    directory: Path
    name: str
    class_names: tuple[str, ...]
    files: tuple[ArtifactFile, ...]
    """One a format, the Keras file first."""

    def path(self, kind):
        """Path of the format `kind`, e.g. "tflite"; KeyError if the artifact lacks it."""
        return self.directory / {file.format: file.name for file in self.files}[kind]


def export(
    model, directory, *, class_names, images, labels=None, formats=("saved_model", "tflite"), name=None, card=None
):
    """Writes the artifact of `model` into `directory` and returns it as an `Artifact`.

    model: a functional keras.Model on pixels 0 to 255, (batch, height, width, channels), that returns logits
        (batch, classes). A model of mixed precision is exported in float32.
    directory: a new folder, an empty one, or an older artifact, which is replaced as a whole.
    class_names: one distinct line of text a class, in the order of the outputs.
    images: uint8 (n, height, width, channels), n at least 1, on which every format must agree with Keras.
    labels: their classes, int (n,); with them the accuracy of each format is recorded.
    formats: keys of FORMATS beside "keras", which is always written; none is allowed.
    name: what the artifact is called; the folder's name by default.
    card: facts for the model card and metadata.json, whatever JSON holds. `card.SECTIONS` lists the keys that have a
        place of their own (summary, training_data, license, top1, top1_images, intended_use, limits).

    Raises ValueError for arguments outside these rules, before anything is written; ExportUnsupported for a network
    that a format can't hold; ExportMismatch for a format that disagrees with Keras. In each case, as after a crash,
    `directory` is what it was.
    """
    directory = Path(directory).resolve()
    plain = plain_network(model)
    network = float32_network(plain)
    images, labels = _checked_images(network, images, labels)
    class_names = _checked_names(network, class_names)
    kinds = _checked_formats(formats)
    card = metadata.plain(dict(card or {}))
    _check_directory(directory)
    reference = _reference(plain, network, images)

    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{directory.name}-", dir=directory.parent) as workshop:
        new = Path(workshop) / "new"
        new.mkdir()
        files = tuple(_write(kind, new, network, images, reference, labels) for kind in kinds)
        facts = metadata.describe(network, name or directory.name, class_names, files, card)
        metadata.write(new, facts)
        model_card.write_card(new, facts)
        _install(new, directory, Path(workshop) / "old")
    return load_artifact(directory)


def load_artifact(directory):
    """The `Artifact` in `directory`, from its metadata.json; FileNotFoundError if there is none."""
    facts = metadata.read(directory)
    files = [
        ArtifactFile(
            **row
            | {
                "agreement": Agreement(**row["agreement"]),
                "latency": Latency(**row["latency"]) if row["latency"] else None,
            }
        )
        for row in facts["files"]
    ]
    return Artifact(
        directory=Path(directory), name=facts["name"], class_names=tuple(facts["class_names"]), files=tuple(files)
    )


def _write(kind, folder, network, images, reference, labels):
    path = folder / FORMATS[kind].file
    FORMATS[kind].write(network, path)
    agreement = verify(kind, path, images, reference, labels)
    size, sha256 = metadata.size_and_sha256(path)
    return ArtifactFile(
        format=kind,
        name=path.name,
        bytes=size,
        sha256=sha256,
        agreement=agreement,
        latency=latency(path, images) if FORMATS[kind].timed else None,
    )


def _install(new, directory, old):
    """Moves `new` to `directory`, and what was there to `old`; puts it back if that fails."""
    if not directory.exists():
        os.replace(new, directory)
        return
    os.replace(directory, old)
    try:
        os.replace(new, directory)
    except BaseException:
        os.replace(old, directory)
        raise


def _reference(plain, network, images):
    """What Keras computes for `images`, outside any exported function."""
    reference = logits(network, images)
    broken = np.flatnonzero(~np.isfinite(reference).all(-1))
    if len(broken):
        raise ValueError(
            f"export: `model` must return finite logits, got others for {len(broken)} of {len(images)} images, "
            f"the first at index {broken[0]}. Its weights or its normalization are broken."
        )
    if reference.min() >= 0 and np.allclose(reference.sum(-1), 1, atol=1e-3):
        raise ValueError(
            "export: `model` must return logits, got rows that sum to 1: it ends in a softmax. "
            "Build it with `classifier_activation=None`; the formats add the softmax themselves."
        )
    sixteen_bits = {"logits": logits(plain, images[:64])}  # or the same network again
    require("mixed_precision", compare(reference[:64], sixteen_bits, tie=THRESHOLDS["mixed_precision"].probability))
    return reference


def _checked_images(network, images, labels):
    images, shape = np.asarray(images), network.input_shape[1:]
    if images.dtype != np.uint8 or images.shape[1:] != shape or not len(images):
        raise ValueError(
            f"export: `images` must be uint8 (n, {', '.join(map(str, shape))}) with n at least 1, "
            f"got {images.dtype} {images.shape}. Pass test images as the data set has them, not normalized."
        )
    if labels is None:
        return images, None
    labels, classes = np.asarray(labels), network.output_shape[-1]
    fits = labels.shape == (len(images),) and np.issubdtype(labels.dtype, np.integer)
    if not fits or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"export: `labels` must be {len(images)} integers in [0, {classes}), one an image, "
            f"got {labels.dtype} {labels.shape} with values {np.unique(labels)[:12]}."
        )
    return images, labels


def _checked_names(network, class_names):
    names, classes = tuple(class_names), network.output_shape[-1]
    if len(names) != classes:
        raise ValueError(
            f"export: `class_names` must be {classes}, one an output of the model, got {len(names)}: {names[:12]}."
        )
    for index, name in enumerate(names):
        if not isinstance(name, str) or not name.strip() or name.splitlines() != [name]:
            raise ValueError(f"export: `class_names` must be lines of text, got {name!r} for class {index}.")
        if name in names[:index]:
            raise ValueError(
                f"export: `class_names` must be distinct, got {name!r} for the classes {names.index(name)} and {index}."
            )
    return names


def _checked_formats(formats):
    kinds = dict.fromkeys(("keras", *formats))
    for kind in kinds:
        if kind not in FORMATS:
            raise ValueError(f"export: `formats` must be of {', '.join(FORMATS)}, got {kind!r}.")
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"export: SavedModel and TFLite need the TensorFlow backend, got {keras.backend.backend()!r}. "
            "Save the .keras file there and export it in a process with KERAS_BACKEND=tensorflow."
        )
    return tuple(kinds)


def _check_directory(directory):
    if (
        directory.exists()
        and not (directory / metadata.METADATA).is_file()
        and (not directory.is_dir() or any(directory.iterdir()))
    ):
        raise ValueError(
            f"export: `directory` must be new, empty or an older artifact, got {directory}, which holds other "
            "things. Name another folder, or empty this one."
        )
