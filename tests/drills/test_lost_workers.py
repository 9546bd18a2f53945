"""Two workers, of which one is killed, frozen or asked to stop: the other leaves, and both go on exactly."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import drilling
import pytest
from drilling import PATIENCE, SHORT, Process, assert_same, cluster, result, step_on_disk
from troubles import KilledAtEveryKindOfFileOperation

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
    both_to_the_end(workdir, SHORT)
    return result(workdir)


@pytest.mark.parametrize("lost", [1, 0])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_other_worker_leaves_with_a_sentence_and_both_go_on(tmp_path, whole_of_two, tally, lost, number):
    """two workers, one killed or frozen: the other leaves with 75 and a sentence, both restarted go on"""
    tally.drill = f"two workers, worker {lost} {'killed' if number == signal.SIGKILL else 'frozen'}; both restarted"
    tally.tried = 1
    workers = pair(tmp_path / "run", SHORT)
    workers[0].wait_for(lambda: step_on_disk(tmp_path / "run") >= 12)
    workers[lost].signal(number)
    start = time.monotonic()
    left = workers[1 - lost].wait(NOTICED)
    tally.notes.append(f"noticed after {time.monotonic() - start:.1f} s")
    workers[lost].signal()
    workers[lost].wait()
    assert left == 75
    assert "train: another worker was lost" in workers[1 - lost].said()
    both_to_the_end(tmp_path / "run", SHORT)
    assert_same(tmp_path / "run", whole_of_two)
    tally.add()


def test_one_worker_asked_to_stop_takes_the_other_along(tmp_path, whole_of_two, tally):
    """two workers, SIGTERM to worker 1 only: both leave with 75 after the same step; both restarted"""
    tally.tried = 1
    workers = pair(tmp_path / "run", SHORT)
    workers[0].wait_for(lambda: step_on_disk(tmp_path / "run") >= 8)
    workers[1].signal(signal.SIGTERM)
    assert [worker.wait() for worker in workers] == [75, 75], workers[0].said()[-3000:]
    step = step_on_disk(tmp_path / "run")
    assert all(f"the state after step {step} is in" in worker.said() for worker in workers)
    both_to_the_end(tmp_path / "run", SHORT)
    assert_same(tmp_path / "run", whole_of_two)
    tally.add()


def test_a_loop_brings_both_workers_to_the_end(tmp_path, whole_of_two, tally):
    """two workers under examples/supervise.sh, one killed: both start again and finish, and nobody touches them"""
    tally.tried = 1
    command = [SUPERVISE, sys.executable, drilling.__file__, tmp_path / "run"]
    log = tmp_path / "log"
    with log.open("ab") as output:
        loops = [
            subprocess.Popen(command, env=os.environ | task | {"PAUSE": "1"}, stdout=output, stderr=output)
            for task in cluster(2)
        ]
    try:
        deadline = time.monotonic() + PATIENCE
        while step_on_disk(tmp_path / "run") < 16:
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.05)
        start = time.monotonic()
        for child in children(loops[1].pid):
            os.kill(child, signal.SIGKILL)
        codes = [loop.wait(PATIENCE) for loop in loops]
    finally:
        for loop in loops:
            if loop.poll() is None:
                loop.terminate()
    tally.notes.append(f"from the kill to the end {time.monotonic() - start:.0f} s, with a restart")
    said = log.read_text()
    assert codes == [0, 0], said[-3000:]
    assert "supervise: ended with 137; restart 1" in said
    assert "supervise: ended with 75; restart 1" in said
    assert_same(tmp_path / "run", whole_of_two)
    tally.add()


def test_the_first_worker_killed_while_it_exports(tmp_path, whole_of_two, tally):
    """two workers, worker 0 killed while it evaluates at the end: both, started again by hand, finish"""
    tally.tried = 1
    trouble = KilledAtEveryKindOfFileOperation(tmp_path / "kinds", only="open .evaluation.json.N.tmp")
    workers = pair(tmp_path / "run", SHORT, (trouble, None))
    assert workers[0].wait() == -signal.SIGKILL
    left = workers[1].wait()
    tally.notes.append(f"worker 1 left with {left}")
    assert left in (0, 75)
    both_to_the_end(tmp_path / "run", SHORT)
    assert_same(tmp_path / "run", whole_of_two)
    tally.add()


def children(process):
    """The processes that a process started."""
    return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
