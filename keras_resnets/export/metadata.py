"""What an artifact says about itself to programs: `labels.txt` and `metadata.json`."""

import dataclasses
import datetime
import hashlib
import importlib.metadata
import json
import platform
from pathlib import Path

import keras
import numpy as np

from keras_resnets._version import __version__

METADATA = "metadata.json"
LABELS = "labels.txt"


def describe(network, name, class_names, files, card):
    """The content of metadata.json: input and output of `network`, classes, the rows of `files`, versions, `card`."""
    height, width, channels = network.input_shape[1:]
    return {
        "name": name,
        "model": network.name,
        "parameters": network.count_params(),
        "input": {
            "name": "images",
            "shape": ["batch", height, width, channels],
            "dtype": "float32",
            "range": [0, 255],
            "channels": {1: "gray", 3: "RGB"}.get(channels, f"{channels} channels"),
            "preprocessing": "inside the model; the caller only resizes",
            "normalization": normalization(network),
        },
        "output": {
            "classes": len(class_names),
            "keras": "logits",
            "saved_model": ["logits", "probabilities"],
            "tflite": ["probabilities"],
        },
        "class_names": list(class_names),
        "files": [dataclasses.asdict(file) for file in files],
        "versions": versions(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "card": card,
    }


def normalization(network):
    """What `network` does to pixels, as rows of numbers: x * scale + offset, or (x - mean) / sqrt(variance)."""
    facts = {keras.layers.Rescaling: ("scale", "offset"), keras.layers.Normalization: ("mean", "variance")}
    return [
        {"layer": layer.name} | {key: _numbers(getattr(layer, key)) for key in facts[type(layer)]}
        for layer in network.layers
        if type(layer) in facts
    ]


def versions():
    """The versions of what wrote the artifact."""
    packages = ("tensorflow", "keras", "ai-edge-litert", "numpy")
    return {
        "keras_resnets": __version__,
        **{package: importlib.metadata.version(package) for package in packages},
        "python": platform.python_version(),
    }


def plain(value):
    """`value`, e.g. a card, as JSON holds it; TypeError or ValueError for what JSON can't (NaN is one such)."""
    return json.loads(json.dumps(value, default=_plain, allow_nan=False))


def write(directory, metadata):
    """Writes labels.txt, one class a line in the order of the outputs, and metadata.json."""
    names = "".join(f"{name}\n" for name in metadata["class_names"])
    (Path(directory) / LABELS).write_text(names, encoding="utf-8")
    text = json.dumps(metadata, indent=1, ensure_ascii=False, allow_nan=False)
    (Path(directory) / METADATA).write_text(text + "\n", encoding="utf-8")


def read(directory):
    """The content of an artifact's metadata.json; FileNotFoundError if `directory` is no artifact."""
    path = Path(directory) / METADATA
    if not path.is_file():
        raise FileNotFoundError(f"load_artifact: {directory} is no artifact, for it has no {METADATA}.")
    return json.loads(path.read_text(encoding="utf-8"))


def size_and_sha256(path):
    """(bytes, SHA-256) of a file; of a folder the sum, and the digest over `sha256sum` lines sorted by path."""
    path = Path(path)
    if path.is_file():
        return path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()
    parts = sorted(part for part in path.rglob("*") if part.is_file())
    rows = [(part.relative_to(path).as_posix(), *size_and_sha256(part)) for part in parts]
    lines = "".join(f"{digest}  {name}\n" for name, _, digest in rows)
    return sum(size for _, size, _ in rows), hashlib.sha256(lines.encode()).hexdigest()


def _numbers(value):
    """`value` as JSON numbers; the mean image of pixel-mean normalization as its mean for each channel."""
    value = np.asarray(keras.ops.convert_to_numpy(value), np.float64)
    if value.size > max(16, value.shape[-1] if value.ndim else 1):
        return {"shape": list(value.shape), "channel_means": value.reshape(-1, value.shape[-1]).mean(0).tolist()}
    return np.squeeze(value).tolist()


def _plain(value):
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Path | datetime.date):
        return str(value)
    raise TypeError(f"export: `card` must hold what JSON can, got {type(value).__name__}: {value!r}.")
