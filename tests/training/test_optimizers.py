"""SGD as the papers write it: momentum, coupled decay, exemptions."""

import keras
import numpy as np
import pytest

from keras_resnets.training.optimizers import SGD


def weights_after(optimizer, gradients, start=(1.0, -2.0), path="w"):
    weight = keras.Variable(np.array(start, "float32"), name=path)
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(np.array(gradient, "float32"))], [weight])
    return weight.numpy()


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_under_a_changing_rate_is_the_papers(nesterov):
    rates, gradients = (0.1, 0.1, 0.02, 0.02), np.random.RandomState(0).normal(size=(4, 2))
    weight, velocity = np.array([1.0, -2.0]), np.zeros(2)
    for rate, gradient in zip(rates, gradients, strict=True):
        decayed = gradient + 0.01 * weight
        velocity = 0.9 * velocity + decayed
        weight = weight - rate * (decayed + 0.9 * velocity if nesterov else velocity)
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.1, 0.02])
    ours = weights_after(SGD(schedule, momentum=0.9, nesterov=nesterov, weight_decay=0.01), gradients)
    np.testing.assert_allclose(ours, weight, rtol=1e-6)


def test_coupled_decay_shrinks_ten_times_as_much_as_keras_own_under_momentum():
    still = np.zeros((200, 2))
    coupled = weights_after(SGD(0.1, momentum=0.9, weight_decay=1e-3), still)
    decoupled = weights_after(keras.optimizers.SGD(0.1, momentum=0.9, weight_decay=1e-3), still)
    ratio = np.log(np.abs(coupled[0])) / np.log(np.abs(decoupled[0]))
    assert 9 < ratio < 10.1


def test_exempt_weights_are_neither_decayed_nor_clipped():
    options = {"momentum": 0.0, "weight_decay": 1.0, "clipping": 1e-6}
    exempt = {"weight_decay_exempt": ("gain",), "clipping_exempt": ("gain",)}
    np.testing.assert_allclose(weights_after(SGD(0.1, **options, **exempt), [[1.0, 1.0]], path="gain"), [0.9, -2.1])
    decayed = weights_after(SGD(0.1, **options, **exempt), [[1.0, 1.0]], path="kernel")
    np.testing.assert_allclose(decayed, [0.9, -1.8], rtol=1e-5)


def test_its_config_makes_an_equal_optimizer():
    optimizer = SGD(0.2, 0.8, True, weight_decay=0.1, clipping=0.01, clipping_exempt=("a",), weight_decay_exempt=("b",))
    assert SGD.from_config(optimizer.get_config()).get_config() == optimizer.get_config()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clipping": -1}, r"SGD: `clipping` must be positive, or None for no clipping, got -1\."),
        ({"momentum": 1.0}, r"SGD: `momentum` must be in \[0, 1\), got 1\.0\."),
        ({"gradient_accumulation_steps": 2}, r"SGD: `gradient_accumulation_steps` can't be combined .* got 2\."),
    ],
)
def test_what_it_can_not_do_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        SGD(0.1, **options)
