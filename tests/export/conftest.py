"""One small trained network and its artifact, shared by the tests of the export."""

import sys

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from keras_resnets.export import export
from keras_resnets.export.latency import latency

CLASSES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def network(middle=(), policy=None, channels=1):
    """A small convolutional network for 8x8 images; `middle` are layers behind its batch norm."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy or before)
    images = keras.Input((8, 8, channels), name="images")
    x = keras.layers.Rescaling(1 / 64, offset=-1.0, name="normalization")(images)
    x = keras.layers.Conv2D(16, 3, padding="same", name="conv")(x)
    x = keras.layers.ReLU(name="relu")(keras.layers.BatchNormalization(name="bn")(x))
    for layer in middle:
        x = layer(x)
    x = keras.layers.GlobalMaxPooling2D(name="pool")(x)
    model = keras.Model(images, keras.layers.Dense(10, dtype="float32", name="predictions")(x), name="small")
    keras.config.set_dtype_policy(before)
    # Moving statistics as after training, so that training mode computes something else.
    model.get_layer("bn").set_weights([np.linspace(low, high, 16) for low, high in ((1, 2), (-1, 1), (-1, 1), (1, 4))])
    return model


@pytest.fixture(scope="session")
def names():
    return CLASSES


@pytest.fixture
def brief(monkeypatch):
    """Artifacts of this test measure latency on one image only."""
    module = sys.modules["keras_resnets.export.artifact"]
    monkeypatch.setattr(module, "latency", lambda path, images: latency(path, images, runs=1))


@pytest.fixture
def make_network():
    return network


@pytest.fixture(scope="session")
def digits():
    """(images uint8 (n, 8, 8, 1), labels) of 100 digits."""
    bunch = load_digits()
    return (bunch.images[:100, ..., None] * 15.9).astype("uint8"), bunch.target[:100]


@pytest.fixture(scope="session")
def trained(digits):
    keras.utils.set_random_seed(0)
    model = network()
    model.compile(keras.optimizers.Adam(0.02), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(*digits, epochs=40, batch_size=50, verbose=0)
    return model


@pytest.fixture(scope="session")
def artifact(trained, digits, tmp_path_factory):
    """An artifact with all formats and a card."""
    images, labels = digits
    card = {
        "training_data": "scikit-learn digits",
        "license": "Apache-2.0",
        "top1": 0.9,
        "top1_images": 100,
        "epochs": 40,
    }
    directory = tmp_path_factory.mktemp("models") / "small-digits"
    return export(trained, directory, class_names=CLASSES, images=images, labels=labels, card=card)
