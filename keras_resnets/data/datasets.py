"""Data sets: `load` turns a `recipe.Data` into examples.

The one door to tensorflow-datasets, which is imported only when one of its sets is asked for.
"""

import contextlib
import difflib
import io
import logging
import os
import socket
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_resnets.data import folder, splits
from keras_resnets.data.decoding import decode
from keras_resnets.data.examples import Examples, from_arrays, from_records
from keras_resnets.data.facts import DATASETS
from keras_resnets.data.geometry import geometry
from keras_resnets.data.normalization import statistics

log = logging.getLogger("keras_resnets")


MEMORY_LIMIT = 2**31
"""Bytes of decoded images of one split that are kept in memory at most; larger sets are streamed. A constant and not
the memory of the machine, because the order of the images depends on it."""
TEST_SHARE = 0.2
"""Share of the images held out for testing where a data set comes without a test split."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Dataset:
    """A data set as a network meets it.

    name: as in `recipe.Data.name`.
    class_names: one a label, in order.
    image_shape: height and width in px and channels of training images; those of validation and test may be larger, see
        `test_shape`.
    mean, deviation: what a network subtracts and divides by, in pixel units 0..255; (channels,), or (height, width,
        channels) for the mean image, where the deviation is 1.
    train, validation, test: `Examples`; validation is None where the recipe holds out none.
    licence, homepage, citation: as far as known, else "".
    skipped: images of a folder that could not be decoded, each with the reason.
    note: what a reader of results on it must know, else "".
    """

    name: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    mean: np.ndarray
    deviation: np.ndarray
    train: Examples
    validation: Examples | None
    test: Examples
    licence: str = ""
    homepage: str = ""
    citation: str = ""
    skipped: tuple[str, ...] = ()
    note: str = ""

    @property
    def test_shape(self):
        """Height and width in px and channels of validation and test images."""
        return tuple(self.test.dataset.element_spec[0].shape)

    @property
    def input_shape(self):
        """What a network for both takes: `image_shape`, or (None, None, channels) where tests have another size."""
        return self.image_shape if self.image_shape == self.test_shape else (None, None, self.image_shape[-1])


def load(data, seed=0):
    """The `Dataset` that a `recipe.Data` asks for; `seed` decides what is held out where that is drawn at random.

    Which images are for testing never depends on the recipe. Errors: ValueError for a set or a split one can't train on
    and for an unknown name, OSError for a missing folder or a failed download; each says the way out.
    """
    if data.name == "digits":
        found = _digits(data, seed)
    elif data.name.startswith("folder:"):
        found = _folder(data, seed)
    else:
        found = _tensorflow_datasets(data)
    if data.normalization == "pixel-mean" and data.test_size not in (None, found["image_shape"][0]):
        raise ValueError(
            f"Data: `normalization pixel-mean` is one image for training and testing, got a `test_size` of "
            f"{data.test_size} and {found['image_shape'][0]} px in training. Use `channel`, or leave out `test_size`."
        )
    facts = DATASETS.get(data.name)
    if facts:
        found |= {"licence": facts.licence, "homepage": facts.homepage}
    mean, deviation = statistics(found["train"], found["image_shape"], data.normalization, facts)
    return Dataset(name=data.name, mean=mean, deviation=deviation, **found)


def _digits(data, seed):
    """scikit-learn's 1,797 digits, 16 gray levels spread over 0..255; a fixed 500 of them are the test set."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.round(digits.images * (255 / 16)).astype("uint8")[..., None]
    names = tuple(str(name) for name in digits.target_names)
    train, test = splits.stratified(digits.target, 500 / 1797, names, 0, "test")
    part = folder.Part(np.arange(len(images)).astype(str), digits.target, images)

    def examples(part, size):
        fit = geometry(data, (size, size))
        return from_arrays(
            fit(part.images).numpy(),
            part.labels,
            classes=len(names),
            records=tf.data.Dataset.from_tensor_slices((part.images, part.labels)),
            decode=lambda image, label: (fit(image), label),
            picture=lambda image, label: (image, label),
        )

    side = data.image_size or images.shape[1]
    return {
        "class_names": names,
        "image_shape": (side, side, 1),
        "citation": "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998",
        **_held_out(_choose(part, train), _choose(part, test), None, data, names, seed, side, examples),
    }


def _folder(data, seed):
    side = data.image_size or folder.DEFAULT_SIZE
    same = data.test_size in (None, side)  # else, which images are for testing is known too late to fit them all
    keep = MEMORY_LIMIT if data.cache and same else 0
    path = data.name.removeprefix("folder:")
    names, parts, skipped = folder.read(path, data.image_size, data.corrupt, keep, geometry(data, (side, side)))
    train, test, validation = parts["train"], parts.get("test"), parts.get("validation")
    if test is None and validation is not None:
        test, validation = validation, None
    if test is None:
        kept, out = splits.stratified(train.labels, TEST_SHARE, names, 0, "test")
        train, test = _choose(train, kept), _choose(train, out)

    def examples(part, size):
        return _files(part, geometry(data, (size, size)), len(names), data.cache and _fits(len(part.paths), size, size))

    return {
        "class_names": names,
        "image_shape": (side, side, 3),
        "skipped": skipped,
        **_held_out(train, test, validation, data, names, seed, side, examples),
    }


def _held_out(train, test, validation, data, names, seed, side, examples):
    """{"train", "validation", "test"}: `examples(part, side)` of each, validation drawn from train if it is None."""
    if validation is None and data.validation:
        kept, out = splits.stratified(train.labels, data.validation, names, seed)
        train, validation = _choose(train, kept), _choose(train, out)
    test_side = data.test_size or side
    return {
        "train": examples(train, side),
        "validation": validation and examples(validation, test_side),
        "test": examples(test, test_side),
    }


def _choose(part, positions):
    images = None if part.images is None else part.images[positions]
    return folder.Part(part.paths[positions], part.labels[positions], images)


def _files(part, fit, classes, cached):
    """Examples of a folder's part; `fit` makes its images equal in size where they aren't already in memory."""
    records = tf.data.Dataset.from_tensor_slices((part.paths, part.labels))

    def picture(path, label):
        return tf.io.read_file(path), label

    def fitted(path, label):
        return fit(decode(tf.io.read_file(path))), label

    size = len(part.paths)
    options = {"classes": classes, "picture": picture, "shuffle_buffer": size}
    if part.images is not None:
        return from_arrays(part.images, part.labels, records=records, decode=fitted, **options)
    return from_records(records, fitted, size, cached=cached, **options)


def _fits(*shape):
    return 3 * int(np.prod(shape)) <= MEMORY_LIMIT


def _tensorflow_datasets(data):
    with _quiet():
        builder = _builder(data.name, data.directory)
        image, label = _keys(builder.info, data.name)  # before the download, so that text isn't downloaded in vain
        if not builder.is_prepared():
            _download(builder)
    info = builder.info
    height, width, channels = info.features[image].shape
    side = data.image_size or (folder.DEFAULT_SIZE if None in (height, width) else None)
    shape = (side, side) if side else (height, width)
    test_shape = (data.test_size,) * 2 if data.test_size else shape
    names = tuple(info.features[label].names)

    def examples(split, shape):
        fit = geometry(data, shape)
        size = builder.info.splits[split].num_examples
        return from_records(
            _records(builder, split, image, label),
            lambda record: (fit(info.features[image].decode_example(record[image])), record[label]),
            size,
            classes=len(names),
            cached=data.cache and size * int(np.prod((*shape, channels))) <= MEMORY_LIMIT,
            picture=None if shape == (height, width) else lambda record: (record[image], record[label]),
        )

    train, validation, test = _split_names(info, data)
    stored = next(iter(_records(builder, f"{test}[:1]" if "[" not in test else test, image, label).take(1)))[image]
    return {
        "note": _note(data.name, stored.numpy()),
        "class_names": names,
        "image_shape": (*shape, channels),
        "homepage": info.homepage or "",
        "citation": info.citation or "",
        "train": examples(train, shape),
        "validation": examples(validation, test_shape) if validation else None,
        "test": examples(test, test_shape),
    }


def _keys(info, name):
    """The names of the image and the label among a builder's features."""
    import tensorflow_datasets as tfds

    keys = info.supervised_keys if info.supervised_keys and len(info.supervised_keys) == 2 else ("image", "label")
    image, label = (info.features[key] if key in list(info.features) else None for key in keys)
    fits = isinstance(image, tfds.features.Image) and isinstance(label, tfds.features.ClassLabel)
    if not fits or image.np_dtype != np.uint8 or image.shape[-1] is None:
        raise ValueError(
            f"Data: {name!r} must hold images of 8 bits with one class label each, its features are "
            f"{', '.join(f'{key}: {type(feature).__name__}' for key, feature in info.features.items())}. "
            "Choose another data set, or save its images as a folder and use `folder:PATH`."
        )
    return keys


def _note(name, stored):
    """A caveat where images that the original data set keeps losslessly are stored as JPEG."""
    lossless = ("cifar10", "cifar100", "mnist", "fashion_mnist")
    if name.partition(":")[0].partition("/")[0] not in lossless or not stored.startswith(b"\xff\xd8"):
        return ""
    return (
        f"This copy of {name} is stored as JPEG, which loses detail that the original has: results on it are not "
        "comparable with those published on the original, only with one another."
    )


def _split_names(info, data):
    """(train, validation or None, test) in tensorflow-datasets' language; held-out images are the last of training."""
    facts = DATASETS.get(data.name)
    wanted = facts.test_split if facts else "test"
    test = next((name for name in (wanted, "test", "validation") if name in info.splits), None)
    if "train" not in info.splits:
        raise ValueError(f"Data: {data.name!r} must have a split `train`, it has {', '.join(info.splits) or 'none'}.")
    size = info.splits["train"].num_examples
    if test is None:
        size, everything = splits.tail(size, TEST_SHARE), size
        test = f"train[{size}:{everything}]"
    kept = splits.tail(size, data.validation)
    return f"train[:{kept}]", f"train[{kept}:{size}]" if kept < size else None, test


def _records(builder, split, image, label):
    """Undecoded records of a split in a fixed order."""
    import tensorflow_datasets as tfds

    dataset = builder.as_dataset(
        split=split,
        shuffle_files=False,
        decoders={image: tfds.decode.SkipDecoding()},
        read_config=tfds.ReadConfig(try_autocache=False),
    )
    return dataset.map(lambda record: {image: record[image], label: record[label]})


def _builder(name, directory):
    """The builder of a data set, prepared if it is in `directory`; with None, it may yet have to be downloaded."""
    import tensorflow_datasets as tfds

    if directory is not None and not Path(directory).expanduser().is_dir():
        raise FileNotFoundError(f"Data: `directory` must be an existing folder, got {directory!r}. {_way_out(name)}")
    try:
        builder = tfds.builder(name, data_dir=directory, try_gcs=False)
    except tfds.core.DatasetNotFoundError:
        known = ["digits", *tfds.list_builders(with_community_datasets=False)]
        near = difflib.get_close_matches(name, known, n=3)
        hint = f" Did you mean {' or '.join(repr(match) for match in near)}?" if near else ""
        raise ValueError(
            f"Data: `name` must be 'digits', 'folder:PATH' or a name of tensorflow-datasets, got {name!r}.{hint} "
            f"See https://www.tensorflow.org/datasets/catalog/overview.{_holds(directory)}"
        ) from None
    except (AssertionError, ValueError) as error:  # how tensorflow-datasets answers a wrong version or config
        raise ValueError(f"Data: `name` {name!r} asks for what tensorflow-datasets lacks: {error}") from error
    if directory is not None and not builder.is_prepared():
        raise FileNotFoundError(
            f"Data: `directory` must hold {name!r} prepared by tensorflow-datasets, i.e. "
            f"{_below(directory, builder.data_path)}.{_holds(directory)} {_way_out(name)}"
        )
    return builder


def _download(builder):
    """Downloads and prepares into tensorflow-datasets' own directory; OSError says what was tried."""
    tried = f"Data: {builder.name!r} is not prepared in {builder.data_path}, and downloading it failed: "
    hosts = sorted({urllib.parse.urlsplit(url).hostname for url in builder.url_infos or ()} - {None})
    # tensorflow-datasets would retry for minutes where there is no network; behind a proxy, names need not resolve
    if hosts and not urllib.request.getproxies() and not any(_resolves(host) for host in hosts):
        raise OSError(f"{tried}no network, or no such host: {', '.join(hosts)}. {_way_out(builder.name)}")
    log.info("downloading %s and preparing it in %s; this can take a while", builder.name, builder.data_path)
    try:
        builder.download_and_prepare()
    except Exception as error:  # whatever it is, the reader needs the ways out
        reason = str(error).strip().splitlines() or [""]
        raise OSError(f"{tried}{type(error).__name__}: {reason[0]} {_way_out(builder.name)}") from error


def _resolves(host):
    try:
        return bool(socket.getaddrinfo(host, 443))
    except OSError:
        return False


def _way_out(name):
    return (
        f"Point `--data.directory` at a folder that holds a prepared copy of {name!r} (what tensorflow-datasets made "
        "on another machine), or use `--data.name digits`, which needs no download."
    )


def _below(directory, path):
    return os.path.relpath(path, Path(directory).expanduser())


def _holds(directory):
    if directory is None:
        return ""
    found = sorted(
        child.name for child in Path(directory).expanduser().iterdir() if child.is_dir() and child.name != "downloads"
    )
    shown = ", ".join(found[:20]) + (f" and {len(found) - 20} more" if len(found) > 20 else "")
    return f" {directory} holds {shown or 'no folders'}."


@contextlib.contextmanager
def _quiet():
    """Without tensorflow-datasets' progress bars and the warnings of its retries."""
    import tensorflow_datasets as tfds

    tfds.disable_progress_bar()
    loggers = {logging.getLogger(name): logging.getLogger(name).level for name in ("absl", "urllib3")}
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        for logger, level in loggers.items():
            logger.setLevel(level)
