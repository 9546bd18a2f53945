"""SIGTERM at any moment, two runs in one folder, a changed recipe, clocks that jump."""

import signal

import numpy as np
import pytest
from drilling import Process, assert_same, recipe, step_on_disk, to_the_end
from troubles import At, ClockJumps, Signal

pytestmark = pytest.mark.drill


@pytest.mark.parametrize(
    ("what", "moment", "step", "saved"),
    [
        ("in mid-epoch", "on_train_batch_begin", 17, (18, 19)),
        ("before the last step but one of an epoch", "on_train_batch_begin", 18, (20,)),
        ("in a validation", "on_test_begin", 20, (21, 22)),
        ("before the first step", "on_train_begin", 0, (1, 2)),
    ],
)
def test_asked_to_stop(tmp_path, whole, tally, what, moment, step, saved):
    """SIGTERM: leaves with 75 and the state saved"""
    tally.drill, tally.tried = f"SIGTERM {what}: leaves with 75 and the state saved", 1
    said = to_the_end(tmp_path / "run", recipe(), 75, trouble=At(((moment, step, Signal(15)),)))
    assert step_on_disk(tmp_path / "run") in saved
    assert f"the state after step {step_on_disk(tmp_path / 'run')} is in" in said
    to_the_end(tmp_path / "run", recipe())
    assert_same(tmp_path / "run", whole)
    tally.add()


def test_killed_in_a_validation_at_a_step_that_is_saved(tmp_path, whole, tally):
    """SIGKILL in the validation after step 20, at which a checkpoint is due: no row is lost"""
    tally.tried = 1
    to_the_end(tmp_path / "run", recipe(), -signal.SIGKILL, trouble=At((("on_test_begin", 20, Signal(9)),)))
    to_the_end(tmp_path / "run", recipe())
    assert_same(tmp_path / "run", whole)
    tally.add()


def test_asked_to_stop_while_it_is_built(tmp_path, whole, tally):
    """SIGTERM while the network is built: ends by the signal (143), nothing to save"""
    tally.tried = 1
    process = Process(tmp_path / "run", recipe())
    process.wait_for((tmp_path / "run/recipe.json").exists)
    process.signal(signal.SIGTERM)
    assert process.wait() == -signal.SIGTERM
    to_the_end(tmp_path / "run", recipe())
    assert_same(tmp_path / "run", whole)
    tally.add()


def test_asked_to_stop_in_the_last_validation(tmp_path, whole, tally):
    """SIGTERM in the last validation: all steps are done, so the run finishes"""
    tally.tried = 1
    to_the_end(tmp_path / "run", recipe(), trouble=At((("on_test_begin", 40, Signal(15)),)))
    assert_same(tmp_path / "run", whole)
    tally.add()


def test_a_second_run_and_a_changed_recipe_are_refused(tmp_path, whole, tally):
    """a second run in the folder of one that goes on, and a changed recipe afterwards: both refused, no harm done"""
    tally.tried = 2
    first = Process(tmp_path / "run", recipe())
    first.wait_for(lambda: step_on_disk(tmp_path / "run") >= 4)
    assert "a run is going on in" in to_the_end(tmp_path / "run", recipe(), 1, name="second")
    first.signal()
    first.wait()
    said = to_the_end(tmp_path / "run", recipe(schedule__peak=0.2), 1)
    assert "schedule.peak: 0.1 there, 0.2 now" in said
    to_the_end(tmp_path / "run", recipe())
    assert_same(tmp_path / "run", whole)
    tally.add(2)


def test_clock_jumps(tmp_path, whole, tally):
    """the clock jumps a year back and forth: same weights, true seconds"""
    tally.tried = 1
    to_the_end(tmp_path / "run", recipe(), trouble=ClockJumps())
    rows = np.genfromtxt(tmp_path / "run/metrics.csv", delimiter=",", names=True)
    assert (rows["seconds"] > 0).all()
    assert (rows["seconds"] < 300).all()
    assert_same(tmp_path / "run", whole)
    tally.add()
