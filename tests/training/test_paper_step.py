"""Whole steps against a NumPy statement of the papers' formulae, which knows nothing of Keras."""

import keras
import numpy as np
import pytest

from keras_resnets.training.losses import CrossEntropy
from keras_resnets.training.optimizers import SGD, RMSprop
from keras_resnets.training.train_step import TrainingModel

CLASSES, FEATURES, BATCH = 5, 7, 12


class Reference:
    """Softmax regression in float64: kernel, bias, and a step as Foret et al. and Brock et al. write it."""

    def __init__(self, kernel, bias):
        self.weights = [kernel.astype("float64"), bias.astype("float64")]
        self.velocity = [np.zeros_like(w) for w in self.weights]
        self.average = [w.copy() for w in self.weights]
        self.step = 0

    def gradient(self, weights, x, labels, smoothing):
        logits = x @ weights[0] + weights[1]
        shares = np.exp(logits - logits.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        target = np.eye(CLASSES)[labels] * (1 - smoothing) + smoothing / CLASSES
        error = (shares - target) / len(x)
        return [x.T @ error, error.sum(0)]

    def descent(self, x, labels, smoothing, sharpness, share):
        weights = self.weights
        if sharpness:
            n = int(np.ceil(share * len(x)))
            uphill = self.gradient(weights, x[:n], labels[:n], smoothing)
            norm = np.sqrt(sum((g**2).sum() for g in uphill))
            weights = [w + sharpness * g / norm for w, g in zip(weights, uphill, strict=True)]
        return self.gradient(weights, x, labels, smoothing)

    def clipped(self, gradient, weight, clipping):
        axis = 0 if gradient.ndim == 2 else None
        norm = np.sqrt((gradient**2).sum(axis, keepdims=True))
        limit = clipping * np.maximum(np.sqrt((weight**2).sum(axis, keepdims=True)), 1e-3)
        return np.where(norm > limit, gradient * limit / np.maximum(norm, 1e-6), gradient)

    def update(self, x, labels, rate, clipping, decay, nesterov, ema, smoothing, sharpness=0.0, share=1.0, parts=1):
        pieces = zip(np.split(x, parts), np.split(labels, parts), strict=True)
        parts_of = [self.descent(images, some, smoothing, sharpness, share) for images, some in pieces]
        gradients = [sum(part) / parts for part in zip(*parts_of, strict=True)]
        for k, (gradient, weight) in enumerate(zip(gradients, self.weights, strict=True)):
            if clipping:
                gradient = self.clipped(gradient, weight, clipping)
            if k == 0:  # biases are not decayed
                gradient = gradient + decay * weight
            self.velocity[k] = 0.9 * self.velocity[k] + gradient
            move = gradient + 0.9 * self.velocity[k] if nesterov else self.velocity[k]
            self.weights[k] = weight - rate(self.step) * move
        d = min(ema, (1 + self.step) / (10 + self.step))
        self.average = [d * a + (1 - d) * w for a, w in zip(self.average, self.weights, strict=True)]
        self.step += 1


def rate(step):
    return 0.5 if step < 2 else 0.05


class Rate(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return keras.ops.where(step < 2, 0.5, 0.05)

    def get_config(self):
        return {}


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize(
    "options",
    [{}, {"sharpness": 0.05}, {"sharpness": 0.05, "sharpness_share": 0.2}, {"micro_batches": 3, "sharpness": 0.1}],
    ids=["sgd", "sam", "sam on a fifth", "sam in three parts"],
)
@pytest.mark.parametrize("loss_scaling", [False, True])
def test_five_steps_of_everything_equal_the_formulae(nesterov, options, loss_scaling):
    inputs = keras.Input((FEATURES,))
    model = TrainingModel(inputs, keras.layers.Dense(CLASSES, name="head")(inputs))
    optimizer = SGD(
        Rate(),
        nesterov=nesterov,
        clipping=0.05,
        weight_decay=1e-2,
        weight_decay_exempt=("bias",),
        loss_scaling=loss_scaling,
    )
    model.compile(optimizer, loss=CrossEntropy(0.1), average_decay=0.5, **options)
    random = np.random.RandomState(0)
    reference = Reference(*model.get_weights())
    fractions = []
    for _ in range(5):
        x, labels = random.normal(size=(BATCH, FEATURES)).astype("float32"), random.randint(0, CLASSES, BATCH)
        logs = model.train_on_batch(x, labels, return_dict=True)
        fractions.append(float(logs["clipped_fraction"]))
        reference.update(
            x.astype("float64"),
            labels,
            rate,
            clipping=0.05,
            decay=1e-2,
            nesterov=nesterov,
            ema=0.5,
            smoothing=0.1,
            sharpness=options.get("sharpness", 0.0),
            share=options.get("sharpness_share", 1.0),
            parts=options.get("micro_batches", 1),
        )
    assert max(fractions) > 0.3  # something was clipped
    for ours, expected in zip(model.get_weights(), reference.weights, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-6, rtol=1e-6)
    for ours, expected in zip(model.average.averages, reference.average, strict=True):
        np.testing.assert_allclose(ours.numpy(), expected, atol=1e-6, rtol=1e-6)


def test_rmsprop_is_keras_own_rule_after_clipping_and_decay():
    weight = keras.Variable(np.array([1.0, -2.0], "float32"), name="kernel")
    optimizer = RMSprop(0.1, rho=0.9, momentum=0.9, epsilon=1e-3, weight_decay=0.1)
    value, square, moment = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
    for gradient in ([0.3, 0.1], [0.2, -0.4], [0.0, 0.5]):
        optimizer.apply([keras.ops.convert_to_tensor(np.array(gradient, "float32"))], [weight])
        decayed = np.array(gradient) + 0.1 * value
        square = 0.9 * square + 0.1 * decayed**2
        moment = 0.9 * moment + 0.1 * decayed / np.sqrt(square + 1e-3)
        value = value - moment
    np.testing.assert_allclose(weight.numpy(), value, rtol=1e-6)


def test_a_weights_own_rate_multiplies_the_learning_rate():
    weights = [keras.Variable(np.ones(2, "float32"), name=name) for name in ("slow", "fast", "still")]
    optimizer = SGD(0.1, momentum=0.0)
    optimizer.build(weights)
    optimizer.rate_scales = {weights[0].path: 0.1, weights[2].path: 0.0}
    optimizer.rate_factor.assign(0.5)
    optimizer.apply([keras.ops.ones(2)] * 3, weights)
    moves = [1 - weight.numpy()[0] for weight in weights]
    np.testing.assert_allclose(moves, [0.005, 0.05, 0.0], rtol=1e-5)
    assert float(optimizer.learning_rate) == pytest.approx(0.05)
