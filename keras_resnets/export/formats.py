"""The formats of an artifact: a row each, with the file's name, how it is written and how it is run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_resnets.export.network import open_keras, write_keras
from keras_resnets.export.saved_model import open_saved_model, write_saved_model
from keras_resnets.export.tflite import open_tflite, write_tflite


@dataclass(frozen=True, kw_only=True)
class Format:
    """How one format is called, written and run."""

    file: str
    """Name of the file or folder in an artifact."""
    write: Callable
    """(network, path): writes a float32 network."""
    open: Callable
    """(path, threads) to `Opened`."""
    threads: bool = False
    """Whether the runtime takes a number of threads."""
    timed: bool = True
    """Whether its latency goes into an artifact; that of Keras, called eagerly, says nothing about the network."""


FORMATS = {
    "keras": Format(file="model.keras", write=write_keras, open=open_keras, timed=False),
    "saved_model": Format(file="saved_model", write=write_saved_model, open=open_saved_model),
    "tflite": Format(file="model.tflite", write=write_tflite, open=open_tflite, threads=True),
}


def format_of(path):
    """The `Format` that opens the file or folder at `path`; ValueError if there is none."""
    path = Path(path)
    if path.suffix == ".tflite":
        return FORMATS["tflite"]
    if path.suffix == ".keras":
        return FORMATS["keras"]
    if (path / "saved_model.pb").is_file():
        return FORMATS["saved_model"]
    way_out = ", ".join(str(path / row.file) for row in FORMATS.values() if (path / row.file).exists())
    raise ValueError(
        f"predict: `path` must be a .tflite file, a .keras file or a SavedModel's folder, got {path}."
        + (f" That is an artifact; name one of its formats: {way_out}." if way_out else "")
    )


def open_model(path, threads=1):
    """The file or SavedModel at `path`, `Opened`; `threads` matters to TFLite alone.

    Raises FileNotFoundError if there is nothing at `path`, ValueError if it is of no known format.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"predict: there is no model at {path}.")
    return format_of(path).open(path, threads)


def predict(path, images, batch_size=64):
    """Probabilities, float32 (n, classes), that the model file at `path` gives to `images`.

    path: a .tflite file (run by LiteRT), a .keras file, or the folder of a SavedModel.
    images: pixels 0 to 255, any number type, (n, height, width, channels) of the model's own size.
    Raises ValueError for images of another shape and for a path of no known format.
    """
    opened = open_model(path)
    images = np.asarray(images)
    if images.shape[1:] != opened.input_shape or not len(images):
        raise ValueError(
            f"predict: `images` must be (n, {', '.join(map(str, opened.input_shape))}) for {Path(path).name}, "
            f"n at least 1, got {images.shape}."
        )
    starts = range(0, len(images), batch_size)
    return np.concatenate([probabilities(opened.run(images[start : start + batch_size])) for start in starts])


def probabilities(outputs):
    """The probabilities of a model's outputs, computed from the logits where it gives no others."""
    if "probabilities" in outputs:
        return outputs["probabilities"]
    exponentials = np.exp(outputs["logits"] - outputs["logits"].max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)
