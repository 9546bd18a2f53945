"""Scaled activations keep the variance of Gaussian inputs at one."""

import numpy as np
import pytest

from keras_resnets.layers import ScaledActivation
from keras_resnets.layers.scaled_activation import FUNCTIONS, GAMMAS

GAUSSIAN = np.random.default_rng(0).normal(size=1_000_000).astype("float32")


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_the_variance_stays_one(activation):
    # The released literals are sampled estimates, up to 8e-4 from the closed form.
    assert np.var(np.asarray(ScaledActivation(activation)(GAUSSIAN))) == pytest.approx(1, abs=5e-3)


def test_the_gains_are_the_released_literals():
    assert GAMMAS["relu"] == 1.7139588594436646
    assert GAMMAS["gelu"] == GAMMAS["gelu_exact"] == 1.7015043497085571
    assert GAMMAS["silu"] == 1.7881293296813965


def test_the_forms_of_gelu_differ():
    tanh, erf = (np.asarray(ScaledActivation(name)(GAUSSIAN)) for name in ("gelu", "gelu_exact"))
    assert 1e-5 < np.abs(tanh - erf).max() < 1e-2


def test_scale_and_gamma_multiply():
    np.testing.assert_allclose(ScaledActivation("relu", scale=0.5, gamma=3.0)(np.array([-1.0, 2.0])), [0, 3])


def test_an_unknown_activation_is_named():
    with pytest.raises(ValueError, match=r"ScaledActivation: `activation` must be one of .* got 'swish'"):
        ScaledActivation("swish")
