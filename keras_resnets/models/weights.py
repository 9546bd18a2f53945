"""Weights that a constructor can start from: files of our own formats."""

from pathlib import Path

SUFFIXES = (".weights.h5", ".keras")


def load_weights(model, weights, owner):
    """Fills `model` from a file; `weights` is the path of a `.weights.h5` or `.keras` file of the same network.

    owner: the constructor's name, for messages. Raises ValueError where the file is missing, of another kind, or of
    another network.
    """
    path = Path(weights)
    if not path.name.endswith(SUFFIXES):
        raise ValueError(
            f"{owner}: `weights` must be None or the path of a `.weights.h5` or `.keras` file, got {str(weights)!r}. "
            "`keras-resnets port` turns other files into one."
        )
    if not path.is_file():
        raise ValueError(f"{owner}: `weights` names no file: {str(weights)!r}.")
    try:
        model.load_weights(path)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{owner}: `weights` {str(weights)!r} is not of this network: {error}") from error
