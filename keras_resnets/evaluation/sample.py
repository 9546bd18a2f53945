"""Part of a test set, drawn so that it stands for the whole."""

import numpy as np


def sample(batches, size, count, seed=0):
    """`count` of the `size` images in `batches`, drawn without repetition, in their order; the same for the same seed.

    batches: iterable of (pixels, labels), arrays or tensors of as many rows; those without a drawn image are left out.
    Drawn rather than the first: a folder is read class by class.
    Raises ValueError unless `count` is in [1, size].
    """
    if not 1 <= count <= size:
        raise ValueError(f"sample: `count` must be in [1, {size}], the images there are, got {count}.")
    drawn = np.zeros(size, bool)
    drawn[np.random.default_rng(seed).choice(size, count, replace=False)] = True
    first = 0
    for pixels, labels in batches:
        pixels, labels = np.asarray(pixels), np.asarray(labels)
        kept = drawn[first : first + len(labels)]
        first += len(labels)
        if kept.any():
            yield pixels[kept], labels[kept]
