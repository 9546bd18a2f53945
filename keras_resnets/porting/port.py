"""The verb `port`: a file of another project becomes a `.keras` file of ours, and the other way round."""

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_resnets.models import create_model
from keras_resnets.models.preprocessing import IMAGENET_DEVIATION, IMAGENET_MEAN, normalized, preprocessing_mode
from keras_resnets.porting.sources import SOURCES, arrays_for, fill_from, table, write_arrays


@dataclass(frozen=True)
class Ported:
    """What was written: where, how many arrays and trainable parameters, for which model."""

    output: Path
    model: str
    arrays: int
    parameters: int


def port(path, source, model, output, preprocessing=True, **options: Any):
    """Reads arrays at `path` as `source` names them, fills `model` with all of them, and writes `output`.

    path: an `.npz` or `.safetensors` of plain arrays, DeepMind's `F0_haiku.npz`, or an `.h5` of keras.applications.
    source: a key of SOURCES. model: a constructor or catalogue key; options: its arguments.
    output: a `.keras` file that takes pixels 0..255 and gives logits; without `preprocessing` it takes images that the
        user normalized, and holds the network alone.
    Raises ValueError where a file or name is not what it should be, and lists every array that does not fit;
    `output` is written whole or not at all.
    """
    if source not in SOURCES:
        raise ValueError(f"port: `source` must be one of {', '.join(SOURCES)}, got {source!r}.")
    output = Path(output)
    if output.suffix != ".keras":
        raise ValueError(f"port: `output` must end in .keras, got {str(output)!r}.")
    network = create_model(model, classifier_activation=None, **options)
    if preprocessing:
        images = keras.Input(network.input_shape[1:], name="images")
        start = normalized(images, *_statistics(model, network, source))
        network = create_model(model, classifier_activation=None, input_tensor=start, **options)
    arrays = fill_from(network, path, source)
    with _whole(output) as half_written:
        network.save(half_written)
    return Ported(output, model, arrays, _parameters(network))


def port_back(path, target, output):
    """Writes the weights of our `.keras` file at `path` under the names of `target`, a key of SOURCES, to `output`.

    output: `.safetensors` or `.npz`. The round trip is exact: `port` of `output` gives the same weights.
    Raises ValueError for another file, and a network that `target` has no names for.
    """
    path, output = Path(path), Path(output)
    if path.suffix != ".keras" or not path.is_file():
        raise ValueError(f"port_back: `path` must be a `.keras` file of ours, got {str(path)!r}.")
    network = keras.models.load_model(path, compile=False)
    arrays = arrays_for(network, target)
    with _whole(output) as half_written:
        write_arrays(half_written, arrays)
    return Ported(output, network.name, len(arrays), _parameters(network))


def _statistics(model, network, source):
    """(mean, deviation) in pixel units that the weights of `source` were trained with."""
    module = table(network, source)[0]
    if hasattr(module, "MEAN"):
        return module.MEAN, module.DEVIATION
    mode = preprocessing_mode(model)
    if mode == "caffe":
        raise ValueError(
            f"port: {model} takes blue first, which no normalization layer does. Pass `preprocessing=False`, and call "
            "`preprocess_input(images, 'caffe')` before the model."
        )
    return (127.5, 127.5) if mode == "tf" else (255 * np.array(IMAGENET_MEAN), 255 * np.array(IMAGENET_DEVIATION))


@contextmanager
def _whole(output):
    """A path to write to beside `output`, which takes its place once all is written."""
    output.parent.mkdir(parents=True, exist_ok=True)
    half_written = output.with_name(f".{output.stem}.{os.getpid()}{output.suffix}")
    try:
        yield half_written
        os.replace(half_written, output)
    finally:
        half_written.unlink(missing_ok=True)


def _parameters(network):
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
