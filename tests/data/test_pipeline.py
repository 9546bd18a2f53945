"""The pipeline: the batch at step k is a pure function of the recipe and k."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data import datasets, pipeline
from keras_resnets.data.examples import Examples, examples_to_arrays, from_arrays, from_records
from keras_resnets.data.nfnet_settings import nfnet_augment
from keras_resnets.recipe import Augment, Data, Recipe

SHARED = Path(__file__).parents[2] / "../shared/data/tfds"
EVERYTHING = Augment(crop_padding=2, flip=True, rand_augment=1, erase=0.3, mixup=0.2, cutmix=1.0)
CROPPED = Augment(crop="inception", flip=True, color_jitter=0.4, lighting=0.1)
NFNET = dataclasses.replace(nfnet_augment(1), rand_augment=1)


def made(size=50, classes=5, cached=True):
    """A data set whose images (8, 8, 3) are all of one value: their position."""
    images = np.broadcast_to(np.arange(size, dtype="uint8")[:, None, None, None], (size, 8, 8, 3)).copy()
    labels = np.arange(size) % classes
    examples = from_arrays(images, labels, classes=classes)
    if not cached:
        records = tf.data.Dataset.from_tensor_slices((images, labels))
        examples = from_records(records, lambda *record: record, size, classes=classes)
    return datasets.Dataset(
        name="made",
        class_names=tuple("abcdefghij"[:classes]),
        image_shape=(8, 8, 3),
        mean=np.zeros(3),
        deviation=np.ones(3),
        train=examples,
        validation=None,
        test=examples,
    )


def recipe(batch_size=8, augment=None, seed=0):
    return Recipe(data=Data(batch_size=batch_size), augment=augment or Augment(), seed=seed)


def batches(dataset, recipe, count, start_step=0):
    return [tuple(map(np.array, batch)) for batch in pipeline.training(dataset, recipe, start_step).take(count)]


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize(
    "augment", [Augment(), EVERYTHING, CROPPED, NFNET], ids=["plain", "everything", "cropped", "nfnet"]
)
def test_a_later_start_continues_the_same_stream(cached, augment):
    dataset = made(cached=cached)
    whole = batches(dataset, recipe(augment=augment), 16)
    tf.random.set_seed(1234)  # the program's own seed must not matter
    for start in (5, 13):  # within the first epoch's last batch, and in the third epoch
        for before, after in zip(whole[start:], batches(dataset, recipe(augment=augment), 3, start), strict=False):
            assert np.array_equal(before[0], after[0]) and np.array_equal(before[1], after[1])


@pytest.mark.parametrize("cached", [True, False])
def test_each_epoch_shows_every_image_once_in_an_order_of_its_own(cached):
    seen = np.concatenate([images[:, 0, 0, 0] for images, _ in batches(made(cached=cached), recipe(10), 15)])
    epochs = seen.reshape(3, 50)
    assert all(sorted(epoch) == list(range(50)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_nfnets_mixing_makes_each_batch_of_twice_as_many_images_and_straddles_epochs():
    recipe_ = recipe(10, Augment(mixing="nfnet", cutmix=1.0))
    pixels, shares = zip(*batches(made(), recipe_, 5), strict=True)
    assert [len(images) for images in pixels] == [10] * 5
    order = np.concatenate([images[:, 0, 0, 0] for images, _ in batches(made(), recipe(20), 5)]).reshape(5, 2, 10)
    for images, labels, pair in zip(pixels, shares, order, strict=True):
        for image, share, (first, second) in zip(images, labels, pair.T, strict=True):
            assert set(np.unique(image)) <= {first, second}  # the raw images are those of a batch twice the size
            assert share[int(first) % 5] + share[int(second) % 5] * (first % 5 != second % 5) == pytest.approx(1)
    with pytest.raises(ValueError, match=r"`batch_size` must be at most .* got 26, twice of which are drawn for `aug"):
        pipeline.training(made(), recipe(26, NFNET))


def test_nfnets_are_varied_after_mixing_and_others_before():
    """Solarize' threshold makes the order visible: what is inverted after mixing has no value between."""
    images = np.zeros((50, 8, 8, 3), "uint8")
    images[::2] = 255
    dataset = dataclasses.replace(made(), train=from_arrays(images, np.arange(50) % 5, classes=5))
    seen = []
    for augment in (NFNET, dataclasses.replace(NFNET, mixing="batch", cutmix=0.0, mixup=0.2)):
        plain = dataclasses.replace(augment, crop="none")
        drawn, _ = batches(dataset, recipe(16, plain), 1)[0]
        seen.append(np.mean(drawn == np.round(drawn)))
    assert seen[0] == 1.0 > seen[1]  # operations end in whole levels, blends don't


@pytest.mark.parametrize("cached", [True, False])
def test_crops_are_taken_from_the_picture_before_it_was_resized(cached):
    gradient = np.broadcast_to(np.arange(64, dtype="uint8")[:, None, None], (64, 64, 3))
    files = tf.constant([tf.io.encode_png(gradient).numpy()] * 50)
    labels = np.arange(50) % 5
    examples = from_records(
        tf.data.Dataset.from_tensor_slices((files, labels)),
        lambda file, label: (tf.zeros((8, 8, 3), tf.uint8), label),  # as it would be resized
        50,
        classes=5,
        cached=cached,
        picture=lambda file, label: (file, label),
    )
    dataset = dataclasses.replace(made(), train=examples)
    images, labels = batches(dataset, recipe(20, Augment(crop="inception")), 1)[0]
    steps = np.diff(images[:, :, 0, 0], axis=1).mean(axis=1)
    assert images.shape == (20, 8, 8, 3) and steps.min() > 0.5 and steps.max() > 5 and len(set(labels)) == 5
    assert not batches(dataset, recipe(20), 1)[0][0].any()


def test_a_label_out_of_range_stops_a_stream_of_crops():
    records = tf.data.Dataset.from_tensor_slices((np.zeros((9, 8, 8, 3), "uint8"), [0, 1, 2, 3, 4, 0, 1, 7, -1]))
    examples = from_records(records, lambda *record: record, 9, classes=5)
    wrong = dataclasses.replace(made(), train=examples)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)labels must be in \[0, 5\)"):
        batches(wrong, recipe(9, CROPPED), 1)


def test_the_seed_changes_order_and_augmentation():
    dataset, augment = made(), Augment(crop_padding=2)
    one, other = batches(dataset, recipe(), 1)[0], batches(dataset, recipe(seed=1), 1)[0]
    assert not np.array_equal(one[1], other[1])
    bright = dataclasses.replace(dataset, train=from_arrays(np.full((50, 8, 8, 3), 255, "uint8"), np.arange(50) % 5))
    one, other = (batches(bright, recipe(augment=augment, seed=seed), 1)[0][0] for seed in (0, 1))
    assert not np.array_equal(one, other)


def test_batches_are_full_float_pixels_and_integer_labels():
    spec = pipeline.training(made(), recipe(augment=Augment(crop_padding=1, flip=True))).element_spec
    assert spec == (tf.TensorSpec((8, 8, 8, 3), tf.float32), tf.TensorSpec((8,), tf.int32))
    images, labels = batches(made(), recipe(), 1)[0]
    assert np.array_equal(images[:, 0, 0, 0] % 5, labels)


def test_mixed_labels_are_shares():
    _, labels = batches(made(), recipe(augment=Augment(mixup=1.0)), 1)[0]
    assert labels.shape == (8, 5) and labels.dtype == "float32"
    assert np.allclose(labels.sum(axis=1), 1) and (labels.max(axis=1) < 1).any()


def test_evaluation_keeps_order_and_the_short_last_batch():
    for cached in (True, False):
        found = list(pipeline.evaluation(made(cached=cached).test, 16))
        assert [len(labels) for _, labels in found] == [16, 16, 16, 2]
        assert np.concatenate([images[:, 0, 0, 0] for images, _ in found]).tolist() == list(range(50))


def test_an_epoch_counts_full_batches():
    assert pipeline.steps_per_epoch(made(), recipe(8)) == 6
    with pytest.raises(ValueError, match="`batch_size` must be at most the 50 training images of made, got 51"):
        pipeline.steps_per_epoch(made(), recipe(51))
    with pytest.raises(ValueError, match="`batch_size` must be at most the 50 training images"):
        pipeline.training(made(), recipe(51))


def test_a_label_out_of_range_is_named_with_its_position():
    images, labels = np.zeros((9, 8, 8, 3), "uint8"), np.array([0, 1, 2, 3, 4, 0, 1, 7, -1])
    wrong = dataclasses.replace(made(), train=from_arrays(images, labels, classes=5))
    with pytest.raises(ValueError, match=r"labels must be in \[0, 5\), got 7 at position 7 \(2 of 9"):
        pipeline.training(wrong, recipe(4))
    stream = Examples(tf.data.Dataset.from_tensor_slices((images, labels)), 9, classes=5)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)labels must be in \[0, 5\).*\[7\] \[7\]"):
        list(pipeline.evaluation(stream, 9))


def test_a_class_without_examples_is_named():
    lonely = made()
    lonely = dataclasses.replace(lonely, validation=from_arrays(np.zeros((4, 8, 8, 3), "uint8"), np.arange(4)))
    with pytest.raises(ValueError, match="each class needs an example in validation, class 'e' of made has none"):
        pipeline.check(lonely, recipe())


def test_arrays_are_the_first_examples():
    dataset = made(cached=False)
    images, labels = examples_to_arrays(dataset.test, 7)
    assert images.shape == (7, 8, 8, 3) and images.dtype == "uint8" and labels.tolist() == [0, 1, 2, 3, 4, 0, 1]
    assert len(examples_to_arrays(dataset.test)[0]) == 50
    with pytest.raises(ValueError, match="set of 60 examples must yield as many, got 50"):
        examples_to_arrays(dataclasses.replace(dataset.test, size=60))


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not on this machine")
def test_cifar10_is_held_out_as_in_the_paper():
    cifar = datasets.load(Data(name="cifar10", directory=str(SHARED), cache=False))
    assert (cifar.train.size, cifar.validation.size, cifar.test.size) == (45_000, 5_000, 10_000)
    assert cifar.class_names[0] == "airplane" and cifar.image_shape == (32, 32, 3)
    sample = examples_to_arrays(cifar.train, 2000)[0].reshape(-1, 3)
    assert np.allclose(sample.mean(axis=0), cifar.mean, atol=5)
    assert np.allclose(sample.std(axis=0), cifar.deviation, atol=5)
