"""The doctor's table: every cell is tried, and is what the table says."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from keras_resnets.recipe import Recipe, override
from keras_resnets.training.distribution_rules import FEATURES, KINDS, check, kind

ROOT = Path(__file__).parents[2]
CELLS = Path(__file__).with_name("cells.py")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def tried(devices):
    """{feature: outcome} of cells.py on a kind of devices, in processes of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    environments = [environment]
    if devices == "workers":
        cluster = {"worker": [f"localhost:{port}" for port in free_ports(2)]}
        environments = [
            environment | {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": k}})}
            for k in range(2)
        ]
    command = [sys.executable, str(CELLS), devices]
    running = [
        subprocess.Popen(command, env=each, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for each in environments
    ]
    outputs = [process.communicate(timeout=900) for process in running]
    assert [process.returncode for process in running] == [0] * len(running), outputs[0][1][-3000:]
    return json.loads(outputs[0][0].splitlines()[-1])


def check_cells(devices):
    found = tried(devices)
    for feature in FEATURES:
        reason = feature.refused.get(devices)
        if reason is None:
            assert found[feature.name] == "works", (feature.name, found[feature.name])
        else:
            assert found[feature.name].startswith("refused: train: ") and reason in found[feature.name]


@pytest.mark.parametrize("devices", ["one device", "replicas"])
def test_every_cell_of_one_process_is_what_the_table_says(devices):
    check_cells(devices)


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
    import tensorflow as tf

    assert kind(tf.distribute.get_strategy()) == KINDS[0]
    assert kind(two_replicas) == KINDS[1]
