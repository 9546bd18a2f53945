"""Learning rates of the papers at known steps."""

import numpy as np
import pytest

from keras_resnets.recipe import Schedule
from keras_resnets.training.schedules import LearningRate, learning_rate

# spec_checks.json of the project: the released NFNet schedule, in float32.
NFNET = {
    0: 0.0,
    1: 0.0010230672778561711,
    100: 0.10230672359466553,
    1000: 1.0230672359466553,
    1563: 1.5990540981292725,
    1564: 1.600000023841858,
    5000: 1.5962225198745728,
    28000: 1.3864655494689941,
    56301: 0.8176977038383484,
    84000: 0.24795790016651154,
    112602: 0.0,
}


def test_nfnets_warm_up_and_cosine():
    schedule = LearningRate(1.6, 112_602, "cosine", warmup_steps=1563.924560546875)
    for step, rate in NFNET.items():
        np.testing.assert_allclose(schedule(step), rate, rtol=1e-4, atol=1e-6, err_msg=f"step {step}")


def test_he_et_al_divide_at_half_and_three_quarters_of_the_run():
    schedule = learning_rate(Schedule(peak=0.1, drops=(0.5, 0.75)), 64_000)
    rates = [float(schedule(step)) for step in (0, 31_999, 32_000, 47_999, 48_000, 63_999)]
    np.testing.assert_allclose(rates, [0.1, 0.1, 0.01, 0.01, 0.001, 0.001], rtol=1e-6)


def test_the_warm_up_of_resnet_110_is_a_plateau():
    schedule = learning_rate(Schedule(warmup_steps=400, warmup_from=0.01, warmup_kind="constant"), 64_000)
    np.testing.assert_allclose([float(schedule(step)) for step in (0, 399, 400)], [0.01, 0.01, 0.1], rtol=1e-6)


def test_its_config_makes_an_equal_schedule():
    schedule = LearningRate(0.1, 10, drops=(5,), warmup_steps=2)
    assert LearningRate.from_config(schedule.get_config()).get_config() == schedule.get_config()


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="`kind` must be 'steps' or 'cosine', got 'linear'"):
        LearningRate(0.1, 10, kind="linear")
