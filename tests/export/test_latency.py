import time

import pytest

from keras_resnets.export.latency import latency, machine


@pytest.mark.parametrize("kind", ["tflite", "saved_model"])
def test_latency_counts_single_inferences_and_says_where(artifact, digits, kind):
    measured = latency(artifact.path(kind), digits[0], threads=2, runs=20)
    assert measured.runs == 20 and 0 < measured.minimum <= measured.median <= measured.maximum
    assert measured.threads == (2 if kind == "tflite" else None)
    assert measured.machine == machine() and measured.machine.endswith("cores")


def test_latency_stops_in_time_and_measures_at_least_once(artifact, digits):
    start = time.perf_counter()
    assert latency(artifact.path("tflite"), digits[0], runs=10**9, seconds=0.05).runs > 1
    assert latency(artifact.path("tflite"), digits[0], seconds=0).runs == 1
    assert time.perf_counter() - start < 5


def test_runs_and_threads_are_at_least_one(artifact, digits):
    with pytest.raises(ValueError, match="`runs` must be at least 1, got 0"):
        latency(artifact.path("tflite"), digits[0], runs=0)
    with pytest.raises(ValueError, match="`threads` must be at least 1, got 0"):
        latency(artifact.path("tflite"), digits[0], threads=0)
