"""The check of pixels' range, on a network that has really learned digits."""

import logging

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from keras_resnets.models import create_model
from keras_resnets.models.preprocessing import normalized
from keras_resnets.training.input_check import FOREIGN, check_input, require_recognized

MEAN, DEVIATION = 78.0, 96.0
DIGITS = (load_digits().images * (255 / 16)).astype("float32")[..., None]


def network_on(start, images, shape=(8, 8, 1), name="ResNet20", **options):
    return create_model(name, input_tensor=start, classes=10, classifier_activation=None, **options)


@pytest.fixture(scope="module")
def learned():
    """A small residual network after some seconds of training; its weights, to be put behind other preprocessing."""
    keras.utils.set_random_seed(0)
    images = keras.Input((8, 8, 1), name="images")
    network = network_on(normalized(images, MEAN, DEVIATION), images, blocks=(1, 1, 1))
    network.compile(
        keras.optimizers.SGD(0.1, momentum=0.9), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    network.fit(DIGITS[:1200], load_digits().target[:1200], batch_size=64, epochs=4, verbose=0)
    right = (network.predict(DIGITS[1200:], verbose=0).argmax(-1) == load_digits().target[1200:]).mean()
    assert right > 0.8
    return network


def behind(learned, preprocessing):
    """The learned weights behind other preprocessing, a function of the input tensor."""
    images = keras.Input((8, 8, 1), name="images")
    network = network_on(preprocessing(images), images, blocks=(1, 1, 1))
    network.set_weights(learned.get_weights())
    return network


NEW = DIGITS[1200:1264]


@pytest.mark.parametrize("images", [NEW, 255 - NEW, NEW * 0.6 + 20, np.repeat(NEW[:8], 8, axis=0)])
def test_pixels_0_to_255_pass_though_they_be_negatives_dim_or_alike(learned, images):
    assert check_input(learned, images).distance < FOREIGN
    require_recognized(learned, images)


@pytest.mark.parametrize(
    ("images", "cause"),
    [
        (NEW / 255, "the pixels lie in 0 to 1"),
        (NEW / 127.5 - 1, "the pixels are normalized twice"),
        ((NEW - MEAN) / DEVIATION, "the pixels are normalized twice"),
    ],
)
def test_pixels_of_another_range_are_named(learned, images, cause):
    with pytest.raises(ValueError, match=cause) as error:
        require_recognized(learned, images)
    assert "`--fine-tune.input-check warn`" in str(error.value)


@pytest.mark.parametrize(
    ("preprocessing", "cause"),
    [
        (lambda images: images, "nothing in it normalizes"),
        (
            lambda images: keras.layers.Rescaling(1 / DEVIATION, -MEAN / DEVIATION)(
                normalized(images, MEAN, DEVIATION)
            ),
            "the pixels are normalized twice",
        ),
    ],
)
def test_a_network_that_lacks_or_doubles_its_normalization_is_found(learned, preprocessing, cause):
    with pytest.raises(ValueError, match=cause):
        require_recognized(behind(learned, preprocessing), NEW)


def test_without_batch_norm_the_scaled_pixels_are_looked_at():
    photos = np.random.RandomState(0).normal(120, 60, (16, 32, 32, 3)).clip(0, 255).astype("float32")
    images = keras.Input((32, 32, 3), name="images")
    network = network_on(
        normalized(images, 120, 60), images, name="NFNetF0", blocks=(1, 1, 1, 1), widths=(16,) * 4, group_width=(8,) * 4
    )
    require_recognized(network, photos)
    with pytest.raises(ValueError, match="the pixels lie in 0 to 1"):
        require_recognized(network, photos / 255)


def test_a_warning_may_be_enough_and_off_is_off(learned, caplog):
    with caplog.at_level(logging.WARNING, logger="keras_resnets"):
        require_recognized(learned, NEW / 255, "off")
        assert not caplog.records
        require_recognized(learned, NEW / 255, "warn")
    assert "the pixels lie in 0 to 1" in caplog.text


def test_it_changes_nothing(learned):
    before = learned.get_weights()
    check_input(learned, NEW)
    for old, new in zip(before, learned.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
