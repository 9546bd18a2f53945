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
