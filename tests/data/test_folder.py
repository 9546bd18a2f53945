"""Folders of images, drawn on the spot."""

import logging

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data import datasets, pipeline
from keras_resnets.data.nfnet_settings import nfnet_augment
from keras_resnets.recipe import Augment, Data, Recipe


def draw(path, count, seed=0, size=(20, 30), ending="jpg"):
    """Writes `count` smooth images of `size` (height, width) px to the folder `path`."""
    path.mkdir(parents=True, exist_ok=True)
    encode = {"jpg": tf.io.encode_jpeg, "png": tf.io.encode_png}[ending]
    small = np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 3))
    for i, image in enumerate(tf.cast(tf.image.resize(small, size), tf.uint8)):
        (path / f"{i:03}.{ending}").write_bytes(encode(image).numpy())


@pytest.fixture
def pets(tmp_path):
    draw(tmp_path / "cat", 20)
    draw(tmp_path / "dog", 15, seed=1, ending="png")
    return tmp_path


def load(path, **options):
    return datasets.load(Data(name=f"folder:{path}", **{"image_size": 16, **options}))


def test_sub_folders_are_classes_and_a_stratified_fifth_is_the_test_set(pets):
    one, again, other = load(pets), load(pets), datasets.load(Data(name=f"folder:{pets}", image_size=16), seed=5)
    assert one.class_names == ("cat", "dog") and one.image_shape == (16, 16, 3)
    assert (one.train.size, one.validation.size, one.test.size) == (25, 3, 7)
    assert np.bincount(one.test.arrays[1]).tolist() == [4, 3]
    assert np.array_equal(one.train.arrays[0], again.train.arrays[0])
    assert np.array_equal(one.test.arrays[0], other.test.arrays[0])


def test_images_read_as_needed_are_those_kept_in_memory(pets):
    kept, streamed = load(pets), load(pets, cache=False)
    assert kept.train.cached and not streamed.train.cached
    for one, other in zip(kept.train.arrays, streamed.train.arrays, strict=True):
        assert np.array_equal(one, other)


def test_folders_train_and_test_are_kept_apart(tmp_path):
    for split, count in (("train", 8), ("test", 3), ("val", 2)):
        for seed, name in enumerate(("cat", "dog")):
            draw(tmp_path / split / name, count, seed)
    pets = load(tmp_path)
    assert (pets.train.size, pets.validation.size, pets.test.size) == (16, 4, 6)
    draw(tmp_path / "test" / "emu", 1)
    with pytest.raises(ValueError, match=r"must hold the same classes; only in train/: \[\], only in test/: \['emu'\]"):
        load(tmp_path)


def test_undecodable_images_are_named_counted_and_skipped(pets, caplog):
    whole = (pets / "cat" / "000.jpg").read_bytes()
    (pets / "cat" / "half.jpg").write_bytes(whole[: len(whole) // 2])
    (pets / "dog" / "nothing.png").touch()
    (pets / "dog" / "notes.txt").write_text("no image by name, no image by content")
    (pets / "dog" / ".hidden.jpg").touch()
    with caplog.at_level(logging.WARNING, "keras_resnets"):
        found = load(pets)
    assert [name.split(":")[0] for name in found.skipped] == ["cat/half.jpg", "dog/nothing.png"]
    assert "nothing.png: the file is empty" in found.skipped[1]
    assert found.train.size + found.validation.size + found.test.size == 35
    assert "skipped 2 of 37 images" in caplog.text and "half.jpg" in caplog.text
    with pytest.raises(ValueError, match=r"(?s)2 of 37 images .*half.jpg.*--data.corrupt skip"):
        load(pets, corrupt="fail")


def test_a_class_of_which_nothing_can_be_decoded_is_an_error(pets):
    (pets / "emu").mkdir()
    with pytest.raises(ValueError, match=r"class 'emu' is empty: no file in .*ends in \.png"):
        load(pets)
    (pets / "emu" / "0.jpg").write_text("not an image")
    with pytest.raises(ValueError, match="class 'emu' is empty: not one of its images"):
        load(pets)


def test_fewer_than_two_classes_are_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"at least two sub-folders, one a class, got \[\]"):
        load(tmp_path)
    draw(tmp_path / "cat", 3)
    with pytest.raises(ValueError, match=r"at least two sub-folders, one a class, got \['cat'\]"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError, match="must be an existing folder"):
        load(tmp_path / "nowhere")


def test_images_are_not_enlarged_unless_a_size_is_given(pets):
    with pytest.raises(ValueError, match=r"35 of 35 images are smaller, e.g. cat.000.jpg \(30x20 px\).*\(20\)"):
        load(pets, image_size=None)
    assert load(pets, image_size=40).image_shape == (40, 40, 3)


def test_too_few_images_of_a_class_are_an_error(pets):
    draw(pets / "emu", 1)
    with pytest.raises(ValueError, match=r"test share of 0\.2 .* 1 of them 'emu', are too few"):
        load(pets)


@pytest.mark.parametrize("cache", [True, False])
def test_a_folder_is_tested_at_another_size_and_geometry_than_it_is_trained(pets, cache):
    found = load(pets, test_size=24, resize="resize_crop_32", interpolation="bicubic", antialias=False, cache=cache)
    assert (found.image_shape, found.test_shape) == ((16, 16, 3), (24, 24, 3))
    assert (found.input_shape, load(pets).input_shape) == ((None, None, 3), (16, 16, 3))
    assert found.train.arrays[0].shape == (25, 16, 16, 3)
    assert found.validation.arrays[0].shape == (3, 24, 24, 3) and found.test.arrays[0].shape == (7, 24, 24, 3)
    whole = load(pets, image_size=56, interpolation="bicubic", antialias=False).test.arrays[0]
    assert np.array_equal(found.test.arrays[0], whole[:, 16:40, 16:40])


def test_a_mean_image_of_another_size_than_the_test_images_is_refused(pets):
    with pytest.raises(ValueError, match=r"`normalization pixel-mean` is one image .* `test_size` of 24 and 16 px"):
        load(pets, test_size=24, normalization="pixel-mean")


@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("augment", [Augment(crop="scale", crop_scale=(18, 40)), nfnet_augment(0)], ids=["he", "nfnet"])
def test_photos_are_cropped_anew_in_each_epoch_and_a_resumed_run_sees_the_same(pets, augment, cache):
    recipe = Recipe(data=Data(name=f"folder:{pets}", image_size=16, batch_size=6, cache=cache), augment=augment)
    found = load(pets, cache=cache)
    whole = list(pipeline.training(found, recipe).take(6).as_numpy_iterator())
    assert whole[0][0].shape == (6, 16, 16, 3) and not np.array_equal(whole[0][0], whole[4][0])
    for before, after in zip(whole[5:], pipeline.training(found, recipe, 5).take(1).as_numpy_iterator(), strict=True):
        assert np.array_equal(before[0], after[0]) and np.array_equal(before[1], after[1])
