"""Filling a model from arrays: every weight once, or nothing."""

import keras
import numpy as np
import pytest

from keras_resnets.porting import rename
from keras_resnets.porting.rename import Pair, collect, fill


def model():
    inputs = keras.Input((4, 4, 3))
    x = keras.layers.Conv2D(5, 3, use_bias=False, name="conv")(inputs)
    x = keras.layers.BatchNormalization(name="bn")(x)
    return keras.Model(inputs, keras.layers.Dense(2, name="head")(keras.layers.Flatten()(x)), name="tiny")


PAIRS = [
    Pair("c.weight", "conv/kernel", rename.CONV_OIHW),
    *rename.batch_norm("b", "bn"),
    Pair("l.weight", "head/kernel", rename.dense_after_flatten(5, 2, 2)),
    Pair("l.bias", "head/bias"),
]


def arrays():
    random = np.random.RandomState(0)
    shapes = {"c.weight": (5, 3, 3, 3), "l.weight": (2, 20), "l.bias": (2,)}
    shapes |= {f"b.{name}": (5,) for name in ("weight", "bias", "running_mean", "running_var")}
    return {name: random.uniform(0.5, 1.5, shape).astype("float32") for name, shape in shapes.items()}


def test_what_is_filled_is_collected_again():
    network, source = model(), arrays()
    fill(network, source, PAIRS)
    back = collect(network, PAIRS)
    assert set(back) == set(source)
    for name in source:
        np.testing.assert_array_equal(back[name], source[name])


def test_axes_are_where_keras_has_them():
    network, source = model(), arrays()
    fill(network, source, PAIRS)
    kernel = network.get_layer("conv").kernel.numpy()
    assert kernel[1, 2, 0, 4] == source["c.weight"][4, 0, 1, 2]
    head = network.get_layer("head").kernel.numpy()
    height, width, channel = 1, 0, 3
    assert head[height * 10 + width * 5 + channel, 1] == source["l.weight"][1, channel * 4 + height * 2 + width]


def test_every_fault_is_listed_and_nothing_changes():
    network, source = model(), arrays()
    before = network.get_weights()
    source["b.weight"] = source["b.weight"][:3]
    source["c.weight"] = source["c.weight"][0]
    source["stranger"] = np.zeros(2)
    del source["l.bias"]
    with pytest.raises(ValueError, match="do not fit tiny: 4 faults, nothing was changed") as caught:
        fill(network, source, PAIRS)
    for line in (
        "extra: stranger (2,) has no place in the model",
        "shape: b.weight gives (3,), bn/gamma needs (5,)",
        "shape: c.weight gives (3, 3, 3), conv/kernel needs (3, 3, 3, 5)",
        "missing: head/bias (2,)",
    ):
        assert line in str(caught.value)
    for old, weight in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, weight)


def test_a_weight_filled_twice_is_a_fault():
    with pytest.raises(ValueError, match=r"twice: again and l\.bias both fill head/bias"):
        fill(model(), arrays() | {"again": np.zeros(2)}, [*PAIRS, Pair("again", "head/bias")])


def test_names_may_be_left_out_on_purpose():
    network = model()
    fill(network, arrays() | {"b.num_batches_tracked": np.array(3)}, PAIRS, ignore=r".*\.num_batches_tracked")


@pytest.mark.parametrize("name", [n for n, v in vars(rename).items() if isinstance(v, rename.Layout)])
def test_layouts_undo_themselves(name):
    layout = getattr(rename, name)
    shapes = {"DENSE_OI": (4, 5), "DENSE_AS_CONV": (4, 5), "GAIN_OIHW": (5, 1, 1, 1), "CHANNELS_NHWC": (1, 1, 1, 5)}
    shapes["DEPTHWISE_OIHW"] = (6, 1, 3, 3)
    array = np.random.RandomState(0).normal(size=shapes.get(name, (4, 5, 3, 3)))
    np.testing.assert_array_equal(layout.from_keras(layout.to_keras(array)), array)
