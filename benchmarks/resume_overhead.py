"""What it costs to be able to go on: a checkpoint after every step, and bit-reproducible kernels.

    python benchmarks/resume_overhead.py [ROUNDS]

ResNet-20 on the digits, 64 images a step. Each round runs every kind once, in a process of its own, one after the other
(so that what else the machine does hits all alike); the first epoch, which compiles, is left out. It prints the median
seconds a step over all epochs, and its ratio to the plain run's.
"""

import csv
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

EPOCH_STEPS, EPOCHS = 20, 6
KINDS = {
    "plain": [],
    "checkpoint every step": ["--checkpoint-steps", "1"],
    "deterministic": ["--deterministic"],
    "both": ["--checkpoint-steps", "1", "--deterministic"],
}


def seconds_a_step(flags):
    """One number an epoch, without the first."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "keras_resnets", "train", "--workdir", folder, "--data.batch-size", "64"]
        command += ["--steps", str(EPOCH_STEPS * EPOCHS), "--epoch-steps", str(EPOCH_STEPS), *flags, "--export.formats"]
        subprocess.run(command, check=True, capture_output=True)
        with open(Path(folder) / "metrics.csv", newline="") as file:
            return [float(row["seconds"]) / EPOCH_STEPS for row in csv.DictReader(file)][1:]


def main(rounds=3):
    """Measures and prints a table in Markdown."""
    measured = {kind: [] for kind in KINDS}
    for _ in range(rounds):
        for kind, flags in KINDS.items():
            measured[kind] += seconds_a_step(flags)
    print("| run | ms a step, median | fastest epoch | to the plain run | n epochs |\n|---|---|---|---|---|")
    plain = statistics.median(measured["plain"])
    for kind, seconds in measured.items():
        median = statistics.median(seconds)
        print(f"| {kind} | {median * 1e3:.1f} | {min(seconds) * 1e3:.1f} | {median / plain:.2f} | {len(seconds)} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
