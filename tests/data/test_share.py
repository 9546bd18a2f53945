"""Shares: the workers' parts of a batch together are the batch, bit for bit, and nobody opens another's images."""

import dataclasses
import functools

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data import datasets, pipeline
from keras_resnets.data.examples import from_arrays, from_records
from keras_resnets.data.nfnet_settings import nfnet_augment
from keras_resnets.data.share import WHOLE, Places, Share
from keras_resnets.recipe import Augment, Data, Recipe

SIZE, BATCH, CLASSES, EPOCH = 48, 8, 5, 6
IMAGES = np.random.default_rng(0).integers(0, 256, (SIZE, 9, 7, 3), dtype="uint8")
IMAGES[:, 0, 0, 0] = np.arange(SIZE)  # says which image it is where nothing changes pixels
LABELS = np.arange(SIZE) % CLASSES
SHIFTED = Augment(crop_padding=2, flip=True, erase=0.4)
AUGMENTS = {
    "nothing": Augment(),
    "batch-wise": dataclasses.replace(SHIFTED, color_jitter=0.4, lighting=0.1),
    "inception": Augment(crop="inception", flip=True),
    "scale": Augment(crop="scale", crop_scale=(9, 16)),
    "rand-augment": dataclasses.replace(SHIFTED, rand_augment=1, rand_augment_policy="nfnet"),
    "keras-rand-augment": Augment(rand_augment=1),
    "mixup": dataclasses.replace(SHIFTED, mixup=0.2),
    "cutmix": Augment(cutmix=1.0),
    "pairs": dataclasses.replace(SHIFTED, mixing="nfnet", mixup=0.2, cutmix=1.0),
    "pairs-mixup": Augment(mixing="nfnet", mixup=0.2),
    "pairs-cutmix": Augment(mixing="nfnet", cutmix=1.0),
    "nfnet": dataclasses.replace(nfnet_augment(1), rand_augment=1),
}
MIXING = ("mixup", "cutmix")


def made(seen=None, cached=False):
    """A data set of `IMAGES`; each call of its decode function adds the image's number to the list `seen`."""
    if cached:
        examples = from_arrays(IMAGES, LABELS, classes=CLASSES)
    else:

        def read(number):
            if seen is not None:
                seen.append(int(number))
            return IMAGES[number]

        def decode(number, label):
            return tf.ensure_shape(tf.numpy_function(read, [number], tf.uint8), IMAGES.shape[1:]), label

        records = tf.data.Dataset.from_tensor_slices((np.arange(SIZE), LABELS))
        examples = from_records(records, decode, SIZE, classes=CLASSES)
    return datasets.Dataset(
        name="made",
        class_names=tuple("abcde"),
        image_shape=IMAGES.shape[1:],
        mean=np.zeros(3),
        deviation=np.ones(3),
        train=examples,
        validation=None,
        test=examples,
    )


def recipe(name, batch_size=BATCH):
    return Recipe(data=Data(batch_size=batch_size), augment=AUGMENTS[name])


def batches(dataset, recipe, count, start_step=0, share=WHOLE):
    return list(pipeline.training(dataset, recipe, start_step, share).take(count).as_numpy_iterator())


def assert_together_whole(name, workers, start, cached, batch_size=BATCH, count=2):
    asked, dataset = recipe(name, batch_size), made(cached=cached)
    whole = batches(dataset, asked, count, start)
    shares = [batches(dataset, asked, count, start, Share(i, workers)) for i in range(workers)]
    for step, batch in enumerate(whole):
        for kind, tensor in enumerate(batch):
            assert np.array_equal(np.concatenate([share[step][kind] for share in shares]), tensor), (name, step, kind)


@pytest.mark.parametrize("name", AUGMENTS)
def test_shares_together_are_the_batch(name):
    assert_together_whole(name, 2, 7, cached=False)


@pytest.mark.parametrize("name", ["nothing", "batch-wise", "pairs"])
def test_shares_of_one_image_each_and_of_a_set_in_memory_are_the_batch(name):
    assert_together_whole(name, 4, 0, cached=True, batch_size=4)


@pytest.mark.slow
@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("start", [0, 7])
@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("name", AUGMENTS)
def test_shares_together_are_the_batch_whatever_their_number(name, workers, start, cached):
    assert_together_whole(name, workers, start, cached)


@pytest.mark.parametrize("name", ["batch-wise", "pairs"])
def test_a_share_goes_on_at_a_later_step_as_if_it_had_not_stopped(name):
    dataset, asked, share = made(), recipe(name), Share(1, 2)
    later = batches(dataset, asked, 2, 7, share)
    for before, after in zip(batches(dataset, asked, 9, 0, share)[7:], later, strict=True):
        assert all(map(np.array_equal, before, after))


@pytest.mark.parametrize(("name", "workers"), [("nothing", 1), ("nothing", 2), ("nothing", 4), ("pairs", 4)])
def test_a_worker_decodes_its_share_and_no_more(name, workers):
    asked = recipe(name)
    raw = 2 * BATCH if name == "pairs" else BATCH
    order = np.concatenate([images[:, 0, 0, 0] for images, _ in batches(made(), recipe("nothing"), 60)]).astype(int)
    own = order.reshape(-1, raw // BATCH, workers, BATCH // workers)  # steps, batches, workers, images
    for index in range(workers):
        seen = []
        batches(made(seen), asked, EPOCH, 0, Share(index, workers))
        due = own[:, :, index].reshape(-1)
        assert len(seen) >= EPOCH * raw // workers
        assert sorted(seen) == sorted(due[: len(seen)])  # in parallel, but none out of turn


@pytest.mark.parametrize("name", MIXING)
def test_mixing_within_the_batch_opens_all_of_it(name):
    seen = []
    batches(made(seen), recipe(name), EPOCH, 0, Share(1, 4))
    assert set(seen[:SIZE]) == set(range(SIZE))


@pytest.mark.parametrize("workers", [2, 4])
def test_an_epoch_shows_each_image_once_over_all_workers(workers):
    shares = (batches(made(), recipe("nothing"), EPOCH, 0, Share(i, workers)) for i in range(workers))
    seen = [image for share in shares for images, _ in share for image in images[:, 0, 0, 0]]
    assert sorted(seen) == list(range(SIZE))


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize(("workers", "batch_size"), [(2, 10), (4, 20), (4, 16), (2, 64)])
def test_evaluation_counts_each_image_once_in_equally_many_batches(cached, workers, batch_size):
    seen = []
    examples = made(seen, cached).test
    shares = [
        list(pipeline.evaluation(examples, batch_size, Share(i, workers)).as_numpy_iterator()) for i in range(workers)
    ]
    assert {len(share) for share in shares} == {-(-SIZE // batch_size)}
    assert cached or sorted(seen) == list(range(SIZE))
    images, labels, weights = (
        np.concatenate([part for step in zip(*shares, strict=True) for part in (share[kind] for share in step)])
        for kind in range(3)
    )
    assert len(images) % batch_size == 0 and not images[weights == 0].any() and set(weights) <= {0, 1}
    assert np.array_equal(images[weights == 1], IMAGES) and np.array_equal(labels[weights == 1], LABELS)


def test_what_does_not_divide_is_an_error():
    with pytest.raises(ValueError, match=r"`batch_size` must divide among 3 input workers, got 8"):
        pipeline.training(made(), recipe("nothing"), 0, Share(0, 3))
    with pytest.raises(ValueError, match=r"`batch_size` must divide among 3 input workers, got 8"):
        pipeline.evaluation(made().test, BATCH, Share(0, 3))
    with pytest.raises(ValueError, match=r"`index` must be in \[0, 2\), got 2"):
        Share(2, 2)


def test_places_are_the_consecutive_parts_of_each_batch():
    assert Share(1, 4).places(8).chosen.tolist() == [2, 3]
    assert Share(1, 4).places(8, 2).chosen.tolist() == [2, 3, 10, 11]
    everything = functools.reduce(
        set.union, (set(Share(i, 4).places(8).positions(tf.constant(3)).numpy()) for i in range(4))
    )
    assert everything == set(WHOLE.places(8).positions(tf.constant(3)).numpy()) == set(range(24, 32))
    assert Places(3).of(LABELS) is LABELS and Places(48, np.array([7, 1])).of(LABELS).numpy().tolist() == [2, 1]
