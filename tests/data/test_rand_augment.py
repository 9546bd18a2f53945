"""RandAugment: Keras' layer or NFNet's operations, image by image, from the image's place in the run alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data import operations
from keras_resnets.data.rand_augment import fold_in, nfnet, rand_augment
from keras_resnets.data.seeds import StepSeeds, seed_of
from keras_resnets.recipe import Augment

IMAGE = tf.constant(np.random.default_rng(0).integers(0, 256, (12, 10, 3)).astype("float32"))
POLICIES = [Augment(rand_augment=2), Augment(rand_augment=2, rand_augment_policy="nfnet")]


def varied(augment, places, seed=0):
    vary = rand_augment(augment, (12, 10, 3), seed)
    places = tf.data.Dataset.from_tensor_slices(tf.constant(places, tf.int64))
    return np.stack(list(places.map(lambda place: vary(IMAGE, place)).as_numpy_iterator()))


@pytest.mark.parametrize("augment", POLICIES, ids=["keras", "nfnet"])
def test_an_image_depends_on_seed_and_place_alone(augment):
    images = varied(augment, range(16))
    assert images.dtype == "float32" and images.min() >= 0 and images.max() <= 255
    assert len(np.unique(images.reshape(16, -1), axis=0)) > 10
    assert np.array_equal(images[[7, 3]], varied(augment, [7, 3]))
    assert not np.array_equal(images, varied(augment, range(16), seed=1))


def test_keras_policy_is_the_layer_of_keras():
    augment = Augment(rand_augment=2, rand_augment_magnitude=0.4)
    layer = keras.layers.RandAugment(num_ops=2, factor=0.4)
    layer.generator = StepSeeds()
    for place, ours in enumerate(varied(augment, range(6))):
        layer.generator.start(seed_of(0, "augment", tf.constant(place, tf.int64)))
        theirs = layer.transform_images(IMAGE[None], layer.get_random_transformation(IMAGE[None]))
        assert np.allclose(ours, theirs[0], atol=1e-3)


def test_nfnet_applies_all_chosen_operations_in_order_and_chooses_evenly():
    names, count = list(operations.NFNET), 4
    seen = np.zeros(16)
    for place in range(60):
        seed = seed_of(0, "augment", tf.constant(place, tf.int64))
        chosen = tf.random.stateless_uniform([count], seed, maxval=16, dtype=tf.int32).numpy()
        seen += np.bincount(chosen, minlength=16)
        if place < 8:
            image = tf.cast(IMAGE, tf.uint8)
            for k, index in enumerate(chosen):
                image = operations.NFNET[names[index]](image, 10, fold_in(seed, k + 1))
            assert np.array_equal(nfnet(IMAGE, seed, count, 10), tf.cast(image, tf.float32))
    assert len(names) == 16 and seen.sum() == 240 and seen.min() > 3 and seen.max() < 35


def test_nfnet_clips_what_color_has_left_beyond_the_range():
    bright = nfnet(tf.fill((8, 8, 3), 300.0), tf.constant([1, 2], tf.int64), 0, 10)
    assert np.array_equal(bright, np.full((8, 8, 3), 255))


@pytest.mark.parametrize("augment", POLICIES, ids=["keras", "nfnet"])
def test_rand_augment_needs_three_channels(augment):
    with pytest.raises(ValueError, match="`rand_augment` needs images with 3 channels, got 1"):
        rand_augment(augment, (8, 8, 1), seed=0)
    assert rand_augment(Augment(), (8, 8, 1), seed=0) is None
