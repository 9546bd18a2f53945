"""The verb `port`: a file of another project becomes a `.keras` file of ours."""

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_resnets.models import create_model
from keras_resnets.models.preprocessing import normalized
from keras_resnets.porting import cifar_resnets
from keras_resnets.porting.rename import fill

SOURCES = {"akamaster": cifar_resnets}


@dataclass(frozen=True)
class Ported:
    """What `port` wrote: where, how many arrays and trainable parameters, for which model."""

    output: Path
    model: str
    arrays: int
    parameters: int


def port(path, source, model, output, preprocessing=True, **options: Any):
    """Reads arrays at `path` as `source` names them, fills `model` with all of them, and writes `output`.

    path: an `.npz` of plain arrays. source: a key of SOURCES. model: a constructor or catalogue key; options: its
    arguments. output: a `.keras` file that takes pixels 0..255 and gives logits; without `preprocessing` it takes
    images normalized by the user, and holds the network alone.
    Raises ValueError where a file or name is not what it should be, and lists every array that does not fit;
    `output` is written whole or not at all.
    """
    if source not in SOURCES:
        raise ValueError(f"port: `source` must be one of {', '.join(SOURCES)}, got {source!r}.")
    output = Path(output)
    if output.suffix != ".keras":
        raise ValueError(f"port: `output` must end in .keras, got {str(output)!r}.")
    arrays = read_arrays(path)
    reference = SOURCES[source]
    network = create_model(model, classifier_activation=None, **options)
    if preprocessing:
        images = keras.Input(network.input_shape[1:], name="images")
        start = normalized(images, reference.MEAN, reference.DEVIATION)
        network = create_model(model, classifier_activation=None, input_tensor=start, **options)
    fill(network, arrays, reference.pairs(network), reference.IGNORE)
    output.parent.mkdir(parents=True, exist_ok=True)
    half_written = output.with_name(f".{output.stem}.{os.getpid()}.keras")
    try:
        network.save(half_written)
        os.replace(half_written, output)
    finally:
        half_written.unlink(missing_ok=True)
    parameters = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    return Ported(output, model, len(arrays), parameters)


def read_arrays(path):
    """{name: array} of an `.npz` file, without unpickling anything."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"port: `path` names no file: {str(path)!r}.")
    try:
        with np.load(path, allow_pickle=False) as archive:
            # PyTorch's DataParallel puts "module." before every name.
            return {name.removeprefix("module."): archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"port: `path` must be an .npz of plain arrays, but {str(path)!r} can't be read as one: {error}"
        ) from error
