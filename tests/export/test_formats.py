import keras
import numpy as np
import pytest
from scipy.special import softmax

from keras_resnets.export import predict
from keras_resnets.export.formats import open_model, probabilities
from keras_resnets.export.network import logits
from keras_resnets.export.tflite import write_tflite
from keras_resnets.models.resolution import at_resolution


def test_every_format_predicts_the_same_probabilities(artifact, trained, digits):
    expected = np.exp(logits(trained, digits[0]))
    expected /= expected.sum(-1, keepdims=True)
    for file in artifact.files:
        got = predict(artifact.path(file.format), digits[0])
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, expected, atol=1e-5)


def test_images_of_another_shape_are_refused(artifact, digits):
    for images in (digits[0][:, :4], digits[0][0], digits[0][:0]):
        with pytest.raises(ValueError, match=r"`images` must be \(n, 8, 8, 1\) for model.tflite, n at least 1, got"):
            predict(artifact.path("tflite"), images)


def test_a_path_without_a_model_names_the_way_out(artifact, digits, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no model at"):
        predict(tmp_path / "none.tflite", digits[0])
    with pytest.raises(ValueError, match=r"must be a \.tflite file, a \.keras file or a SavedModel's folder"):
        predict(tmp_path, digits[0])
    with pytest.raises(ValueError, match=r"That is an artifact; name one of its formats: .*model\.tflite"):
        predict(artifact.directory, digits[0])


@pytest.mark.parametrize("file", ["keras", "tflite"])
def test_a_file_that_pools_takes_images_of_another_size(artifact, trained, file):
    pixels = np.random.default_rng(0).uniform(0, 255, (3, 12, 10, 1)).astype("float32")
    opened = open_model(artifact.path(file)).resized(12, 10)
    assert opened.input_shape == (12, 10, 1)
    wanted = softmax(logits(at_resolution(trained, 12, 10), pixels), axis=1)
    np.testing.assert_allclose(probabilities(opened.run(pixels)), wanted, atol=1e-5)


def test_a_saved_model_says_that_its_size_is_fixed(artifact):
    opened = open_model(artifact.path("saved_model"))
    assert opened.resized(8, 8) is opened
    with pytest.raises(ValueError, match=r"saved_model takes images of 8x8 px only, got 12x12\. Use the \.keras"):
        opened.resized(12, 12)


def test_a_tflite_file_that_flattens_says_that_its_size_is_fixed(tmp_path):
    images = keras.Input((8, 8, 1))
    write_tflite(keras.Model(images, keras.layers.Dense(3)(keras.layers.Flatten()(images))), tmp_path / "flat.tflite")
    with pytest.raises(ValueError, match=r"flat\.tflite takes images of 8x8 px, and its graph can't be resized to 12"):
        open_model(tmp_path / "flat.tflite").resized(12, 12)
