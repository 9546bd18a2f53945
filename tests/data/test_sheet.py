"""The sheet: rows are the first training images in the run's order, draws are what a run would make of them."""

import numpy as np
import pytest

from keras_resnets.data import datasets
from keras_resnets.data.nfnet_settings import nfnet_augment
from keras_resnets.data.sheet import sheet
from keras_resnets.recipe import Augment, Data, Recipe

DIGITS = datasets.load(Data())


def drawn(rows=4, columns=3, seed=0, **augment):
    return sheet(DIGITS, Recipe(augment=Augment(**augment), seed=seed), rows, columns)


def test_without_augmentation_each_draw_is_the_original():
    found = drawn()
    assert found.originals.shape == (4, 8, 8, 1) and found.draws.shape == (4, 3, 8, 8, 1)
    assert (found.draws == found.originals[:, None]).all()
    assert (found.shares == found.labels[:, None]).all() and (found.labels.sum(axis=-1) == 1).all()


def test_rows_are_the_same_images_whatever_is_done_to_them_and_draws_differ():
    plain, cropped, other = drawn(), drawn(crop="inception"), drawn(seed=1)
    assert np.array_equal(plain.originals, cropped.originals)
    assert not np.array_equal(plain.originals, other.originals)
    assert (cropped.draws[:, 0] != cropped.draws[:, 1]).any(axis=(1, 2, 3)).all()


def test_nfnets_mixing_shows_each_image_with_the_next():
    found = drawn(rows=6, mixing="nfnet", cutmix=1.0)
    following = np.roll(found.labels, -1, axis=0)
    for row in range(6):
        both = found.labels[row] + following[row]
        assert (found.shares[row][:, both == 0] == 0).all()
    assert np.allclose(found.shares.sum(axis=-1), 1)
    assert (found.shares.max(axis=-1) < 0.99).any()


@pytest.mark.parametrize("cache", [True, False])
def test_a_folder_is_drawn_from_its_files(tmp_path, cache):
    import tensorflow as tf

    for label, name in enumerate(("dark", "light")):
        (tmp_path / name).mkdir()
        for k in range(8):
            image = np.full((40 + k, 60, 3), 200 * label + k, "uint8")
            (tmp_path / name / f"{k}.png").write_bytes(tf.io.encode_png(image).numpy())
    data = Data(name=f"folder:{tmp_path}", image_size=24, batch_size=4, cache=cache, validation=0)
    found = sheet(datasets.load(data), Recipe(data=data, augment=nfnet_augment(0)), 3, 2)
    assert found.originals.shape == (3, 24, 24, 3) and found.draws.shape == (3, 2, 24, 24, 3)
    assert ((found.originals.mean(axis=(1, 2, 3)) >= 200) == found.labels[:, 1]).all()


def test_impossible_sheets_are_refused():
    with pytest.raises(ValueError, match="`rows` and `columns` must be at least 1, got 0 and 3"):
        drawn(rows=0)
    with pytest.raises(ValueError, match="`batch_size` must be at most the 1167 training images of digits, got 1168"):
        drawn(rows=1168)
