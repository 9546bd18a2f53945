"""Part of a test set, drawn so that it stands for the whole."""

import numpy as np


def sample(batches, size, count, seed=0):
    """`count` of the `size` images in `batches`, drawn without repetition, in their order; the same for the same seed.

    batches: iterable of (pixels, labels), arrays or tensors of as many rows; the drawn images come in batches as large
        as the first of these, the last one shorter.
    Drawn rather than the first: a folder is read class by class.
    Raises ValueError unless `count` is in [1, size].
    """
    if not 1 <= count <= size:
        raise ValueError(f"sample: `count` must be in [1, {size}], the images there are, got {count}.")
    drawn = np.zeros(size, bool)
    drawn[np.random.default_rng(seed).choice(size, count, replace=False)] = True
    first, batch_size, kept = 0, None, []
    for pixels, labels in batches:
        pixels, labels = np.asarray(pixels), np.asarray(labels)
        batch_size = batch_size or len(labels)
        kept += [(pixels[k], labels[k]) for k in np.flatnonzero(drawn[first : first + len(labels)])]
        first += len(labels)
        while len(kept) >= batch_size:
            yield _stacked(kept[:batch_size])
            kept = kept[batch_size:]
    if kept:
        yield _stacked(kept)


def _stacked(examples):
    pixels, labels = zip(*examples, strict=True)
    return np.stack(pixels), np.stack(labels)
