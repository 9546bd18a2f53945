"""GoogLeNet: its auxiliary classifiers train with weight 0.3 and vanish."""

import keras
import numpy as np
import pytest

from keras_resnets import GoogLeNet, create_model
from keras_resnets.layers import LocalResponseNormalization
from keras_resnets.models.googlenet import LOSS_WEIGHTS, TAPS, losses_of, with_auxiliary_labels, without_auxiliary


def auxiliary():
    return GoogLeNet(auxiliary=True, classes=4, hidden=8, input_shape=(79, 79, 3), classifier_activation=None)


def answers_of(model, images):
    return model(images, training=False)


def batch(count=4):
    random = np.random.RandomState(0)
    return random.normal(size=(count, 79, 79, 3)).astype("float32"), random.randint(0, 4, count)


def test_its_maps_have_the_papers_sizes():
    model = GoogLeNet()
    names = ("stage3_block2", *TAPS.values(), "stage5_block2")
    sides = {name: model.get_layer(name).output.shape[1:] for name in names}
    assert sides == {
        "stage3_block2": (28, 28, 480),
        "stage4_block1": (14, 14, 512),
        "stage4_block4": (14, 14, 528),
        "stage5_block2": (7, 7, 1024),
    }
    assert create_model("googlenet").get_layer("auxiliary1_flatten").output.shape == (None, 4 * 4 * 128)


def test_without_its_auxiliaries_it_gives_the_same_predictions_from_the_same_weights():
    model, (images, _) = auxiliary(), batch()
    alone = without_auxiliary(model)
    assert not [layer.name for layer in alone.layers if layer.name.startswith("auxiliary")]
    assert [w.path for w in alone.weights] == [w.path for w in GoogLeNet(classes=4).weights]
    np.testing.assert_array_equal(answers_of(alone, images), answers_of(model, images)["predictions"])


def test_the_loss_is_the_papers_sum():
    model, (images, labels) = auxiliary(), batch()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", losses_of(loss), loss_weights=LOSS_WEIGHTS, run_eagerly=True)
    total = model.evaluate(*with_auxiliary_labels(images, labels), verbose=0, return_dict=True)["loss"]
    answers = answers_of(model, images)
    one, two, three = (float(loss(labels, answers[name])) for name in ("predictions", "auxiliary1", "auxiliary2"))
    assert total == pytest.approx(one + 0.3 * (two + three), rel=1e-4)


def test_a_training_step_moves_every_weight():
    model, (images, labels) = auxiliary(), batch()
    model.compile(
        "adam",
        losses_of(keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
        loss_weights=LOSS_WEIGHTS,
        run_eagerly=True,
    )
    before = model.get_weights()
    assert np.isfinite(model.train_on_batch(*with_auxiliary_labels(images, labels))[0])
    still = [w.path for w, old in zip(model.weights, before, strict=True) if np.array_equal(w.numpy(), old)]
    assert not still


def test_it_is_saved_with_all_its_answers(tmp_path):
    model, (images, _) = auxiliary(), batch(1)
    model.save(tmp_path / "model.keras")
    again = answers_of(keras.models.load_model(tmp_path / "model.keras"), images)
    for name, answer in answers_of(model, images).items():
        np.testing.assert_array_equal(again[name], answer)


def test_only_the_original_normalizes_responses():
    def norms(key):
        model = create_model(key, include_top=False, input_shape=(32, 32, 3))
        return sum(isinstance(layer, LocalResponseNormalization) for layer in model.layers)

    assert norms("googlenet_noaux") == 2
    assert norms("googlenet_bn_noaux") == 0


def test_at_initialization_it_is_as_caffe_fills_it():
    """Biases of 0.2 keep ReLUs alive where there is no batch norm; kernels uniform in +-sqrt(3 / fan_in)."""
    block = GoogLeNet(include_top=False).get_layer("stage4_block1")
    kernel, bias = block.branch3x3.get_layer("conv2").get_weights()
    np.testing.assert_array_equal(bias, np.float32(0.2))
    limit = np.sqrt(3 / (3 * 3 * 96))
    assert 0.98 * limit < np.abs(kernel).max() <= limit


def test_strided_auxiliaries_need_larger_images_than_the_network():
    small = GoogLeNet(last_pool=2, include_top=False, input_shape=(15, 15, 3))
    assert small.output_shape == (None, 1, 1, 1024)
    assert GoogLeNet(include_top=False, input_shape=(31, 31, 3)).output_shape == (None, 1, 1, 1024)
    with pytest.raises(ValueError, match="sides of at least 79 px"):
        GoogLeNet(auxiliary=True, input_shape=(78, 79, 3))


def test_a_model_without_auxiliaries_keeps_what_it_has():
    with pytest.raises(ValueError, match="without_auxiliary: `model` must have the outputs of auxiliary=True"):
        without_auxiliary(GoogLeNet(classes=4))
    with pytest.raises(ValueError, match="`large` must be 3 or 5, got 4"):
        GoogLeNet(large=4)
