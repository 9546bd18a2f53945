"""Two workers, of which one is killed, frozen or asked to stop: the other leaves, and both go on exactly."""

import signal
import time
from pathlib import Path

import pytest
from drilling import Process, assert_same, cluster, recipe, result, step_on_disk

pytestmark = pytest.mark.drill
SUPERVISE = Path(__file__).parents[2] / "examples/supervise.sh"
NOTICED = 60
"""Seconds within which a worker must have noticed that the other is gone."""


def pair(workdir, recipe, troubles=(None, None)):
    """Both workers of a run, started."""
    return [
        Process(workdir, recipe, trouble, environment, "workers", name=f"worker{k}")
        for k, (environment, trouble) in enumerate(zip(cluster(2), troubles, strict=True))
    ]


def both_to_the_end(workdir, recipe):
    workers = pair(workdir, recipe)
    codes = [worker.wait() for worker in workers]
    assert codes == [0, 0], workers[0].said()[-3000:]


@pytest.fixture(scope="module")
def whole_of_two(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("two") / "whole"
    both_to_the_end(workdir, recipe())
    return result(workdir)


@pytest.mark.parametrize("lost", [1, 0])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_other_worker_leaves_with_a_sentence_and_both_go_on(tmp_path, whole_of_two, tally, lost, number):
    """two workers, one killed or frozen: the other leaves with 75 and a sentence, both restarted go on"""
    tally.drill = f"two workers, worker {lost} {'killed' if number == signal.SIGKILL else 'frozen'}; both restarted"
    tally.tried = 1
    workers = pair(tmp_path / "run", recipe())
    workers[0].wait_for(lambda: step_on_disk(tmp_path / "run") >= 16)
    workers[lost].signal(number)
    start = time.monotonic()
    left = workers[1 - lost].wait(NOTICED)
    tally.notes.append(f"noticed after {time.monotonic() - start:.1f} s")
    workers[lost].signal()
    workers[lost].wait()
    assert left == 75
    assert "train: another worker was lost" in workers[1 - lost].said()
    both_to_the_end(tmp_path / "run", recipe())
    assert_same(tmp_path / "run", whole_of_two)
    tally.add()


def test_one_worker_asked_to_stop_takes_the_other_along(tmp_path, whole_of_two, tally):
    """two workers, SIGTERM to worker 1 only: both leave with 75 after the same step; both restarted"""
    tally.tried = 1
    workers = pair(tmp_path / "run", recipe())
    workers[0].wait_for(lambda: step_on_disk(tmp_path / "run") >= 12)
    workers[1].signal(signal.SIGTERM)
    assert [worker.wait() for worker in workers] == [75, 75], workers[0].said()[-3000:]
    step = step_on_disk(tmp_path / "run")
    assert all(f"the state after step {step} is in" in worker.said() for worker in workers)
    both_to_the_end(tmp_path / "run", recipe())
    assert_same(tmp_path / "run", whole_of_two)
    tally.add()
