"""A run that is killed, however often and wherever, ends as if nothing had happened, to the last bit."""

import signal
import time

import numpy as np
import pytest
from drilling import Process, assert_same, recipe, result, step_on_disk, to_the_end
from troubles import At, KilledAtEveryKindOfFileOperation, PowerCutAtEveryKindOfFile, Signal

KILLS, KILLS_A_LIFE = 20, 4
MUST_BE_KILLED_AT = (
    "open .recipe.json.N.tmp",
    "os.rename checkpoints/.step-N.npz.N.tmp",
    "open metrics.csv",
    "open clipping.csv",
    "os.rename .best.half-written.keras",
    "os.rename .model.half-written.keras",
    "os.rename .evaluation.json.N.tmp",
    "open .artifact-/new/model.keras",
    "os.rename .artifact-/new",
    "os.rename artifact",
    "os.rename .run.json.N.tmp",
    "os.rename .report.html.N.tmp",
)
MUST_BE_TORN = ("checkpoints/.step-N.npz.N.tmp", "metrics.csv", "clipping.csv", ".best.half-written.keras")


def until_it_ends(workdir, trouble):
    """Starts the run again after each kill; returns the number of kills."""
    for kills in range(100):
        process = Process(workdir, recipe(), trouble)
        if (code := process.wait()) != -signal.SIGKILL:
            assert code == 0, process.said()[-3000:]
            return kills
    raise AssertionError("killed 100 times")


def test_one_kill_in_mid_epoch_and_one_asked_for_later(tmp_path, whole, tally):
    """SIGKILL in mid-epoch, then SIGTERM, then to the end"""
    tally.tried = 2
    to_the_end(tmp_path / "run", recipe(), -signal.SIGKILL, trouble=At((("on_train_batch_begin", 18, Signal(9)),)))
    assert step_on_disk(tmp_path / "run") == 16
    said = to_the_end(tmp_path / "run", recipe(), 75, trouble=At((("on_train_batch_begin", 26, Signal(15)),)))
    assert "Going on after step 16" in said
    assert f"the state after step {step_on_disk(tmp_path / 'run')} is in" in said
    to_the_end(tmp_path / "run", recipe())
    assert_same(tmp_path / "run", whole)
    tally.add(2)


@pytest.mark.drill
def test_two_replicas(tmp_path, tally):
    """two replicas in one process, SIGKILL in mid-epoch"""
    tally.tried = 1
    to_the_end(tmp_path / "whole", recipe(), replicas=2)
    trouble = At((("on_train_batch_begin", 18, Signal(9)),))
    to_the_end(tmp_path / "run", recipe(), -signal.SIGKILL, trouble=trouble, replicas=2)
    to_the_end(tmp_path / "run", recipe(), replicas=2)
    assert_same(tmp_path / "run", result(tmp_path / "whole"))
    tally.add()


@pytest.mark.drill
def test_kills_at_random_moments(tmp_path, whole, tally):
    """SIGKILL at random moments of a run's life: start-up, steps, saves, validation, export"""
    start = time.monotonic()
    to_the_end(tmp_path / "timed", recipe())
    longest, random, steps, lives = time.monotonic() - start, np.random.default_rng(0), [], 0
    while len(steps) < KILLS:
        workdir, lives = tmp_path / f"run{lives}", lives + 1
        for _ in range(KILLS_A_LIFE):
            process = Process(workdir, recipe())
            process.process.join(random.uniform(0, longest))
            process.signal()
            if process.wait() == 0:
                break
            tally.tried += 1
            steps.append(step_on_disk(workdir))
        to_the_end(workdir, recipe())
        assert_same(workdir, whole)
        tally.survived = len(steps)
    tally.notes.append(f"{lives} runs; newest checkpoints at the kills: {', '.join(map(str, steps))}")


@pytest.mark.drill
def test_a_kill_at_every_kind_of_file_operation(tmp_path, whole, tally):
    """SIGKILL before every kind of file operation of a run, from its lock to its report"""
    record = tmp_path / "kinds"
    kills = until_it_ends(tmp_path / "run", KilledAtEveryKindOfFileOperation(record))
    kinds = record.read_text().splitlines()
    tally.tried = kills
    assert set(MUST_BE_KILLED_AT) <= set(kinds)
    assert_same(tmp_path / "run", whole)
    tally.add(kills)


@pytest.mark.drill
def test_half_written_files_are_never_taken_for_whole_ones(tmp_path, whole, tally):
    """half of a file on disk, then SIGKILL: checkpoint, metrics, best and last network, evaluation"""
    record = tmp_path / "kinds"
    kills = until_it_ends(tmp_path / "run", PowerCutAtEveryKindOfFile(record))
    tally.tried = kills
    assert {f"fsync {name}" for name in MUST_BE_TORN} <= set(record.read_text().splitlines())
    assert_same(tmp_path / "run", whole)
    tally.add(kills)
