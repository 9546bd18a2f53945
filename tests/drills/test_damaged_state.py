"""Checkpoints that are not as they were written: passed over with a warning, and nothing is lost but time."""

import shutil
import signal

import pytest
from drilling import assert_same, recipe, to_the_end
from troubles import At, Signal

LEFT = [10, 12, 16]
"""Checkpoints of a run killed at step 18."""


def truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def bit_flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("killed") / "run"
    to_the_end(workdir, recipe(), -signal.SIGKILL, trouble=At((("on_train_batch_begin", 18, Signal(9)),)))
    assert [path.name for path in checkpoints(workdir)] == [f"step-{step:09d}.npz" for step in LEFT]
    return workdir


def checkpoints(workdir):
    return sorted((workdir / "checkpoints").iterdir())


def goes_on_from(step, damages, killed, workdir, whole):
    shutil.copytree(killed, workdir)
    for damage, path in zip(damages, reversed(checkpoints(workdir)), strict=False):
        damage(path)
    said = to_the_end(workdir, recipe())
    assert said.count("is damaged (its checksum does not fit") >= len(damages)
    assert (f"Going on after step {step}" if step else "the run starts again from step 0") in said
    assert_same(workdir, whole)


def test_newest_two_damaged(killed, tmp_path, whole, tally):
    """newest checkpoint bit-flipped, the one before truncated"""
    tally.tried = 1
    goes_on_from(10, (bit_flipped, truncated), killed, tmp_path / "run", whole)
    tally.add()


@pytest.mark.drill
@pytest.mark.parametrize("damage", [truncated, bit_flipped, empty])
def test_newest_damaged(damage, killed, tmp_path, whole, tally):
    """newest checkpoint damaged"""
    tally.drill, tally.tried = f"newest checkpoint {damage.__name__.replace('_', '-')}", 1
    goes_on_from(12, (damage,), killed, tmp_path / "run", whole)
    tally.add()


@pytest.mark.drill
def test_all_damaged(killed, tmp_path, whole, tally):
    """all three checkpoints damaged: starts again from step 0 and says so"""
    tally.tried = 1
    goes_on_from(0, (empty, bit_flipped, truncated), killed, tmp_path / "run", whole)
    tally.add()


@pytest.mark.drill
def test_all_damaged_and_killed_again(killed, tmp_path, whole, tally):
    """all damaged, restarted from 0, killed at step 6: its new checkpoint counts although damaged ones are newer"""
    tally.tried = 1
    shutil.copytree(killed, tmp_path / "run")
    for path in checkpoints(tmp_path / "run"):
        empty(path)
    trouble = At((("on_train_batch_begin", 6, Signal(9)),))
    to_the_end(tmp_path / "run", recipe(), -signal.SIGKILL, trouble=trouble)
    assert "Going on after step 4" in to_the_end(tmp_path / "run", recipe())
    assert_same(tmp_path / "run", whole)
    tally.add()
