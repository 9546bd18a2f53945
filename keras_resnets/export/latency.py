"""How long one image takes: a model file in its runtime on this machine."""

import os
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_resnets.export.formats import format_of, open_model


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Wall time of single-image inferences, warm."""

    median: float
    """ms."""
    minimum: float
    """ms."""
    maximum: float
    """ms."""
    runs: int
    """Timed inferences."""
    threads: int | None
    """Threads of the interpreter; None is TensorFlow's own choice."""
    machine: str
    """Processor and the number of cores this process may use."""


def latency(path, images, threads=1, runs=100, seconds=0.5):
    """The `Latency` of the file or SavedModel at `path` on `images` (n, height, width, channels), one after the other.

    threads: at least 1, for TFLite. runs: the most inferences to time. seconds: no further one starts after them.
    Three inferences before the first timed one warm it up.
    Raises ValueError if `threads` or `runs` is below 1.
    """
    for name, value in (("threads", threads), ("runs", runs)):
        if value < 1:
            raise ValueError(f"latency: `{name}` must be at least 1, got {value}.")
    run = open_model(path, threads).run
    singles = [np.asarray(image, "float32")[None] for image in images[:runs]]
    for k in range(3):
        run(singles[k % len(singles)])
    times, stop = [], time.perf_counter() + seconds
    while len(times) < runs and (not times or time.perf_counter() < stop):
        image = singles[len(times) % len(singles)]
        start = time.perf_counter()
        run(image)
        times.append(1000 * (time.perf_counter() - start))
    return Latency(
        median=statistics.median(times),
        minimum=min(times),
        maximum=max(times),
        runs=len(times),
        threads=threads if format_of(path).threads else None,
        machine=machine(),
    )


def machine():
    """The processor's name, where the system tells it, and the number of cores this process may use."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores"
