"""Pixels as each reference took them, and answers with names."""

import keras
import numpy as np
import pytest

from keras_resnets.models.preprocessing import (
    decode_predictions,
    imagenet_classes,
    normalized,
    preprocess_input,
    preprocessing_mode,
)

PIXELS = np.random.RandomState(0).randint(0, 256, (2, 5, 4, 3)).astype("float32")


@pytest.mark.parametrize("mode", ["torch", "tf", "caffe"])
def test_the_modes_are_those_of_keras_applications(mode):
    expected = keras.applications.imagenet_utils.preprocess_input(PIXELS.copy(), mode=mode)
    before = PIXELS.copy()
    np.testing.assert_allclose(preprocess_input(PIXELS, mode), expected, atol=1e-4)
    np.testing.assert_array_equal(PIXELS, before)
    whole = preprocess_input(PIXELS.astype("uint8"), mode)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(whole, expected, atol=1e-4)
    tensor = preprocess_input(keras.ops.convert_to_tensor(PIXELS), mode)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(tensor), expected, atol=1e-4)


def test_none_changes_nothing_and_other_channels_are_refused():
    np.testing.assert_array_equal(preprocess_input(PIXELS[..., :1], "none"), PIXELS[..., :1])
    with pytest.raises(ValueError, match="preprocess_input: mode 'tf' needs three channels, got shape"):
        preprocess_input(PIXELS[..., :1], "tf")


def test_a_network_names_its_mode():
    assert preprocessing_mode("resnet50_v1_keras") == "caffe"
    assert preprocessing_mode("ResNet50") == "torch"
    assert preprocessing_mode("resnet50d", "ra4_e3600_r224_in1k") == "tf"
    assert preprocessing_mode("MobileNetV2") == "tf"
    np.testing.assert_array_equal(preprocess_input(PIXELS, "MobileNetV2"), preprocess_input(PIXELS, "tf"))


def test_answers_get_the_names_that_ship():
    names = imagenet_classes()
    assert len(names) == len(set(names)) == 1000
    assert (names[0], names[207], names[999]) == ("tench", "golden retriever", "toilet tissue")
    answer = np.zeros((2, 1000), "float32")
    answer[0, 207], answer[0, 1], answer[1, 999] = 0.6, 0.3, 0.9
    best = decode_predictions(answer, top=2)
    assert [(index, name) for index, name, _ in best[0]] == [(207, "golden retriever"), (1, "goldfish")]
    assert best[1][0] == (999, "toilet tissue", pytest.approx(0.9))
    with pytest.raises(ValueError, match=r"decode_predictions: `predictions` must be \(batch, 1000\), got \(2, 10\)"):
        decode_predictions(np.zeros((2, 10)))


def test_a_normalization_layer_needs_positive_deviations():
    images = keras.Input((5, 4, 3))
    model = keras.Model(images, normalized(images, (1, 2, 3), 2.0))
    np.testing.assert_allclose(model.predict(PIXELS, verbose=0), (PIXELS - np.array([1, 2, 3])) / 2, rtol=1e-5)
    with pytest.raises(ValueError, match=r"normalized: `deviation` must be positive, got 0\.0 at least"):
        normalized(images, 0, (1, 0, 1))
