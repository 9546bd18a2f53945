"""The loop that runs a command again: what it tries again, what it passes on, and when it gives up."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

SUPERVISE = Path(__file__).parents[2] / "examples/supervise.sh"
# Ends with the codes in a file, one a run.
COMMAND = 'code=$(head -n 1 codes); sed -i 1d codes; exit "$code"'


def supervised(folder, codes, **environment):
    (folder / "codes").write_text("".join(f"{code}\n" for code in codes))
    done = subprocess.run(
        [SUPERVISE, "bash", "-c", COMMAND],
        cwd=folder,
        env=os.environ | {"PAUSE": "0"} | environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.returncode, len((folder / "codes").read_text().split()), done.stderr


def test_tries_again_until_it_succeeds(tmp_path):
    assert supervised(tmp_path, [75, 137, 134, 143, 0])[:2] == (0, 0)


@pytest.mark.parametrize("code", [1, 2, 130])
def test_a_mistake_is_not_tried_again(tmp_path, code):
    assert supervised(tmp_path, [75, code, 0])[:2] == (code, 1)


def test_tries_more_codes_if_told_to(tmp_path):
    assert supervised(tmp_path, [1, 0], RETRY="1")[:2] == (0, 0)


def test_gives_up_after_so_many_restarts(tmp_path):
    code, left, said = supervised(tmp_path, [75] * 5, RESTARTS="2")
    assert (code, left) == (75, 2)
    assert "2 restarts were made, no more" in said


def test_sigterm_goes_to_the_command_and_no_other_try_follows(tmp_path):
    script = "trap 'echo saved >> log; exit 75' TERM; echo started >> log; while :; do sleep 0.05; done"
    process = subprocess.Popen([SUPERVISE, "bash", "-c", script], cwd=tmp_path, env=os.environ | {"PAUSE": "0"})
    try:
        deadline = time.monotonic() + 20
        while not (tmp_path / "log").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 75
    finally:
        process.kill()
    assert (tmp_path / "log").read_text().split() == ["started", "saved"]


def test_what_does_not_hear_sigterm_is_killed(tmp_path):
    script = "trap '' TERM; echo started >> log; exec sleep 60"
    environment = os.environ | {"PAUSE": "0", "GRACE": "0.2"}
    process = subprocess.Popen([SUPERVISE, "bash", "-c", script], cwd=tmp_path, env=environment)
    try:
        deadline = time.monotonic() + 20
        while not (tmp_path / "log").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 137
    finally:
        process.kill()
    assert (tmp_path / "log").read_text().split() == ["started"]
