"""Two networks on the same images: by how much one is better, and whether that may be chance."""

from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import binomtest, norm


@dataclass(frozen=True)
class Comparison:
    """What `compare` found on n images."""

    n: int
    top1: float
    """Of the first network, in [0, 1]."""
    against_top1: float
    """Of the second."""
    difference: float
    """top1 - against_top1."""
    difference_interval: tuple[float, float]
    """95 % interval of the difference, which pairs the images."""
    only_first: int
    """Images that only the first classifies right."""
    only_second: int
    p_value: float
    """McNemar's exact test, two-sided: the chance of so uneven a split of `only_first` + `only_second`, were both
    networks equally good."""

    def to_dict(self):
        """Dictionaries, lists and numbers only."""
        return asdict(self) | {"difference_interval": list(self.difference_interval)}


def compare(one, other):
    """The `Comparison` of two `Predictions` for the same images.

    Images that both get right, or both wrong, say nothing of the difference, so its interval is narrower than two
    intervals of top-1 side by side. Top-1 alone is compared: equal outputs count as the lower class.
    The interval adds half an image to each of the four counts before Wald's formula (Agresti and Min 2005, Statistics
    in Medicine 24:729), which keeps its coverage where few images differ. The test: McNemar 1947, Psychometrika 12:153.
    Raises ValueError if the labels differ, i.e. if these are not the same images in the same order.
    """
    if not np.array_equal(one.labels, other.labels):
        raise ValueError(
            f"compare: both must be of the same images in the same order, got {len(one.labels)} and "
            f"{len(other.labels)} labels that differ. Evaluate both on one data set."
        )
    first, second = (p.probabilities.argmax(axis=1) == p.labels for p in (one, other))
    n, only_first, only_second = len(first), int((first & ~second).sum()), int((~first & second).sum())
    discordant = only_first + only_second
    return Comparison(
        n=n,
        top1=float(first.mean()),
        against_top1=float(second.mean()),
        difference=(only_first - only_second) / n,
        difference_interval=_interval(only_first, only_second, n),
        only_first=only_first,
        only_second=only_second,
        p_value=float(binomtest(only_first, discordant).pvalue) if discordant else 1.0,
    )


def _interval(only_first, only_second, n):
    b, c, n = only_first + 0.5, only_second + 0.5, n + 2
    difference, deviation = (b - c) / n, np.sqrt(b + c - (b - c) ** 2 / n) / n
    reach = norm.ppf(0.975) * deviation
    return float(max(difference - reach, -1)), float(min(difference + reach, 1))
