"""What combines with which devices: one table, read at the start of a run, printed by `keras-resnets doctor`."""

from dataclasses import dataclass

from keras_resnets.recipe import override
from keras_resnets.training import distribution

KINDS = ("one device", "replicas", "workers")
"""No strategy; MirroredStrategy; MultiWorkerMirroredStrategy."""


@dataclass(frozen=True)
class Feature:
    """Something a recipe can ask for, and where it can't be had.

    name: as the doctor prints it. asked: function of a recipe. fields: that ask for it, with values for trying it.
    refused: {kind of KINDS: why not, and the way out}; elsewhere it works.
    """

    name: str
    asked: object
    fields: dict
    refused: dict


SEVERAL = ("replicas", "workers")
FEATURES = (
    Feature("plain SGD", lambda r: True, {}, {}),
    Feature("adaptive gradient clipping", lambda r: r.optimizer.clipping, {"optimizer.clipping": 0.02}, {}),
    Feature("RMSProp", lambda r: r.optimizer.kind == "rmsprop", {"optimizer.kind": "rmsprop"}, {}),
    Feature("sharpness-aware minimization", lambda r: r.optimizer.sharpness, {"optimizer.sharpness": 0.05}, {}),
    Feature("moving average", lambda r: r.average.decay, {"average.decay": 0.9}, {}),
    Feature(
        "micro-batches",
        lambda r: r.optimizer.micro_batches > 1,
        {"optimizer.micro_batches": 2, "synchronized_batch_norm": False},
        {},
    ),
    Feature(
        "micro-batches with synchronized batch norm",
        lambda r: r.optimizer.micro_batches > 1 and r.synchronized_batch_norm,
        {"optimizer.micro_batches": 2, "synchronized_batch_norm": True},
        dict.fromkeys(
            SEVERAL,
            "sums over replicas can't run within the loop over micro-batches. Set `--no-synchronized-batch-norm`, or "
            "`--optimizer.micro-batches 1`",
        ),
    ),
    Feature("local batch norm", lambda r: not r.synchronized_batch_norm, {"synchronized_batch_norm": False}, {}),
    Feature(
        "mixed_bfloat16", lambda r: r.mixed_precision == "mixed_bfloat16", {"mixed_precision": "mixed_bfloat16"}, {}
    ),
    Feature("mixed_float16", lambda r: r.mixed_precision == "mixed_float16", {"mixed_precision": "mixed_float16"}, {}),
    Feature("MixUp and CutMix", lambda r: r.augment.mixup, {"augment.mixup": 0.2, "augment.cutmix": 1.0}, {}),
    Feature(
        "XLA", lambda r: r.jit_compile == "always", {"jit_compile": "always", "synchronized_batch_norm": False}, {}
    ),
    Feature(
        "XLA with synchronized batch norm",
        lambda r: r.jit_compile == "always" and r.synchronized_batch_norm,
        {"jit_compile": "always", "synchronized_batch_norm": True},
        dict.fromkeys(
            SEVERAL,
            "XLA can't compile sums over replicas. Set `--no-synchronized-batch-norm`, or `--jit-compile never`",
        ),
    ),
    Feature("determinism", lambda r: r.deterministic, {"deterministic": True}, {}),
)


def tried(feature, recipe):
    """`recipe` asking for a feature and nothing else that could be in its way."""
    return override(recipe, feature.fields)


def kind(strategy):
    """Which of KINDS a strategy is."""
    if distribution.across(strategy):
        return "workers"
    return "replicas" if strategy.num_replicas_in_sync > 1 else "one device"


def check(recipe, strategy):
    """Raises ValueError for what `recipe` asks for and `strategy` can't do, with the reason and the way out."""
    where = kind(strategy)
    for feature in FEATURES:
        if feature.asked(recipe) and where in feature.refused:
            raise ValueError(f"train: {feature.name} can't be had on several {where}: {feature.refused[where]}.")
    replicas, parts = strategy.num_replicas_in_sync, recipe.optimizer.micro_batches
    if recipe.data.batch_size % (replicas * parts):
        each = f"{replicas} replicas" + (f" with {parts} micro-batches each" if parts > 1 else "")
        raise ValueError(
            f"train: `data.batch_size` must divide among {each}, got {recipe.data.batch_size}. Choose a multiple of "
            f"{replicas * parts}."
        )
