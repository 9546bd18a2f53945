import numpy as np
import pytest

from keras_resnets.export import predict
from keras_resnets.export.network import logits


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
