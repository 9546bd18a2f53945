"""Does a file compute what the Keras model computes? Compared on real images, refused where it doesn't."""

import itertools
from dataclasses import dataclass

import numpy as np

from keras_resnets.export import formats

UNDERFLOW = 1e-20
"""Probabilities below it say nothing about their logits: float32 runs out at 1e-38, and softmax kernels before."""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """How far a format may be from Keras."""

    probability: float
    """Largest difference of a probability."""
    logit: float
    """Largest difference of a centered logit, as a share of Keras' largest one (at least 1)."""
    agreement: float
    """Smallest share of images with the same first class."""


FLOAT32 = Threshold(probability=1e-4, logit=1e-4, agreement=1.0)
THRESHOLDS = {
    "keras": FLOAT32,
    "saved_model": FLOAT32,
    "tflite": FLOAT32,
    # The float32 network against the 16-bit one it was made from: only a network rebuilt wrongly is farther off.
    "mixed_precision": Threshold(probability=0.25, logit=0.25, agreement=0.9),
}


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How a file's outputs compare with those of Keras on the same images."""

    images: int
    """Number of images compared."""
    classes_predicted: int
    """Number of classes that Keras predicts among them; agreement on one class alone proves little."""
    probability_difference: float
    """Largest absolute difference of a probability."""
    logit_difference: float
    """Largest absolute difference of a centered logit (less the image's mean); from log-probabilities for TFLite."""
    logit_difference_relative: float
    """The same over Keras' largest absolute centered logit, or over 1 if that is larger."""
    agreement: float
    """Share of images with the same first class, or another within `Threshold.probability` of it (a tie)."""
    ties: int
    """Images counted as agreeing by a tie."""
    top1: float | None
    """Share of images that the file classifies as labeled; None without labels."""


class ExportMismatch(RuntimeError):
    """A format doesn't compute what the Keras model computes."""


def verify(kind, path, images, reference, labels=None):
    """The `Agreement` of the file at `path` with Keras.

    kind: a key of THRESHOLDS. images: uint8 (n, height, width, channels).
    reference: what Keras returns for them outside any exported function (`network.logits`), (n, classes).
    labels: int (n,), for top-1 accuracy.
    Raises ExportMismatch if it is farther from the reference than the format's threshold.
    """
    opened = formats.open_model(path)
    # The reference ran in batches of 64. Other ones here: a batch norm in training mode shows, a fixed batch fails.
    edges = [0, *range(1, len(images), 50), len(images)]
    batches = [opened.run(images[start:end]) for start, end in itertools.pairwise(edges)]
    outputs = {key: np.concatenate([batch[key] for batch in batches]) for key in batches[0]}
    agreement = compare(reference, outputs, labels, tie=THRESHOLDS[kind].probability)
    require(kind, agreement)
    return agreement


def compare(reference, outputs, labels=None, tie=1e-4):
    """The `Agreement` of `outputs` (logits, probabilities or both, (n, classes)) with Keras' logits `reference`."""
    reference = np.asarray(reference, np.float64)
    expected = formats.probabilities({"logits": reference})
    got = formats.probabilities(outputs)
    logit_difference, scale = _logit_difference(reference, expected, outputs)
    first, rows = got.argmax(-1), np.arange(len(got))
    same = first == expected.argmax(-1)
    tied = ~same & (expected.max(-1) - expected[rows, first] <= tie)
    return Agreement(
        images=len(got),
        classes_predicted=len(np.unique(expected.argmax(-1))),
        probability_difference=float(np.abs(got - expected).max()),
        logit_difference=logit_difference,
        logit_difference_relative=logit_difference / max(1.0, scale),
        agreement=float((same | tied).mean()),
        ties=int(tied.sum()),
        top1=None if labels is None else float((first == labels).mean()),
    )


def require(kind, agreement):
    """Raises ExportMismatch if `agreement` misses a threshold of the format `kind`; NaN misses all."""
    threshold = THRESHOLDS[kind]
    rules = (
        ("largest difference of a probability", agreement.probability_difference, "<=", threshold.probability),
        ("largest relative difference of a logit", agreement.logit_difference_relative, "<=", threshold.logit),
        ("agreement of the first class", agreement.agreement, ">=", threshold.agreement),
    )
    for name, value, sign, limit in rules:
        if not (value <= limit if sign == "<=" else value >= limit):
            raise ExportMismatch(
                f"{kind}: {name} with Keras must be {sign} {limit:g}, got {value:.3g} on {agreement.images} images. "
                "The usual cause is a layer that ignores `training=False`."
            )


def _logit_difference(reference, expected, outputs):
    """(largest difference, largest absolute value) of the centered logits that didn't underflow in the outputs."""
    if "logits" in outputs:
        got, visible = np.asarray(outputs["logits"], np.float64), np.ones(reference.shape, bool)
    else:
        visible = expected > UNDERFLOW
        got = np.log(np.maximum(outputs["probabilities"], UNDERFLOW * 1e-10, dtype=np.float64))
    if not np.isfinite(got).all():
        return float("nan"), 1.0
    center = [values - values.mean(-1, where=visible, keepdims=True) for values in (reference, got)]
    return float(np.abs(center[0] - center[1])[visible].max()), float(np.abs(center[0][visible]).max())
