"""How good a classifier is on images it has not seen, and how far its confidence can be trusted."""

from dataclasses import asdict, dataclass

import keras
import numpy as np
from scipy.special import softmax
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

CALIBRATION_BINS = 15
"""Equal-width bins of confidence, as in Guo et al. 2017, section 2."""


@dataclass(frozen=True)
class Bin:
    """The images whose confidence, the largest probability, lies in (lower, upper]."""

    lower: float
    upper: float
    count: int
    confidence: float | None
    """Mean of the largest probability; None in an empty bin."""
    accuracy: float | None
    """Share classified right, in [0, 1]; None in an empty bin."""


@dataclass(frozen=True)
class ClassScore:
    """One class against the rest. None is a ratio over no image: it has no value."""

    name: str
    n: int
    """Images that carry this label."""
    precision: float | None
    """Share right among the images called this class; None if none was."""
    recall: float | None
    """Share found among the images of this class; None if there is none."""
    f1: float | None
    """Harmonic mean of the two; None if the class is neither among the labels nor predicted."""


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` measured on n images; plain numbers, ready for JSON."""

    n: int
    top1: float
    """Share of images whose most probable class is the label, in [0, 1]."""
    top5: float
    """Share of images whose label is among the five most probable classes, or among all of fewer than five."""
    loss: float
    """Mean cross-entropy, in nats."""
    top1_interval: tuple[float, float]
    """95 % Wilson score interval of top1: the chance of the draw of n images, not of the training."""
    calibration_error: float
    """Expected calibration error: mean of |accuracy - confidence| over `bins`, weighted by count, in [0, 1]."""
    bins: tuple[Bin, ...]
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Images by label (row) and prediction (column)."""
    class_names: tuple[str, ...]

    def to_dict(self):
        """Dictionaries, lists and numbers only; what JSON gives back after a round trip is equal to it."""
        return _lists(asdict(self))

    @classmethod
    def from_dict(cls, values):
        """The inverse of `to_dict`; KeyError or TypeError names a key that is missing or unknown."""
        return cls(
            **values
            | {
                "top1_interval": tuple(values["top1_interval"]),
                "bins": tuple(Bin(**row) for row in values["bins"]),
                "per_class": tuple(ClassScore(**row) for row in values["per_class"]),
                "confusion": tuple(tuple(row) for row in values["confusion"]),
                "class_names": tuple(values["class_names"]),
            }
        )


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a network said about every image, in the order of the data."""

    probabilities: np.ndarray
    """(n, classes), float64, rows that sum to 1."""
    labels: np.ndarray
    """(n,), int64, in [0, classes)."""


def evaluate(predict, batches, class_names, *, from_logits=True):
    """Runs `predict` over all `batches` once and returns (Evaluation, Predictions).

    predict: function of a NumPy batch of float pixels that returns an array (images, classes): a Keras model, its
        `predict_on_batch` (compiled, so faster), or the function of an artifact. A short last batch is passed as it is.
    batches: iterable of (pixels, labels), the labels integers of shape (images,): e.g. the pipeline's evaluation data.
    class_names: the classes in the order of the network's outputs.
    from_logits: whether `predict` returns logits; False for probabilities.
    Equal outputs are ranked by class index, as argmax does: a network that says nothing is right by chance only.
    Raises ValueError for no images, labels that are no class, and outputs that are not finite or of another shape.
    """
    predictions = _predict(predict, batches, len(class_names), from_logits)
    probabilities, labels = predictions.probabilities, predictions.labels
    n, classes = probabilities.shape
    rank = _rank(probabilities, labels)
    bins = _bins(probabilities.max(axis=1), rank == 0)
    interval = binomtest(int((rank == 0).sum()), n).proportion_ci(confidence_level=0.95, method="wilson")
    predicted = probabilities.argmax(axis=1)
    evaluation = Evaluation(
        n=n,
        top1=float((rank == 0).mean()),
        top5=float((rank < min(5, classes)).mean()),
        loss=float(_losses(predictions).mean()),
        top1_interval=(float(interval.low), float(interval.high)),
        calibration_error=sum(row.count * abs(row.accuracy - row.confidence) for row in bins if row.count) / n,
        bins=bins,
        per_class=_class_scores(labels, predicted, class_names),
        confusion=_lists(confusion_matrix(labels, predicted, labels=range(classes)).tolist(), tuple),
        class_names=tuple(map(str, class_names)),
    )
    return evaluation, predictions


def hardest(predictions, count):
    """Indices of the `count` images with the highest loss, most wrong first; all of them if there are fewer."""
    if count < 0:
        raise ValueError(f"hardest: `count` must be 0 or positive, got {count}.")
    return np.argsort(-_losses(predictions), kind="stable")[:count]


def _predict(predict, batches, classes, from_logits):
    outputs, labels, n = [], [], 0
    for pixels, batch_labels in batches:
        batch_labels = _checked_labels(keras.ops.convert_to_numpy(batch_labels), classes, n)
        output = keras.ops.convert_to_numpy(predict(keras.ops.convert_to_numpy(pixels))).astype("float64")
        outputs.append(_probabilities(output, (len(batch_labels), classes), from_logits, n))
        labels.append(batch_labels)
        n += len(batch_labels)
    if n == 0:
        raise ValueError("evaluate: `batches` must hold at least one image, got none. Check the split of the data set.")
    return Predictions(np.concatenate(outputs), np.concatenate(labels))


def _checked_labels(labels, classes, first):
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"evaluate: labels must be integers of shape (images,), got {labels.dtype} of shape {labels.shape}. "
            "Turn one-hot labels into class numbers by argmax."
        )
    labels = labels.astype("int64")
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if wrong.size:
        raise ValueError(
            f"evaluate: labels must be in [0, {classes}), the number of `class_names`, "
            f"got {labels[wrong[0]]} at image {first + wrong[0]}. Name every class of the data set."
        )
    return labels


def _probabilities(output, shape, from_logits, first):
    if output.shape != shape:
        raise ValueError(
            f"evaluate: `predict` must return a row for each image and a column for each of the {shape[1]} "
            f"`class_names`, {shape}, got {output.shape}. Give the class names the network was trained with."
        )
    wrong = np.argwhere(~np.isfinite(output))
    if wrong.size:
        image, column = wrong[0]
        raise ValueError(
            f"evaluate: `predict` must return finite numbers, got {output[image, column]} at image {first + image}, "
            f"class {column} ({len(set(wrong[:, 0]))} of {len(output)} images in its batch). Where the weights have "
            "diverged, go back to an earlier checkpoint."
        )
    if from_logits:
        return softmax(output, axis=1)
    total = output.sum(axis=1, keepdims=True)
    if (output < 0).any() or (abs(total - 1) > 0.02).any():  # half-precision softmax sums to 1 within 1 %
        raise ValueError(
            "evaluate: `predict` must return probabilities in [0, 1] that sum to 1, got rows that sum to "
            f"{total.min():.3g} to {total.max():.3g}, least {output.min():.3g}. For logits, say from_logits=True."
        )
    return output / total


def _losses(predictions):
    """Cross-entropy of each image in nats. Not sklearn's log_loss, which stops at 36 nats and gives the mean only."""
    true = predictions.probabilities[np.arange(len(predictions.labels)), predictions.labels]
    return -np.log(np.maximum(true, np.finfo("float64").tiny))


def _rank(probabilities, labels):
    """Classes that come before the label when sorted by falling probability, then by index: 0 is right."""
    true = probabilities[np.arange(len(labels)), labels][:, None]
    tied_before = (probabilities == true) & (np.arange(probabilities.shape[1]) < labels[:, None])
    return ((probabilities > true) | tied_before).sum(axis=1)


def _bins(confidence, right):
    """Guo et al. 2017 (arXiv:1706.04599), equations 1 and 2, section 2: M bins ((m-1)/M, m/M]."""
    edges = np.linspace(0, 1, CALIBRATION_BINS + 1)
    index = np.digitize(confidence, edges[1:-1], right=True)
    members = [index == k for k in range(CALIBRATION_BINS)]
    return tuple(
        Bin(
            lower=float(lower),
            upper=float(upper),
            count=int(member.sum()),
            confidence=float(confidence[member].mean()) if member.any() else None,
            accuracy=float(right[member].mean()) if member.any() else None,
        )
        for lower, upper, member in zip(edges[:-1], edges[1:], members, strict=True)
    )


def _class_scores(labels, predicted, class_names):
    columns = precision_recall_fscore_support(labels, predicted, labels=range(len(class_names)), zero_division=np.nan)
    precision, recall, f1 = ([None if np.isnan(v) else float(v) for v in column] for column in columns[:3])
    rows = zip(class_names, columns[3], precision, recall, f1, strict=True)
    return tuple(ClassScore(str(name), int(n), p, r, f) for name, n, p, r, f in rows)


def _lists(node, sequence=list):
    """`node` with every list and tuple within turned into `sequence`."""
    if isinstance(node, dict):
        return {key: _lists(value, sequence) for key, value in node.items()}
    return sequence(_lists(value, sequence) for value in node) if isinstance(node, list | tuple) else node
