"""Seeds: a row of what is drawn for a batch can be had without the others."""

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data.seeds import seed_of, uniform_at
from keras_resnets.data.share import Places


@pytest.mark.parametrize("shape", [(4,), (3, 3, 1), (7, 5, 3)])  # with and without a whole number of fours
@pytest.mark.parametrize(("first", "last"), [(0, 1), (1, 4), (7, 19), (250, 500)])
def test_chosen_rows_are_those_of_all(shape, first, last):
    chosen = np.arange(first, last)
    for step in range(3):
        seed = seed_of(3, "noise", tf.constant(step, tf.int64))
        rows = uniform_at(Places(500, chosen), shape, seed, maxval=255)
        assert np.array_equal(rows, uniform_at(Places(500), shape, seed, maxval=255).numpy()[chosen])


def test_seeds_differ_by_seed_purpose_and_step():
    drawn = {
        tuple(seed_of(seed, word, tf.constant(step)).numpy()) for seed in (0, 1) for word in "ab" for step in (0, 1)
    }
    assert len(drawn) == 8
