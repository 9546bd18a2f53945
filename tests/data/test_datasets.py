"""Data sets: what `load` promises, with everything made on the spot; no network."""

import dataclasses
import socket

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data import datasets, pipeline
from keras_resnets.data.examples import examples_to_arrays
from keras_resnets.data.normalization import statistics
from keras_resnets.recipe import Augment, Data, Recipe


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A directory with a prepared set `tiny`: 40 training and 12 test images of 6x6 px in 3 classes."""
    import tensorflow_datasets as tfds

    tfds.disable_progress_bar()
    features = tfds.features.FeaturesDict(
        {"image": tfds.features.Image(shape=(6, 6, 3)), "label": tfds.features.ClassLabel(names=["ant", "bee", "cow"])}
    )

    def split(size):
        images = np.random.default_rng(size).integers(0, 256, (size, 6, 6, 3), dtype="uint8")
        return tf.data.Dataset.from_tensor_slices({"image": images, "label": np.arange(size) % 3})

    directory = tmp_path_factory.mktemp("tfds")
    tfds.dataset_builders.store_as_tfds_dataset(
        name="tiny",
        version="1.0.0",
        features=features,
        split_datasets={"train": split(40), "test": split(12)},
        data_dir=directory,
        disable_shuffling=True,
    )
    return str(directory)


def test_digits_are_split_alike_whatever_the_seed_of_the_validation_set():
    one, other = datasets.load(Data(), seed=0), datasets.load(Data(), seed=1)
    assert (one.train.size, one.validation.size, one.test.size) == (1167, 130, 500)
    assert one.image_shape == (8, 8, 1) and one.class_names == tuple("0123456789")
    assert np.array_equal(one.test.arrays[0], other.test.arrays[0])
    assert not np.array_equal(one.validation.arrays[0], other.validation.arrays[0])
    assert one.train.arrays[0].max() == 255 and one.train.arrays[0].min() == 0
    shares = np.bincount(one.test.arrays[1]) / 500
    assert np.allclose(shares, 0.1, atol=0.01)


def test_the_facts_of_the_digits_are_those_of_the_loaded_set():
    digits, facts = datasets.load(Data(validation=0)), datasets.DATASETS["digits"]
    assert digits.validation is None
    assert (facts.classes, facts.size) == (len(digits.class_names), digits.image_shape)
    assert (facts.train, facts.test) == (digits.train.size, digits.test.size)


def test_images_are_resized_where_a_size_is_given():
    digits = datasets.load(Data(image_size=12))
    assert digits.image_shape == (12, 12, 1) == digits.train.arrays[0].shape[1:]


def test_a_stored_set_is_cropped_from_its_files_and_tested_at_another_size(prepared):
    data = Data(name="tiny", directory=prepared, image_size=5, test_size=8, resize="crop_resize", batch_size=4)
    recipe = Recipe(data=data, augment=Augment(crop="inception", crop_area=(0.5, 1.0)))
    tiny = datasets.load(data)
    assert (tiny.image_shape, tiny.test_shape, tiny.input_shape) == ((5, 5, 3), (8, 8, 3), (None, None, 3))
    assert next(iter(pipeline.training(tiny, recipe)))[0].shape == (4, 5, 5, 3)
    batches = pipeline.evaluation(tiny.test, 5).as_numpy_iterator()
    assert np.array_equal(np.concatenate([images for images, _ in batches]), examples_to_arrays(tiny.test)[0])
    own = datasets.load(Data(name="tiny", directory=prepared, batch_size=4))
    assert own.train.picture is None  # crops of images in memory that nothing has resized come from there
    assert next(iter(pipeline.training(own, recipe)))[0].shape == (4, 6, 6, 3)


def test_digits_are_tested_larger_than_they_are_trained():
    digits = datasets.load(Data(test_size=12))
    assert (digits.train.arrays[0].shape[1:], digits.test.arrays[0].shape[1:]) == ((8, 8, 1), (12, 12, 1))
    assert (digits.image_shape, digits.test_shape) == ((8, 8, 1), (12, 12, 1))


def test_normalizations_center_and_scale_the_training_images():
    digits = datasets.load(Data())
    images = digits.train.arrays[0].astype("float64")
    assert np.allclose([digits.mean, digits.deviation], [[images.mean()], [images.std()]], rtol=1e-5)
    mean, deviation = statistics(digits.train, digits.image_shape, "pixel-mean")
    assert np.allclose(mean, images.mean(axis=0), atol=1e-4) and np.array_equal(deviation, np.ones((8, 8, 1)))
    mean, deviation = statistics(digits.train, digits.image_shape, "none")
    assert np.array_equal([mean, deviation], [[0], [1]])


def test_statistics_of_a_stream_are_those_of_the_arrays(prepared):
    cached, streamed = (datasets.load(Data(name="tiny", directory=prepared, cache=cache)) for cache in (True, False))
    assert cached.train.cached and not streamed.train.cached
    assert np.array_equal(cached.mean, streamed.mean) and np.array_equal(cached.deviation, streamed.deviation)


def test_a_prepared_set_holds_out_the_end_of_its_training_split(prepared):
    whole = datasets.load(Data(name="tiny", directory=prepared, validation=0))
    parts = datasets.load(Data(name="tiny", directory=prepared, validation=0.25))
    assert whole.class_names == ("ant", "bee", "cow") and whole.image_shape == (6, 6, 3)
    assert (parts.train.size, parts.validation.size, parts.test.size) == (30, 10, 12)
    together = np.concatenate([parts.train.arrays[0], parts.validation.arrays[0]])
    assert np.array_equal(together, whole.train.arrays[0])
    assert np.array_equal(whole.train.arrays[1], np.arange(40) % 3)


def test_a_validation_share_that_leaves_nothing_is_an_error(prepared):
    with pytest.raises(ValueError, match=r"share of 0.001 of 40 training images leaves 0 for validation and 40"):
        datasets.load(Data(name="tiny", directory=prepared, validation=0.001))
    with pytest.raises(ValueError, match="must leave an example of each of the 10 classes"):
        datasets.load(Data(validation=0.005))


def test_a_directory_that_lacks_the_set_says_what_it_holds(prepared):
    with pytest.raises(FileNotFoundError, match=r"must hold 'mnist'.*mnist.*holds tiny\..*--data.name digits"):
        datasets.load(Data(name="mnist", directory=prepared))
    with pytest.raises(FileNotFoundError, match="`directory` must be an existing folder, got 'nowhere'"):
        datasets.load(Data(name="mnist", directory="nowhere"))


def test_an_unknown_name_is_answered_with_close_ones(prepared):
    with pytest.raises(ValueError, match=r"got 'mnsit'\. Did you mean 'mnist'"):
        datasets.load(Data(name="mnsit"))
    with pytest.raises(ValueError, match=r"got 'zzzz'.*holds tiny\."):
        datasets.load(Data(name="zzzz", directory=prepared))
    with pytest.raises(ValueError, match="asks for what tensorflow-datasets lacks"):
        datasets.load(Data(name="cifar10:1.0.0"))


def test_without_network_the_error_says_what_was_tried_and_the_ways_out(tmp_path, monkeypatch):
    def unreachable(*_, **__):
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    monkeypatch.setattr("tensorflow_datasets.core.constants.DATA_DIR", str(tmp_path))
    with pytest.raises(OSError, match=r"no such host: .*--data.directory.*--data.name digits") as caught:
        datasets.load(Data(name="cifar100"))
    assert f"not prepared in {tmp_path}" in str(caught.value)


def test_a_set_without_images_or_labels_is_refused_before_its_download():
    with pytest.raises(ValueError, match="'ag_news_subset' must hold images of 8 bits with one class label each"):
        datasets.load(Data(name="ag_news_subset"))


def test_what_is_loaded_is_frozen():
    digits = datasets.load(Data())
    with pytest.raises(dataclasses.FrozenInstanceError):
        digits.train.size = 3
