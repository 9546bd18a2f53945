"""What of a pretrained network trains, when and how fast: the head first, then stage by stage from the top.

A phase is a stretch of steps in which the same weights train. Between phases the train step is traced anew, so that
what is frozen costs no backward pass (a step of ResNet-20's head takes 0.36 of a whole one's time); the optimizer is
built once over all weights that will ever train, so that a checkpoint has one shape. Which phase a step is in depends
on the step alone: a resumed run goes on in the same.
"""

from dataclasses import dataclass

import numpy as np

from keras_resnets.export.fuse_scale_shift import fuse_scale_shift
from keras_resnets.models.adaptation import SUFFIX, adapted

HEAD = "predictions"


@dataclass(frozen=True)
class Phase:
    """Updates `start` to `end` - 1, in which the head and `stages` train."""

    start: int
    end: int
    stages: tuple[str, ...]


def twin_of(recipe, network):
    """What is trained in place of `network`: itself from scratch, else its `adapted` twin for `fine_tune.method`."""
    settings = recipe.fine_tune
    if settings.weights is None:
        return network
    return adapted(network, settings.batch_statistics == "frozen", settings.method == "ssf")


def stages(network):
    """Names of the parts with weights below the head, from the bottom: the first words of their layers' names, `stem`,
    `stage1`, ..."""
    body = (layer.name for layer in network.layers if layer.trainable_weights and not _head(layer))
    return tuple(dict.fromkeys(_stage(name) for name in body))


def phases(recipe, names, epoch_steps):
    """The `Phase`s of a run, in order; of one from scratch a single one.

    names: `stages` of the network. Phases begin where epochs of `epoch_steps` updates do, for that is where checkpoints
    and validations are; those that would begin together are one.
    Raises ValueError for more `frozen_stages` than there are.
    """
    settings, steps = recipe.fine_tune, recipe.steps
    if settings.weights is None:
        return (Phase(0, steps, names),)
    if settings.frozen_stages > len(names):
        raise ValueError(
            f"Recipe: `fine_tune.frozen_stages` must be at most {len(names)} for {recipe.model} ({', '.join(names)}), "
            f"got {settings.frozen_stages}."
        )
    if settings.method == "head":
        return (Phase(0, steps, ()),)
    groups = np.array_split(names[settings.frozen_stages :][::-1], max(len(settings.unfreeze), 1))
    starts = [round(share * steps / epoch_steps) * epoch_steps for share in settings.unfreeze] or [0]
    joined, trained = {0: ()}, ()
    for start, group in zip(starts, groups, strict=True):
        trained += tuple(str(name) for name in group)
        joined[start] = trained
    begins = [start for start in joined if start < steps]
    return tuple(Phase(a, b, joined[a]) for a, b in zip(begins, [*begins[1:], steps], strict=True))


def prepare(recipe, model, names):
    """Lets all train in `model` that ever will, for the optimizer to be built over it when the model is compiled."""
    begin(recipe, model, names[recipe.fine_tune.frozen_stages :])


def enter(recipe, model, plan, step):
    """Sets `model` to the phase of `plan`, as `phases` gives it, that `step` is in."""
    begin(recipe, model, next(phase.stages for phase in plan if step < phase.end))


def begin(recipe, model, training):
    """Lets the head and the stages `training` train by the recipe's method; the step is traced anew if that differs.

    A run from scratch is left alone.
    """
    settings = recipe.fine_tune
    if settings.weights is None:
        return
    before = [variable.trainable for variable in model.variables]
    for layer in model.layers:
        layer.trainable = _head(layer) or (_stage(layer.name) in training and settings.method != "head")
        if layer.trainable and not _head(layer):
            for variable in layer.trainable_variables:
                variable.trainable = _trains(variable.path, settings.method)
    if before != [variable.trainable for variable in model.variables]:
        model.train_function = None


def rate_scales(recipe, names, paths):
    """{path: factor of the learning rate}: 1 for the head, `fine_tune.rate_factor` for the last stage, and so on down.

    Empty for a run from scratch.
    Source: Howard and Ruder 2018, arXiv:1801.06146, section 3.2 (discriminative fine-tuning).
    """
    if recipe.fine_tune.weights is None:
        return {}
    factors = {name: recipe.fine_tune.rate_factor ** (depth + 1) for depth, name in enumerate(reversed(names))}
    return {path: factors.get(_stage(path.split("/")[0]), 1.0) for path in paths}


def bring_back(recipe, model, network):
    """Gives `network` what its twin in `model` has learned, scales and shifts merged."""
    if recipe.fine_tune.weights is not None:
        fuse_scale_shift(model, network)


def _stage(name):
    return name.split("_")[0]


def _head(layer):
    return layer.name == HEAD


def _trains(path, method):
    name = path.rsplit("/", 1)[-1]
    return {"all": True, "ssf": SUFFIX in path, "batch_norm": name.endswith(("gamma", "beta"))}[method]
