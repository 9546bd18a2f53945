"""Held-out examples: which of the training images a network never trains on."""

import numpy as np


def tail(size, share):
    """How many of `size` examples stay in training when a `share` in [0, 1) is held out at the end.

    He et al. 2015 (arXiv:1512.03385, section 4.2) hold out 5,000 of CIFAR-10's 50,000 training images: a share of 0.1.
    ValueError where either part would be empty.
    """
    held = round(size * share)
    if share and not 0 < held < size:
        raise ValueError(
            f"Data: a `validation` share of {share} of {size} training images leaves "
            f"{held} for validation and {size - held} for training. Choose a share that leaves some in both, or 0."
        )
    return size - held


def stratified(labels, share, class_names, seed, what="validation"):
    """Two sorted arrays of positions (kept, held out), with `share` in (0, 1) of each class held out at random.

    labels: integers (n,), positions in `class_names`. A class keeps and gives at least one example, or ValueError.
    """
    from sklearn.model_selection import train_test_split

    labels = np.asarray(labels)
    counts = np.bincount(labels, minlength=len(class_names))
    held = round(len(labels) * share)
    if counts.min() < 2 or held < len(class_names) or len(labels) - held < len(class_names):
        rarest = class_names[counts.argmin()]
        raise ValueError(
            f"Data: the {what} share of {share:.3g} must leave an example of each of the {len(class_names)} classes "
            f"on both sides; {len(labels)} images, {counts.min()} of them {rarest!r}, are too few. "
            f"Add images, or choose another share{' (0 holds out none)' if what == 'validation' else ''}."
        )
    kept, out = train_test_split(np.arange(len(labels)), test_size=held, random_state=seed, stratify=labels)
    for part, name in ((out, what), (kept, "training")):
        missing = np.flatnonzero(np.bincount(labels[part], minlength=len(class_names)) == 0)
        if len(missing):
            raise ValueError(
                f"Data: a {what} share of {share:.3g} leaves class {class_names[missing[0]]!r} "
                f"({counts[missing[0]]} images) without an example in {name}. Choose another share."
            )
    return np.sort(kept), np.sort(out)
