"""The average network: a moving average of weights and batch statistics, and statistics taken afresh."""

import contextlib

import keras
import numpy as np
from keras import ops


class Average:
    """An exponential moving average of `variables`: a = d * a + (1 - d) * w, with d = `decay`.

    warmup: d = min(decay, (1 + t) / (10 + t)) at step t = 0, 1, ..., so that the first weights are soon forgotten.
    variables: Keras variables, batch statistics among them; what is no floating-point number is left out.
    The averages themselves are `self.averages`, in the order of `self.variables`; they are state of the run.
    Raises ValueError for a decay outside (0, 1).
    Source: Brock et al. 2021, arXiv:2102.06171, released code (`tf1_ema`), which also averages batch statistics.
    """

    def __init__(self, variables, decay, warmup=True):
        if not 0 < decay < 1:
            raise ValueError(f"Average: `decay` must be in (0, 1), got {decay}. For no average, make none.")
        self.decay, self.warmup = decay, warmup
        self.variables = [v for v in variables if keras.backend.is_float_dtype(v.dtype)]
        self.averages = [
            # every replica keeps its own, and all are equal because the weights are: no communication
            keras.Variable(v.numpy(), dtype=v.dtype, trainable=False, aggregation="none", name=f"average_{v.name}")
            for v in self.variables
        ]

    def update(self, step):
        """Takes in the weights after the update of `step`, an integer tensor that counts from 0."""
        decay = ops.convert_to_tensor(self.decay, "float32")
        if self.warmup:
            step = ops.cast(step, "float32")
            decay = ops.minimum(decay, (1 + step) / (10 + step))
        for average, variable in zip(self.averages, self.variables, strict=True):
            share = ops.cast(1 - decay, average.dtype)
            average.assign(average + share * (variable - average))

    def swap(self):
        """Exchanges weights and averages."""
        for average, variable in zip(self.averages, self.variables, strict=True):
            weight = variable.numpy()
            variable.assign(average.numpy())
            average.assign(weight)

    @contextlib.contextmanager
    def in_place(self):
        """While it lasts, the network has the averaged weights; afterwards its own again."""
        self.swap()
        try:
            yield
        finally:
            self.swap()

    def copy_to_weights(self):
        """Gives the network the averaged weights for good; training can't go on from them."""
        for average, variable in zip(self.averages, self.variables, strict=True):
            variable.assign(average.numpy())


def recalibrate_batch_norm(model, batches):
    """Sets every batch norm's mean and variance to those of all images of `batches` under the weights as they are.

    batches: iterable of image batches, or of tuples that begin with them, as the network takes them; augmented as in
        training. The variance is that of all batches together: the mean of their variances plus the variance of their
        means. Dropout and stochastic depth act as in training, because statistics in training saw them.
    Returns the number of batches. Raises ValueError for a model without batch norm, or no batch.
    Source: Izmailov et al. 2018, arXiv:1803.05407, section 3.2 (averaged weights need statistics of their own); Wu and
    Johnson 2021, arXiv:2105.07576, section 3 (precise statistics).
    """
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    if not layers:
        raise ValueError(f"recalibrate_batch_norm: `model` must have batch norm layers, {model.name} has none.")
    means, variances, squares, count = [0.0] * len(layers), [0.0] * len(layers), [0.0] * len(layers), 0
    for batch in batches:
        images = batch[0] if isinstance(batch, tuple | list) else batch
        for k, (mean, variance) in enumerate(_statistics(model, layers, images)):
            means[k] += mean
            squares[k] += mean**2
            variances[k] += variance
        count += 1
    if not count:
        raise ValueError("recalibrate_batch_norm: `batches` must hold at least one batch, got none.")
    for layer, mean, square, variance in zip(layers, means, squares, variances, strict=True):
        layer.moving_mean.assign(mean / count)
        layer.moving_variance.assign(variance / count + square / count - (mean / count) ** 2)
    return count


def _statistics(model, layers, images):
    """(mean, variance) of the batch at each of `layers`, float64: what its running average would move towards."""
    zeros = [(v, ops.zeros_like(v)) for layer in layers for v in (layer.moving_mean, layer.moving_variance)]
    with keras.StatelessScope(zeros) as scope:
        model(images, training=True)
    for layer in layers:
        moved = (scope.get_current_value(v) for v in (layer.moving_mean, layer.moving_variance))
        yield tuple(np.asarray(value, "float64") / (1 - layer.momentum) for value in moved)
