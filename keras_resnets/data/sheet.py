"""A sheet of augmented images, for a person to look at."""

from dataclasses import dataclass

import numpy as np

from keras_resnets.data import pipeline
from keras_resnets.recipe import override


@dataclass(frozen=True, eq=False)
class Sheet:
    """Training images and what becomes of them.

    originals: uint8 (rows, height, width, channels), whole, in the geometry of evaluation; labels: (rows, classes).
    draws: uint8 (rows, columns, height, width, channels), in successive steps; shares: their labels (rows, columns,
        classes), which sum to 1.
    class_names: of the classes.
    """

    originals: np.ndarray
    labels: np.ndarray
    draws: np.ndarray
    shares: np.ndarray
    class_names: tuple[str, ...]


def sheet(dataset, recipe, rows, columns):
    """The `Sheet` of the first `rows` training images in the order of `recipe`, drawn anew `columns` times.

    The images are a batch of their own, so that MixUp and CutMix mix them with one another; NFNet's mixing pairs each
    with the next. ValueError where `rows` or `columns` is below 1 or there are too few images.
    """
    if rows < 1 or columns < 1:
        raise ValueError(f"sheet: `rows` and `columns` must be at least 1, got {rows} and {columns}.")
    recipe = override(recipe, {"data.batch_size": rows})
    pipeline.check(dataset, recipe)
    examples, shape = dataset.train, dataset.image_shape
    stream = pipeline.ordered(examples, recipe).take(rows)
    originals, labels = next(iter(pipeline.opened(stream, examples, recipe, shape, rows, whole=True)))
    raw = rows
    if recipe.augment.mixing == "nfnet":
        stream, raw = stream.concatenate(stream.skip(1)).concatenate(stream.take(1)), 2 * rows
    batches = pipeline.opened(stream.repeat(), examples, recipe, shape, raw)
    drawn = list(pipeline.augmented(batches, dataset, recipe).take(columns).as_numpy_iterator())
    one_hot = np.eye(len(dataset.class_names), dtype="float32")
    return Sheet(
        originals=originals.numpy(),
        labels=one_hot[labels],
        draws=np.stack([np.clip(np.round(images), 0, 255).astype("uint8") for images, _ in drawn], axis=1),
        shares=np.stack([one_hot[found] if found.ndim == 1 else found for _, found in drawn], axis=1),
        class_names=dataset.class_names,
    )
