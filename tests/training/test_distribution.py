"""Sums that each replica keeps for itself, read and given back; a lost worker in a sentence."""

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.training import distribution


def test_a_lost_worker_is_said_in_a_sentence_with_the_code_for_another_try(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{}")
    with (
        pytest.raises(
            distribution.WorkerLost, match=r"another worker was lost .*UnavailableError.* they go on from"
        ) as e,
        distribution.noticing_losses(),
    ):
        raise tf.errors.UnavailableError(None, None, "Graph execution error:\n and much more")
    assert e.value.exit_code == 75


def test_without_workers_no_worker_is_lost(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(tf.errors.UnavailableError), distribution.noticing_losses():
        raise tf.errors.UnavailableError(None, None, "a bucket of the cloud")


@pytest.mark.parametrize(("hosts", "here", "fits"), [("node[09-10]", "node09", True), ("node[9-10]", "node9", False)])
def test_a_slurm_job_whose_hosts_tensorflow_confuses_is_refused(monkeypatch, hosts, here, fits):
    job = {
        "SLURM_PROCID": "0",
        "SLURM_STEP_NUM_TASKS": "2",
        "SLURM_STEP_NODELIST": hosts,
        "SLURM_STEP_TASKS_PER_NODE": "1(x2)",
        "SLURMD_NODENAME": here,
        "CUDA_VISIBLE_DEVICES": "0",
    }
    for name, value in job.items():
        monkeypatch.setenv(name, value)
    if fits:
        assert distribution.slurm().task_id == 0
    else:
        with pytest.raises(ValueError, match=r"on node9, the address node10:8888, because it sorts hosts as text"):
            distribution.slurm()


def test_devices_that_are_not_there_are_refused_with_the_way_out(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    for devices, message in (
        ("gpus", "needs a GPU that TensorFlow sees; there is none. Use `--devices cpu`"),
        ("workers", "needs TF_CONFIG, which names all workers"),
        ("tpu", "`devices` must be one of auto, cpu, gpu, gpus, workers, got 'tpu'"),
    ):
        with pytest.raises(ValueError, match=message):
            distribution.strategy(devices)
    assert distribution.strategy().num_replicas_in_sync == 1


def test_what_each_replica_summed_is_read_and_given_back(two_replicas):
    with two_replicas.scope():
        mean = tf.keras.metrics.Mean()
    rows = np.array([[0.1, 3.0], [0.7, 5.0]], "float32")
    distribution.add_to_replicas(two_replicas, mean.variables, rows)
    np.testing.assert_array_equal(distribution.reader(two_replicas, mean.variables)(), rows)
    distribution.add_to_replicas(two_replicas, mean.variables, np.array([[4.0, 6.0]], "float32"))  # of one replica
    np.testing.assert_array_equal(
        distribution.reader(two_replicas, mean.variables)(), rows + np.array([2, 3], "float32")
    )
