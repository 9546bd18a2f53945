import math
from dataclasses import replace

import numpy as np
import pytest

from keras_resnets.layers import XceptionBlock
from keras_resnets.models import Xception, create_model
from keras_resnets.models.xception import KERAS, VARIANTS

TINY = {"stem_widths": (8, 16), "widths": (32, 48, 64), "middle": 5, "exit_width": 64, "final_widths": (64, 64)}


def test_counts_are_those_of_keras():
    model = create_model("xception")
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == VARIANTS["xception"].parameters
    assert model.count_params() == 22_910_480


def test_a_stage_is_a_resolution():
    model = Xception(include_top=False, input_shape=(299, 299, 3), **TINY)
    blocks = {layer.name: layer.output.shape[1] for layer in model.layers if isinstance(layer, XceptionBlock)}
    assert blocks == {
        "stage1_block1": 74,
        "stage2_block1": 37,
        **{f"stage3_block{number}": 19 for number in range(1, 7)},
        "stage4_block1": 10,
    }


def test_dropped_residuals_grow_from_0_to_the_last_block():
    model = Xception(include_top=False, stochastic_depth=0.4, **TINY)
    rates = [layer.stochastic_depth for layer in model.layers if isinstance(layer, XceptionBlock)]
    np.testing.assert_allclose(rates, np.linspace(0, 0.4, 9))


def test_at_initialization_the_middle_flow_adds_one_to_the_variance_each_block():
    """A residual ends in a batch norm and meets an identity skip (arXiv:2002.10444, section 2), whose epsilon must be
    small against the variance that Glorot's depthwise kernels leave: with Keras' 1e-3 it is not."""
    conventions = replace(KERAS, epsilon=1e-12)
    model = Xception(include_top=False, input_shape=(96, 96, 3), conventions=conventions, **TINY)
    x = np.random.default_rng(0).normal(size=(16, 96, 96, 3)).astype("float32")
    middle = []
    for layer in model.layers[1:]:
        x = layer(x, training=True)
        if layer.name.startswith("stage3"):
            middle.append(np.var(x, axis=(0, 1, 2)).mean())
    np.testing.assert_allclose(np.diff(middle), 1, atol=0.2)


def test_errors():
    with pytest.raises(ValueError, match=r"Xception: `input_shape` .* sides of at least 71 px"):
        Xception(input_shape=(70, 71, 3))
