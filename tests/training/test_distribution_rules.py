"""The doctor's table: every cell is tried, and is what the table says."""

import json

import pytest
import tensorflow as tf
from processes import run_on

from keras_resnets.recipe import Recipe, override
from keras_resnets.training.distribution_rules import FEATURES, KINDS, check, kind


def check_cells(devices):
    found = json.loads(run_on(devices, "cells.py").splitlines()[-1])
    for feature in FEATURES:
        reason = feature.refused.get(devices)
        if reason is None:
            assert found[feature.name] == "works", (feature.name, found[feature.name])
        else:
            assert found[feature.name].startswith("refused: train: ") and reason in found[feature.name]


def test_every_cell_of_two_replicas_is_what_the_table_says():
    check_cells("replicas")


@pytest.mark.slow
def test_every_cell_of_one_device_is_what_the_table_says():
    check_cells("one device")


@pytest.mark.slow
def test_every_cell_of_two_workers_is_what_the_table_says():
    check_cells("workers")


def test_what_is_refused_says_why_and_the_way_out(two_replicas):
    recipe = override(Recipe(), {"optimizer.micro_batches": 2})
    with pytest.raises(ValueError, match=r"can't be had on several replicas: .* Set `--no-synchronized-batch-norm`"):
        check(recipe, two_replicas)
    with pytest.raises(
        ValueError, match=r"`data.batch_size` must divide among 2 replicas, got 63. Choose a multiple of 2"
    ):
        check(override(Recipe(), {"data.batch_size": 63}), two_replicas)


def test_kinds(two_replicas):
    assert kind(tf.distribute.get_strategy()) == KINDS[0]
    assert kind(two_replicas) == KINDS[1]
