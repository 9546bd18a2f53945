"""Folders of images: one sub-folder a class, or train/ and test/ within; undecodable images are named."""

import logging
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_resnets.data.decoding import decode
from keras_resnets.data.geometry import resize

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
"""What `tf.io.decode_image` reads, by lower-case ending; of an animated GIF, the first frame (TensorFlow
reads no animated WebP)."""
DEFAULT_SIZE = 224
"""Height and width in px where a recipe names none."""
SPLITS = {"train": "train", "test": "test", "val": "validation", "validation": "validation"}

log = logging.getLogger("keras_resnets")


@dataclass(frozen=True, eq=False)
class Part:
    """One split: paths (n,), labels (n,), and uint8 images (n, side, side, 3) where they were kept in memory."""

    paths: np.ndarray
    labels: np.ndarray
    images: np.ndarray | None


def read(path, image_size=None, corrupt="skip", keep_bytes=0, fit=None):
    """Finds and checks every image below `path`: (class names, {split: Part}, names of the skipped with reasons).

    The splits are "train" alone, or those of a folder that holds train/ and test/ (or val/, validation/).
    image_size: height and width in px of the result; None is 224 px, and then no image may be smaller.
    corrupt: "skip" leaves out what can't be decoded and logs it, "fail" raises ValueError.
    keep_bytes: decoded images are kept in memory where all of them take at most as many bytes.
    fit: how an image becomes (side, side, 3), see `geometry`; None squashes it.
    Orientation in EXIF is ignored. Errors: FileNotFoundError, or ValueError for a data set one can't train on.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(f"Data: `folder:PATH` must be an existing folder, got {str(path)!r}.")
    class_names, found = _scan(root)
    side = image_size or DEFAULT_SIZE
    fit = fit or (lambda image: resize(image, (side, side)))
    total = sum(len(paths) for paths, _ in found.values())
    keep = total * side * side * 3 <= keep_bytes
    log.info("%s: decoding %d images once, to find those that can't be", root, total)
    parts, skipped, small = {}, [], []
    for split, (paths, labels) in found.items():
        good, sizes, images = _decode_all(paths, side, fit if keep else None)
        names = [str(Path(path).relative_to(root)) for path in paths]
        skipped += [f"{names[i]}: {_reason(paths[i])}" for i in np.setdiff1d(np.arange(len(paths)), good)]
        small += [(names[i], *size) for i, size in zip(good, sizes, strict=True) if min(size) < side]
        parts[split] = Part(paths[good], labels[good], images)
    _report(root, skipped, corrupt, total)
    if image_size is None and small:
        name, height, width = min(small, key=lambda item: min(item[1:]))
        raise ValueError(
            f"Data: `image_size` is None, for a folder {DEFAULT_SIZE} px, and {len(small)} of {total} images are "
            f"smaller, e.g. {name} ({width}x{height} px). Set `--data.image-size` to a size that fits them "
            f"({min(height, width)}), or to {DEFAULT_SIZE} to enlarge them."
        )
    for split, part in parts.items():
        _check_classes(root, split, part.labels, class_names)
    return class_names, parts, tuple(skipped)


def _scan(root):
    """(class names, {split: (paths, labels)}) by the names of folders alone."""
    folders = {child.name: child for child in _folders(root)}
    named = {SPLITS[name]: folder for name, folder in sorted(folders.items()) if name in SPLITS}
    splits = named if "train" in named and len(named) > 1 else {"train": root}
    class_names = {split: tuple(child.name for child in _folders(folder)) for split, folder in splits.items()}
    names = class_names["train"]
    for split, others in class_names.items():
        if others != names:
            other = splits[split].name
            raise ValueError(
                f"Data: train/ and {other}/ in {root} must hold the same classes; only in train/: "
                f"{sorted(set(names) - set(others))}, only in {other}/: {sorted(set(others) - set(names))}. "
                "Rename or add folders."
            )
    if len(names) < 2:
        raise ValueError(
            f"Data: {splits['train']} must hold at least two sub-folders, one a class, got {list(names)}. "
            "A network can't learn to tell one class from none."
        )
    return names, {split: _files(folder, names) for split, folder in splits.items()}


def _folders(path):
    return sorted(child for child in path.iterdir() if child.is_dir() and not child.name.startswith("."))


def _files(folder, names):
    paths, labels = [], []
    for label, name in enumerate(names):
        files = (file for file in (folder / name).rglob("[!.]*") if file.suffix.lower() in ENDINGS)
        images = sorted(str(file) for file in files if file.is_file())
        if not images:
            raise ValueError(
                f"Data: class {name!r} is empty: no file in {folder / name} ends in {', '.join(ENDINGS)}. "
                "Add images or remove the folder."
            )
        paths += images
        labels += [label] * len(images)
    return np.array(paths), np.array(labels, "int32")


def _decode_all(paths, side, fit):
    """(positions of the decodable, their (height, width) in px, what `fit` makes of them (n, ...) or None)."""

    def open_(position, path):
        image = decode(tf.io.read_file(path))
        return position, tf.shape(image)[:2], fit(image) if fit else tf.reduce_max(image)

    dataset = tf.data.Dataset.from_tensor_slices(paths).enumerate()
    dataset = dataset.map(open_, num_parallel_calls=tf.data.AUTOTUNE).ignore_errors(log_warning=False)
    images = np.empty((len(paths), side, side, 3), "uint8") if fit else None
    good, sizes = [], []
    for position, size, image in dataset.as_numpy_iterator():
        if fit:
            images[len(good)] = image
        good.append(position)
        sizes.append(tuple(int(length) for length in size))
    return np.array(good, int), sizes, images[: len(good)] if fit else None


def _reason(path):
    if Path(path).stat().st_size == 0:
        return "the file is empty"
    try:
        decode(tf.io.read_file(path))
    except tf.errors.OpError as error:
        return re.sub(r"\{\{.*?\}\}\s*|\[Op:.*", "", error.message).strip().splitlines()[0]
    return "could not be read the first time"


def _report(root, skipped, corrupt, total):
    if not skipped:
        return
    shown = "\n  ".join(skipped[:10]) + ("\n  ..." if len(skipped) > 10 else "")
    if corrupt == "fail":
        raise ValueError(
            f"Data: {len(skipped)} of {total} images in {root} can't be decoded:\n  {shown}\n"
            "Repair or remove them, or leave them out with `--data.corrupt skip`."
        )
    log.warning("Data: skipped %d of %d images in %s that can't be decoded:\n  %s", len(skipped), total, root, shown)


def _check_classes(root, split, labels, class_names):
    missing = np.flatnonzero(np.bincount(labels, minlength=len(class_names)) == 0)
    if len(missing):
        raise ValueError(
            f"Data: class {class_names[missing[0]]!r} is empty: not one of its images in {root} ({split}) "
            "can be decoded. Repair them or remove the folder."
        )
