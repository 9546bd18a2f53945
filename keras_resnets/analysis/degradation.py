"""Degradation: does depth hurt a plain network, and help a residual one?"""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Errors:
    """Top-1 errors of one network after its last epoch, in [0, 1], and its depth."""

    model: str
    depth: int
    training: float
    test: float


@dataclass(frozen=True)
class Degradation:
    """Errors of plain and residual networks by depth, shallowest first."""

    plain: tuple[Errors, ...]
    residual: tuple[Errors, ...]

    @property
    def plain_gap(self):
        """Training error of the deepest plain net less that of the shallowest: positive where depth hurts."""
        return self.plain[-1].training - self.plain[0].training

    @property
    def residual_gap(self):
        """The same of the residual nets: He et al. find it negative."""
        return self.residual[-1].training - self.residual[0].training

    def to_dict(self):
        """Everything, JSON-ready."""
        return asdict(self) | {"plain_gap": self.plain_gap, "residual_gap": self.residual_gap}


def degradation(curves):
    """The `Degradation` that training curves show.

    curves: {"plain": {model: rows}, "residual": {model: rows}}, the rows of each run's metrics.csv, with `top1` on
        training images and `val_top1` on test images; models are named like ResNet20, by their depth.
    Raises ValueError where a kind is missing, has fewer than two depths, or rows lack a column.
    Source: He et al. 2015, arXiv:1512.03385, figure 6.
    """
    kinds = {}
    for kind in ("plain", "residual"):
        runs = curves.get(kind, {})
        if len(runs) < 2:
            raise ValueError(
                f"degradation: `curves` must hold at least two depths of {kind} networks, "
                f"got {', '.join(runs) or 'none'}. Train another depth."
            )
        errors = [_errors(model, rows) for model, rows in runs.items()]
        kinds[kind] = tuple(sorted(errors, key=lambda each: each.depth))
    return Degradation(**kinds)


def _errors(model, rows):
    last = rows[-1] if rows else {}
    if "top1" not in last or "val_top1" not in last:
        raise ValueError(
            f"degradation: the rows of {model} must have `top1` and `val_top1`, got {', '.join(last) or 'no rows'}. "
            "Train with images to watch (`data.watch`)."
        )
    depth = int("".join(letter for letter in model if letter.isdigit()))
    return Errors(model, depth, 1 - last["top1"], 1 - last["val_top1"])
