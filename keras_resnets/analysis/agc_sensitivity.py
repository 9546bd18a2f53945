"""Sensitivity to adaptive gradient clipping: which thresholds train at which batch sizes, and which don't?"""

from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Trial:
    """One training: its batch size, threshold, learning rate and seed, and what came of it."""

    batch_size: int
    clipping: float | None
    """Threshold lambda; None is no clipping."""
    rate: float
    """Peak learning rate."""
    seed: int
    top1: float | None
    """On the test images, in [0, 1]; None where the run diverged."""
    clipped_fraction: float | None = None
    """Of units, over the last epoch."""


@dataclass(frozen=True)
class Cell:
    """All trials of one batch size and threshold."""

    batch_size: int
    clipping: float | None
    rate: float
    n: int
    """Trials, diverged ones among them."""
    diverged: int
    mean: float | None
    """Top-1 of those that did not diverge; None where all did."""
    deviation: float | None
    """Sample standard deviation of the same; None for fewer than two."""


@dataclass(frozen=True)
class AgcSensitivity:
    """Cells by batch size, then threshold, no clipping first."""

    cells: tuple[Cell, ...]
    trials: tuple[Trial, ...]

    def to_dict(self):
        """Everything, JSON-ready."""
        return asdict(self)


def agc_sensitivity(trials):
    """The `AgcSensitivity` of `Trial`s; ValueError for none.

    Source: Brock et al. 2021, arXiv:2102.06171, section 4.1 and figure 2: unclipped normalizer-free nets fail at large
    batches and their learning rates, clipped ones train, with smaller thresholds for larger batches.
    """
    if not trials:
        raise ValueError("agc_sensitivity: `trials` must hold at least one, got none.")
    groups = {}
    for trial in trials:
        groups.setdefault((trial.batch_size, trial.clipping), []).append(trial)
    keys = sorted(groups, key=lambda key: (key[0], key[1] or 0.0))
    return AgcSensitivity(tuple(_cell(*key, groups[key]) for key in keys), tuple(trials))


def _cell(batch_size, clipping, trials):
    scores = [trial.top1 for trial in trials if trial.top1 is not None]
    return Cell(
        batch_size,
        clipping,
        trials[0].rate,
        len(trials),
        len(trials) - len(scores),
        float(np.mean(scores)) if scores else None,
        float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
    )
