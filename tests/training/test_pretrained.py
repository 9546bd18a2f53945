"""Where a fine-tuned run starts: the file's weights, preprocessing and size, and a new head."""

import types

import keras
import numpy as np
import pytest

from keras_resnets.models import create_model
from keras_resnets.models.preprocessing import normalized
from keras_resnets.recipe import Recipe, override
from keras_resnets.training.pretrained import pretrained_network, sized

OPTIONS = {"blocks": (1, 1, 1)}


def saved(path, shape=(16, 16, 3), classes=4, mean=(120, 110, 100), deviation=(60, 50, 40)):
    """The path of a network as runs save them, with weights and statistics other than the first ones."""
    start = normalized(keras.Input(shape, name="images"), mean, deviation)
    network = create_model("ResNet20", input_tensor=start, classes=classes, classifier_activation=None, **OPTIONS)
    random = np.random.RandomState(0)
    for weight in network.weights:
        weight.assign(weight.numpy() + random.uniform(0, 0.1, weight.shape))
    network.save(path)
    return str(path)


def recipe_of(weights, **changes):
    changes = {f"fine_tune.{name}": value for name, value in changes.items()}
    return override(Recipe(model_options=OPTIONS), {"fine_tune.weights": weights} | changes)


def photos(shape=(16, 16, 3), classes=3):
    """All that a start asks of a data set."""
    return types.SimpleNamespace(image_shape=shape, input_shape=shape, class_names=tuple("abcdefgh"[:classes]))


def body(network):
    """Its answer without the head."""
    return keras.Model(network.inputs[0], network.get_layer("pool").output)


def images(shape=(16, 16, 3)):
    return np.random.RandomState(1).uniform(0, 255, (4, *shape)).astype("float32")


def test_the_body_and_the_preprocessing_are_the_files_and_the_head_is_new(tmp_path):
    path = saved(tmp_path / "source.keras")
    source, network = keras.models.load_model(path), pretrained_network(recipe_of(path), photos())
    np.testing.assert_allclose(body(network)(images()), body(source)(images()), rtol=1e-5, atol=1e-5)
    assert network.output_shape == (None, 3)


def test_a_head_of_as_many_classes_is_new_too_unless_it_is_kept(tmp_path):
    path = saved(tmp_path / "source.keras")
    source = keras.models.load_model(path)
    new = pretrained_network(recipe_of(path), photos(classes=4))
    kept = pretrained_network(recipe_of(path, head="keep"), photos(classes=4))
    assert np.abs(new(images()) - source(images())).max() > 0.01
    np.testing.assert_allclose(kept(images()), source(images()), rtol=1e-5, atol=1e-5)


def test_photos_of_another_size_are_normalized_by_the_mean_of_the_mean_image(tmp_path):
    mean = np.random.RandomState(2).uniform(50, 200, (16, 16, 3))
    path = saved(tmp_path / "source.keras", mean=mean, deviation=np.ones((16, 16, 3)))
    same = pretrained_network(recipe_of(path), photos())
    np.testing.assert_allclose(
        body(same)(images()), body(keras.models.load_model(path))(images()), rtol=1e-4, atol=1e-4
    )
    larger = pretrained_network(recipe_of(path), photos((24, 24, 3)))
    expected = images((24, 24, 3)) - mean.mean((0, 1))
    np.testing.assert_allclose(larger.get_layer("normalization")(images((24, 24, 3))), expected, rtol=1e-4, atol=1e-3)


def test_gray_photos_are_three_equal_channels_to_a_network_of_color(tmp_path):
    path = saved(tmp_path / "source.keras")
    network = pretrained_network(recipe_of(path), photos((16, 16, 1)))
    gray = images((16, 16, 1))
    expected = body(keras.models.load_model(path))(np.repeat(gray, 3, axis=-1))
    np.testing.assert_allclose(body(network)(gray), expected, rtol=1e-5, atol=1e-5)


def test_photos_get_the_size_of_the_files_images_unless_the_recipe_names_one(tmp_path):
    path = saved(tmp_path / "source.keras")
    assert sized(recipe_of(path)).data.image_size == 16
    named = override(recipe_of(path), {"data.image_size": 24})
    assert sized(named) == named
    assert sized(Recipe()) == Recipe()


def test_a_file_that_holds_no_preprocessing_can_be_given_one(tmp_path):
    network = create_model("ResNet20", input_shape=(16, 16, 3), classifier_activation=None, **OPTIONS)
    network.save(tmp_path / "bare.keras")
    tuned = pretrained_network(recipe_of(str(tmp_path / "bare.keras"), preprocessing="tf"), photos())
    np.testing.assert_allclose(body(tuned)(images()), body(network)(images() / 127.5 - 1), rtol=1e-4, atol=1e-5)


def test_a_file_of_another_network_is_refused_by_name(tmp_path):
    path = saved(tmp_path / "source.keras")
    recipe = override(recipe_of(path), {"model": "ResNet20", "model_options": {"blocks": (2, 1, 1)}})
    with pytest.raises(
        ValueError, match=r"holds 'resnet20', which is another network than `model` 'ResNet20' with its"
    ):
        pretrained_network(recipe, photos())


@pytest.mark.parametrize(
    ("weights", "changes", "message"),
    [
        ("missing.keras", {}, r"names no file: .*missing.keras'. Give a run's best.keras"),
        ("text.keras", {}, r"can't be read as a network"),
        ("source.keras", {"head": "keep"}, r"needs as many classes as .*source.keras has, 4, got 3. Use `new`"),
        ("source.weights.h5", {}, r"does not say what preprocessing its weights expect. Say it by"),
    ],
)
def test_what_cannot_be_a_start_says_the_way_out(tmp_path, weights, changes, message):
    saved(tmp_path / "source.keras")
    (tmp_path / "text.keras").write_text("no network")
    with pytest.raises(ValueError, match=message):
        pretrained_network(recipe_of(str(tmp_path / weights), **changes), photos())
