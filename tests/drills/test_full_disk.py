"""A disk that is full, or may only be read: training goes on or ends with a sentence, and nothing is half written."""

import shutil
import signal
import subprocess

import pytest
from drilling import assert_same, recipe, step_on_disk, to_the_end
from troubles import At, Signal, fill_disk, free_disk

pytestmark = pytest.mark.drill


@pytest.fixture
def disk(tmp_path):
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "drill", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small file system can't be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_full_for_some_steps(disk, whole, tally):
    """disk full from step 9 to 14: metrics, best network and checkpoints wait, training goes on"""
    tally.tried = 1
    trouble = At((("on_train_batch_begin", 9, fill_disk), ("on_train_batch_begin", 14, free_disk)))
    said = to_the_end(disk / "run", recipe(), trouble=trouble)
    for sentence in (
        "The row of epoch 0 waits for the next: [Errno 28] No space left on device: '",
        "The best network waits for the next epoch: [Errno 28]",
        "The state after step 10 is not saved before this is: [Errno 28]",
    ):
        assert sentence in said, said[-4000:]
    assert_same(disk / "run", whole)
    tally.add()


def test_killed_while_full(disk, whole, tally):
    """disk full from step 9, killed at 25; with room again the run goes on"""
    tally.tried = 1
    trouble = At((("on_train_batch_begin", 9, fill_disk), ("on_train_batch_begin", 25, Signal(9))))
    to_the_end(disk / "run", recipe(), -signal.SIGKILL, trouble=trouble)
    assert step_on_disk(disk / "run") == 8
    free_disk(disk / "run")
    to_the_end(disk / "run", recipe())
    assert_same(disk / "run", whole)
    tally.add()


@pytest.mark.parametrize(
    ("what", "moment", "step", "named"),
    [
        ("from step 9 to the end", "on_train_batch_begin", 9, "metrics.csv"),
        ("after the last step", "on_train_end", 40, "model.keras"),
    ],
)
def test_full_at_the_end(disk, whole, tally, what, moment, step, named):
    """disk full to the end: the run ends with a sentence that names the file; with room again it is finished"""
    tally.drill, tally.tried = f"disk full {what}: ends with a sentence that names {named}; finished with room again", 1
    said = to_the_end(disk / "run", recipe(), 1, trouble=At(((moment, step, fill_disk),)))
    assert "error:" in said
    assert "No space left on device" in said.rpartition("error:")[2], said[-4000:]
    assert named in said.rpartition("error:")[2], said[-4000:]
    assert not (disk / "run/model.keras").exists()
    free_disk(disk / "run")
    to_the_end(disk / "run", recipe())
    assert_same(disk / "run", whole)
    tally.add()


def test_full_in_export(disk, whole, tally):
    """disk full while the artifact is written: no half of it; finished with room again"""
    tally.tried = 1
    to_the_end(disk / "run", recipe())
    shutil.rmtree(disk / "run/artifact")
    (disk / "run/report.html").unlink()
    said = to_the_end(disk / "run", recipe(), 1, trouble=fill_disk)
    assert "No space left on device" in said.rpartition("error:")[2], said[-4000:]
    assert not (disk / "run/artifact").exists()
    free_disk(disk / "run")
    to_the_end(disk / "run", recipe())
    assert_same(disk / "run", whole)
    tally.add()


def test_read_only(disk, whole, tally):
    """workdir on a read-only file system: ends with a sentence that names it; goes on when it is writable"""
    tally.tried = 1
    trouble = At((("on_train_batch_begin", 18, Signal(9)),))
    to_the_end(disk / "run", recipe(), -signal.SIGKILL, trouble=trouble)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    said = to_the_end(disk / "run", recipe(), 1)
    assert "error: [Errno 30] Read-only file system: '" in said
    assert str(disk) in said.replace(" ", "")
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    to_the_end(disk / "run", recipe())
    assert_same(disk / "run", whole)
    tally.add()
