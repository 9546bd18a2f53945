"""The residual blocks of a network in order, each with what it needs to know of those before it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Position:
    """Where a block stands."""

    name: str
    """stage1_block1, ..."""
    index: int
    """Over all stages, from 0."""
    filters: int
    strides: int
    stochastic_depth: float
    """Its probability of being dropped."""
    beta: float
    """1 / the expected standard deviation of its input, where every residual adds alpha^2 to the variance."""


def positions(blocks, filters, strides, stochastic_depth=0.0, last_drops_fully=False, alpha=0.0):
    """A Position for each block; `blocks`, `filters` and `strides` have one number a stage.

    stochastic_depth: grows linearly from the first block's 0; the last of N blocks has (N - 1) / N of it, or all of
    it with `last_drops_fully`.
    alpha: share of a residual. A stage's first block projects its activated input, which sets the variance back to 1;
    it still starts from the deviation that the stage before has reached (Brock et al. 2021, arXiv:2101.08692, 3.1).
    """
    total = sum(blocks)
    intervals = max(total - 1, 1) if last_drops_fully else total
    found, variance = [], 1.0
    for stage, (count, width, stride) in enumerate(zip(blocks, filters, strides, strict=True), 1):
        for number in range(1, count + 1):
            first = number == 1
            found.append(
                Position(
                    f"stage{stage}_block{number}",
                    len(found),
                    width,
                    stride if first else 1,
                    stochastic_depth * len(found) / intervals,
                    variance**-0.5,
                )
            )
            variance = (1.0 if first else variance) + alpha**2
    return found
