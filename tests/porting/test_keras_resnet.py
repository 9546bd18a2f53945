"""Our Keras-flavored ResNets with the weights of keras.applications give what keras.applications gives."""

import keras
import numpy as np
import pytest

from keras_resnets.models import create_model
from keras_resnets.porting import keras_resnet, timm_resnet
from keras_resnets.porting.rename import Pair, collect, fill

TWINS = {
    "resnet50_v1_keras": keras.applications.ResNet50,
    "resnet101_v1_keras": keras.applications.ResNet101,
    "resnet152_v1_keras": keras.applications.ResNet152,
    "resnet50_v2_keras": keras.applications.ResNet50V2,
    "resnet101_v2_keras": keras.applications.ResNet101V2,
    "resnet152_v2_keras": keras.applications.ResNet152V2,
}


def randomized(model, seed=0):
    """{path: array} of `model` with norms and biases away from their first values, so that nothing hides."""
    rng, arrays = np.random.default_rng(seed), {}
    for weight in model.weights:
        name, shape = weight.path.rsplit("/", 1)[-1], tuple(weight.shape)
        if name in ("gamma", "moving_variance"):
            array = rng.uniform(0.7, 1.3, shape)
        elif name in ("beta", "moving_mean", "bias"):
            array = rng.normal(0, 0.1, shape)
        else:
            array = rng.normal(0, 1 / np.sqrt(np.prod(shape[:-1])), shape)
        weight.assign(array.astype("float32"))
        arrays[weight.path] = array.astype("float32")
    return arrays


def difference(ours, theirs):
    """Of two arrays, relative to the scale of the second."""
    return np.abs(np.asarray(ours) - np.asarray(theirs)).max() / np.abs(np.asarray(theirs)).max()


@pytest.mark.parametrize("key", ["resnet50_v1_keras", "resnet50_v2_keras"])
def test_features_equal_keras_applications_at_even_and_odd_size(key):
    options = {"weights": None, "include_top": False, "pooling": "avg", "input_shape": (None, None, 3)}
    twin, model = TWINS[key](**options), create_model(key, **options)
    fill(model, randomized(twin), keras_resnet.pairs(model))
    for size in (64, 75):
        images = np.random.default_rng(1).normal(0, 1, (2, size, size, 3)).astype("float32")
        assert difference(model(images), twin(images)) < 1e-5, f"{size} px"


def test_zeros_around_keras_v2_pooling_are_seen():
    """They win over negative values, which no activation has removed yet."""
    options = {"weights": None, "include_top": False, "input_shape": (64, 64, 3)}
    keras_v2, padded = (create_model("resnet50_v2_keras", pool=pool, **options) for pool in ("zeros", "conventions"))
    fill(padded, randomized(keras_v2), [Pair(w.path, w.path) for w in padded.weights])
    images = np.random.default_rng(1).normal(0, 1, (1, 64, 64, 3)).astype("float32")
    assert difference(padded(images), keras_v2(images)) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("key", TWINS)
@pytest.mark.parametrize("size", [64, 75])
def test_logits_equal_keras_applications(key, size):
    images = np.random.default_rng(1).normal(0, 1, (2, size, size, 3)).astype("float32")
    options = {"weights": None, "classifier_activation": None, "input_shape": (size, size, 3), "classes": 10}
    twin, model = TWINS[key](**options), create_model(key, **options)
    arrays = randomized(twin)
    fill(model, arrays, keras_resnet.pairs(model))
    found = difference(model(images), twin(images))
    print(f"{key} {size} px: {found:.1e}")
    assert found < 1e-5
    assert collect(model, keras_resnet.pairs(model)).keys() == arrays.keys()


def test_weights_of_the_wrong_flavor_are_refused():
    """Keras' convolutions have biases, torchvision's have none."""
    model = create_model("resnet50", input_shape=(32, 32, 3), classes=10)
    arrays = {"conv1_conv/bias": np.zeros(64, "float32")}
    with pytest.raises(ValueError, match="extra: conv1_conv/bias"):
        fill(model, arrays, keras_resnet.pairs(model))


@pytest.mark.parametrize("porting", [keras_resnet, timm_resnet])
def test_another_network_has_no_table(porting):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)], name="other")
    with pytest.raises(ValueError, match="other has no"):
        porting.pairs(model)
