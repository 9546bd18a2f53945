"""Learning rates: warm-up, then steps down or half a cosine."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_resnets")
class LearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate at each update: warm-up from `warmup_from` to `peak`, then `steps` or `cosine`.

    kind: "steps" multiplies by `drop_factor` at each of `drops`; "cosine" falls as half a cosine, from `peak` when the
        warm-up ends to `end` at `total_steps`.
    warmup_steps: updates, 0 for none; not necessarily whole. warmup_kind: "linear", or "constant": `warmup_from`
        throughout, then `peak`.
    drops: numbers of updates after which the rate falls.
    Source: He et al. 2015, arXiv:1512.03385, section 4.2; Brock et al. 2021, arXiv:2102.06171, released code.
    """

    def __init__(
        self,
        peak,
        total_steps,
        kind="steps",
        warmup_steps=0,
        warmup_from=0.0,
        warmup_kind="linear",
        drops=(),
        drop_factor=0.1,
        end=0.0,
    ):
        if kind not in ("steps", "cosine"):
            raise ValueError(f"LearningRate: `kind` must be 'steps' or 'cosine', got {kind!r}.")
        self.peak, self.total_steps, self.kind, self.end = peak, total_steps, kind, end
        self.warmup_steps, self.warmup_from, self.warmup_kind = warmup_steps, warmup_from, warmup_kind
        self.drops, self.drop_factor = tuple(drops), drop_factor

    def __call__(self, step):
        step = ops.cast(step, "float32")
        if self.kind == "steps":
            fallen = sum(ops.cast(step >= drop, "float32") for drop in self.drops) if self.drops else 0.0
            rate = self.peak * ops.power(ops.cast(self.drop_factor, "float32"), fallen)
        else:
            share = (step - self.warmup_steps) / max(self.total_steps - self.warmup_steps, 1)
            share = ops.clip(share, 0.0, 1.0)
            rate = self.end + (self.peak - self.end) * (1 + ops.cos(math.pi * share)) / 2
        if not self.warmup_steps:
            return rate
        share = step / self.warmup_steps if self.warmup_kind == "linear" else 0.0
        return ops.where(step < self.warmup_steps, self.warmup_from + (self.peak - self.warmup_from) * share, rate)

    def get_config(self):
        return dict(vars(self))


def learning_rate(schedule, steps):
    """The LearningRate of a recipe's `schedule` over a run of `steps` updates: shares become numbers of updates."""
    return LearningRate(
        schedule.peak,
        steps,
        schedule.kind,
        schedule.warmup_steps,
        schedule.warmup_from,
        schedule.warmup_kind,
        tuple(round(share * steps) for share in schedule.drops),
        schedule.drop_factor,
        schedule.end,
    )
