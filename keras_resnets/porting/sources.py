"""Whose names arrays have: for each source the tables that may fit a network, and how its files are read."""

import zipfile
from functools import partial
from pathlib import Path

import h5py
import keras
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from keras_resnets.porting import (
    cifar_resnets,
    deepmind,
    deepmind_resnet,
    keras_classic,
    keras_mobile,
    keras_resnet,
    timm_nf,
    timm_resnet,
    torchvision_classic,
)
from keras_resnets.porting.rename import collect, fill

SOURCES = {
    "akamaster": ((cifar_resnets, cifar_resnets.pairs),),
    "timm": (
        (timm_resnet, timm_resnet.pairs),
        (torchvision_classic, partial(torchvision_classic.pairs, names="timm")),
        (timm_nf, timm_nf.pairs),
    ),
    "torchvision": ((timm_resnet, timm_resnet.pairs), (torchvision_classic, torchvision_classic.pairs)),
    "deepmind": ((deepmind_resnet, deepmind_resnet.pairs), (deepmind, deepmind.pairs)),
    "keras": (
        (keras_mobile, keras_mobile.pairs),
        (keras_classic, keras_classic.pairs),
        (keras_resnet, keras_resnet.pairs),
    ),
}
"""For each source (module, its function `pairs`), in the order of trying: each refuses what isn't its own."""


def table(network, source):
    """(module, pairs) of `source` for `network`; ValueError where it has no such network."""
    if source not in SOURCES:
        raise ValueError(f"port: `source` must be one of {', '.join(SOURCES)}, got {source!r}.")
    for module, pairs in SOURCES[source]:
        try:
            return module, pairs(network)
        except ValueError:
            continue
    raise ValueError(f"port: {source} has no table of names for {network.name}.")


def fill_from(network, origin, source):
    """Fills `network` with all arrays of `origin`, a file or a model of keras.applications; returns their number."""
    module, pairs = table(network, source)
    arrays = read_arrays(origin, source)
    fill(network, arrays, pairs, module.IGNORE)
    return len(arrays)


def arrays_for(network, source):
    """{name that `source` gives it: array} of all weights of `network`."""
    return collect(network, table(network, source)[1])


def read_arrays(origin, source):
    """{name: array} of a file, by its suffix, or of a model of keras.applications; nothing is unpickled.

    `.npz` of plain arrays (DeepMind's, which are dill pickles, through `safe_pickle`), `.safetensors`, `.h5` of
    keras.applications. Raises ValueError for a missing file, another kind, and one that can't be read.
    """
    if isinstance(origin, keras.Model):
        return keras_mobile.arrays_of(origin)
    path = Path(origin)
    if not path.is_file():
        raise ValueError(f"port: `path` names no file: {str(path)!r}.")
    try:
        arrays = _READERS[path.suffix](path, source)
    except KeyError as error:
        raise ValueError(
            f"port: `path` must end in {', '.join(_READERS)}, got {str(path)!r}. PyTorch's own files (.pth) run code "
            "when read: convert one where torch is, numpy.savez(path, **{name: t.numpy() for name, t in state.items()})"
        ) from error
    except (ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile, SafetensorError) as error:
        raise ValueError(
            f"port: `path` must be an {path.suffix} of plain arrays, but {str(path)!r} can't be read as one: {error}"
        ) from error
    # PyTorch's DataParallel puts "module." before every name.
    return {name.removeprefix("module."): array for name, array in arrays.items()}


def write_arrays(path, arrays):
    """Writes {name: array} as `.safetensors` or `.npz`, by the suffix of `path`; ValueError for another."""
    path = Path(path)
    if path.suffix == ".safetensors":
        save_file({name: np.asarray(array, order="C") for name, array in arrays.items()}, path)
    elif path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        raise ValueError(f"port: `output` must end in .safetensors or .npz, got {str(path)!r}.")


def _npz(path, source):
    if source == "deepmind" and not zipfile.is_zipfile(path):
        return deepmind.read(path)
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _safetensors(path, source):
    return load_file(path)


def _h5(path, source):
    """keras.applications' files: group a layer, "layer/kernel:0" below; the names become those of Keras 3."""
    arrays = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            layer, weight = name.split("/")[-2:]
            arrays[f"{layer}/{weight.removesuffix(':0')}"] = item[()]

    with h5py.File(path, "r") as file:
        file.visititems(visit)

    def renamed(name):
        layer, weight = name.rsplit("/", 1)
        alone = weight == "depthwise_kernel" and f"{layer}/pointwise_kernel" not in arrays
        return f"{layer}/kernel" if alone else name

    return keras_mobile.numbered_from_zero({renamed(name): array for name, array in arrays.items()})


_READERS = {".npz": _npz, ".safetensors": _safetensors, ".h5": _h5}
