import keras
import numpy as np
import pytest

from keras_resnets.export import ExportMismatch, export, saved_model
from keras_resnets.export.network import logits
from keras_resnets.export.verify import verify


def test_the_signature_takes_named_images_of_any_number_and_returns_logits_and_probabilities(artifact, trained, digits):
    opened = saved_model.open_saved_model(artifact.path("saved_model"))
    assert opened.input_shape == (8, 8, 1)
    for count in (1, 3, 70):
        outputs = opened.run(digits[0][:count])
        assert set(outputs) == {"logits", "probabilities"}
        np.testing.assert_allclose(outputs["logits"], logits(trained, digits[0][:count]), atol=1e-4)
        np.testing.assert_allclose(outputs["probabilities"].sum(-1), 1, atol=1e-5)


def test_a_batch_norm_that_runs_in_training_mode_is_refused_and_nothing_stays(
    tmp_path, monkeypatch, trained, digits, names
):
    def in_training(network, outputs):
        return lambda images: {"logits": network(images, training=True)}

    monkeypatch.setattr(saved_model, "_inference", in_training)
    with pytest.raises(ExportMismatch, match=r"saved_model: .* with Keras must be .* on 100 images"):
        export(trained, tmp_path / "new" / "a", class_names=names, images=digits[0], formats=("saved_model",))
    assert not list((tmp_path / "new").iterdir())


def test_a_layer_that_always_trains_is_refused_by_another_batch_size(tmp_path, make_network, digits):
    class Stubborn(keras.layers.BatchNormalization):
        def call(self, x, training=None):
            return super().call(x, training=True)

    model = make_network([Stubborn()])
    reference = logits(model, digits[0])
    saved_model.write_saved_model(model, tmp_path / "saved_model")
    with pytest.raises(ExportMismatch, match=r"a layer that ignores `training=False`"):
        verify("saved_model", tmp_path / "saved_model", digits[0], reference)
