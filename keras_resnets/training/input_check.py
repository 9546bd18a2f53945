"""Does a network recognize the range of these photos' pixels? Compared with what its first batch norm remembers.

A swap of red and blue is beyond it: on CIFAR-10 it moves these statistics less than the choice of one class does.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from keras_resnets.data import pipeline
from keras_resnets.models.preprocessing import IMAGENET_DEVIATION, IMAGENET_MEAN

LOG = logging.getLogger(__name__)
IMAGES = 64
"""Photos that are looked at, at most."""
FOREIGN = 0.5
"""Distance from which a mistake is looked for. From a ResNet-20 trained on CIFAR-10, 64 of its images, also of a single
class, are 0.01 to 0.15, patches of other photos and digits 0.09 to 0.37, pixels in 0 to 1 1.27."""
PHOTO = (120.0, 64.0)
"""Mean and deviation of a photo's pixels, about; ImageNet's are 116 and 57 within its images."""
MEAN, DEVIATION = (255 * float(np.mean(values)) for values in (IMAGENET_MEAN, IMAGENET_DEVIATION))


@dataclass(frozen=True)
class Cause:
    """A mistake, how the pixels would have to be for the network to recognize them, and what to do."""

    text: str
    undo: Callable
    way_out: str


TWICE = "Give pixels 0 to 255, and normalize once: our `.keras` files hold the layer `normalization` that does it."
CAUSES = (
    Cause("the pixels lie in 0 to 1, and the network takes 0 to 255", lambda x: x * 255, "Multiply them by 255."),
    Cause("the pixels are normalized twice, once to -1 to 1", lambda x: (x + 1) * 127.5, TWICE),
    Cause("the pixels are normalized twice, once by mean and deviation", lambda x: x * DEVIATION + MEAN, TWICE),
    Cause(
        "the network learned from pixels in 0 to 1, but nothing in it divides by 255",
        lambda x: x / 255,
        "Put a Rescaling(1 / 255) layer named `normalization` before it, and save it anew.",
    ),
    Cause(
        "the network learned from pixels in -1 to 1, but nothing in it normalizes",
        lambda x: x / 127.5 - 1,
        "Say `--fine-tune.preprocessing tf`.",
    ),
    Cause(
        "the network learned from pixels normalized by mean and deviation, but nothing in it normalizes",
        lambda x: (x - MEAN) / DEVIATION,
        "Say `--fine-tune.preprocessing torch`, or port it with its preprocessing.",
    ),
)


@dataclass(frozen=True)
class InputCheck:
    """How far photos are from what a network learned from."""

    distance: float
    """Median over channels of the Kullback-Leibler divergence between two normal distributions, in nats: that of the
    photos, and that which the network remembers."""
    explained: float
    """The distance if `cause` were undone; `distance` without one."""
    cause: Cause | None
    """The mistake that explains the distance, None where the photos are recognized or nothing explains it."""
    seen: str
    """The pixels' range, mean and deviation."""


def check_photos(recipe, dataset, network):
    """`require_recognized` for the first training photos of a fine-tuned run, as they are fed."""
    if recipe.fine_tune.weights is None or recipe.fine_tune.input_check == "off":
        return
    batches = pipeline.training(dataset, recipe).take(math.ceil(IMAGES / recipe.data.batch_size))
    images = np.concatenate([images for images, _ in batches.as_numpy_iterator()])
    require_recognized(network, images[:IMAGES], recipe.fine_tune.input_check)


def check_input(network, images):
    """The `InputCheck` of `images`, float pixels (n, height, width, channels), as the network is fed them.

    With batch norm: the mean and variance of the first one's input, by channel, against its moving statistics. Without:
    what reaches the first weights against mean 0 and deviation 1 where the network scales pixels, else the pixels
    against a photo's.
    """
    images = np.asarray(images, "float32")
    measure = _measure(network)
    distance = measure(images)
    seen = f"{images.min():.3g} to {images.max():.3g}, mean {images.mean():.3g}, deviation {images.std():.3g}"
    if distance <= FOREIGN:
        return InputCheck(distance, distance, None, seen)
    explained, best = min(((measure(cause.undo(images)), k) for k, cause in enumerate(CAUSES)))
    found = explained < distance / 2
    return InputCheck(distance, explained if found else distance, CAUSES[best] if found else None, seen)


def require_recognized(network, images, action="fail"):
    """Raises ValueError ("fail") or logs a warning ("warn") where a mistake explains that photos look foreign; "off"
    does nothing. Photos that are foreign without such a cause are only warned of."""
    if action == "off":
        return
    result = check_input(network, images)
    if result.distance <= FOREIGN:
        return
    text = f"The network does not recognize the range of these photos: pixels {result.seen}; its first layers are "
    text += f"{result.distance:.2g} nats from what they learned from (photos usually less than {FOREIGN:g})"
    if result.cause is None:
        LOG.warning("%s. If they look as they should, go on: fine-tuning will have far to go.", text)
        return
    text += (
        f", and {result.explained:.2g} if {result.cause.text}. {result.cause.way_out} To train anyway: "
        "`--fine-tune.input-check warn`."
    )
    if action == "fail":
        raise ValueError(text)
    LOG.warning(text)


def _measure(network):
    """A function from pixels to their distance, in nats."""
    norms = [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    if norms:
        return lambda images: _distance(*_statistics(network, norms[0], images), *_remembered(norms[0]))
    first = next(layer for layer in network.layers if layer.weights)
    start = keras.Model(network.inputs[0], first.input)
    shape = (1, *network.input_shape[1:])
    black, white = (np.asarray(start(np.full(shape, level, "float32"))) for level in (0.0, 255.0))
    scaled = np.abs(white - black).mean() < 30  # 255 / 58 = 4.4 for ImageNet's deviation

    def measure(images):
        values = np.asarray(start(images) if scaled else images, "float64")
        mean, deviation = (0.0, 1.0) if scaled else PHOTO
        return _distance(values.mean((0, 1, 2)), values.var((0, 1, 2)), mean, deviation**2)

    return measure


def _statistics(network, norm, images):
    """Mean and variance of what reaches `norm`: where its averages would move from zero; nothing changes."""
    moving = norm.moving_mean, norm.moving_variance
    with keras.StatelessScope([(variable, ops.zeros_like(variable)) for variable in moving]) as scope:
        network(images, training=True)
    mean, variance = (np.asarray(scope.get_current_value(variable), "float64") for variable in moving)
    return mean / (1 - norm.momentum), variance / (1 - norm.momentum) + norm.epsilon


def _remembered(norm):
    mean, variance = (np.asarray(variable.numpy(), "float64") for variable in (norm.moving_mean, norm.moving_variance))
    return mean, variance + norm.epsilon


def _distance(mean, variance, expected_mean, expected_variance):
    ratio = np.maximum(variance, 1e-12) / expected_variance
    divergence = (ratio - 1 - np.log(ratio) + (mean - expected_mean) ** 2 / expected_variance) / 2
    return float(np.median(divergence))
