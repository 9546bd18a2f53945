"""Weights from elsewhere: an ordered table of renamings that fills every weight exactly once, or nothing at all."""

import re
from dataclasses import dataclass

import numpy as np

LAYOUTS = {
    "as_is": lambda array: array,
    "conv_oihw": lambda array: np.transpose(array, (2, 3, 1, 0)),
    "dense_oi": lambda array: np.transpose(array, (1, 0)),
}


@dataclass(frozen=True)
class Rule:
    """Arrays whose whole name matches `pattern` fill the weight at path `target`, after `layout`.

    pattern: regular expression. target: replacement with \\1 for groups; None leaves such arrays out on purpose.
    layout: a key of LAYOUTS, from the source's order of axes to Keras'.
    """

    pattern: str
    target: str | None
    layout: str = "as_is"


def fill(model, arrays, rules):
    """Sets every weight of `model` from `arrays`, {source name: array}; the first rule that matches a name counts.

    Raises ValueError that lists every array without a rule, every weight left or filled twice, and every shape that
    differs; then no weight has changed.
    """
    weights = {weight.path: weight for weight in model.weights}
    values, sources, faults = {}, {}, []
    for name, array in arrays.items():
        rule = next((rule for rule in rules if re.fullmatch(rule.pattern, name)), None)
        if rule is None:
            faults.append(f"extra: {name} {np.shape(array)} is known to no rule")
            continue
        if rule.target is None:
            continue
        path = re.sub(f"^{rule.pattern}$", rule.target, name)
        if path not in weights:
            faults.append(f"extra: {name} {np.shape(array)} would fill {path}, which the model does not have")
        elif path in values:
            faults.append(f"twice: {name} and {sources[path]} both fill {path}")
        elif (value := _laid_out(array, rule.layout)) is None or value.shape != tuple(weights[path].shape):
            got = np.shape(array) if value is None else value.shape
            faults.append(f"shape: {name} gives {got}, {path} needs {tuple(weights[path].shape)}")
            sources[path], values[path] = name, None
        else:
            sources[path], values[path] = name, value
    faults += [f"missing: {path} {tuple(weights[path].shape)}" for path in weights if path not in values]
    if faults:
        raise ValueError(
            f"The arrays do not fit {model.name}: {len(faults)} faults, nothing was changed.\n  " + "\n  ".join(faults)
        )
    for path, value in values.items():
        weights[path].assign(value)


def _laid_out(array, layout):
    """`array` in Keras' order of axes; None where it has another number of axes than the layout."""
    try:
        return LAYOUTS[layout](np.asarray(array))
    except ValueError:
        return None
