"""Where a number comes from: what ran, on what data and machine, how long, with which versions."""

import os
import platform
import resource
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_resnets._version import __version__


def facts(recipe, name, dataset, network, seconds, steps):
    """Provenance: what ran, on what, how long, with which versions. seconds, steps: of training, updates."""
    return {
        "recipe": name or "keras-resnets train",
        "model": recipe.model,
        "parameters": sum(int(np.prod(weight.shape)) for weight in network.trainable_weights),
        "dataset": dataset.name,
        "note": dataset.note,
        "licence": dataset.licence,
        "training_images": dataset.train.size,
        "validation_images": 0 if dataset.validation is None else dataset.validation.size,
        "test_images": dataset.test.size,
        "skipped_images": list(dataset.skipped),
        "seconds": round(seconds, 1),
        "images_per_second": round(steps * recipe.data.batch_size / seconds, 1) if seconds else None,
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "keras_resnets": __version__,
        "commit": _commit(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _processor():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit():
    """The commit of the checkout this file is in, with "+" for uncommitted changes; None outside a checkout."""
    folder = Path(__file__).parent
    ask = ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(ask, capture_output=True, text=True, check=True, timeout=10).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None
