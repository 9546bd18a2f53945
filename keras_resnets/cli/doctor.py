"""The verb `doctor`."""

import importlib.metadata
import json as json_
import os
import platform
import shutil

from rich.table import Table

from keras_resnets.cli.messages import CONSOLE

PACKAGES = (
    "keras_resnets",
    "keras",
    "tensorflow",
    "numpy",
    "tensorflow-datasets",
    "ai-edge-litert",
    "scikit-learn",
    "keras-tuner",
    "jax",
)


def doctor(json: bool = False):
    """Show what this machine has, and what combines with one device, several replicas, and several workers.

    Args:
        json: Print JSON instead of tables.
    """
    from keras_resnets.training.distribution_rules import FEATURES, KINDS

    facts = {**_machine(), **_devices()}
    versions = {name: _version(name) for name in PACKAGES}
    matrix = [
        {"feature": feature.name} | {kind: feature.refused.get(kind, "works") for kind in KINDS} for feature in FEATURES
    ]
    if json:
        print(json_.dumps({"machine": facts, "packages": versions, "combines": matrix}, indent=1))
        return
    table = Table("", "", title="This machine")
    for name, value in [*facts.items(), *versions.items()]:
        table.add_row(name, str(value))
    CONSOLE.print(table)
    table = Table("feature", *KINDS, title="What combines")
    for row in matrix:
        table.add_row(row["feature"], *("works" if row[kind] == "works" else "refused" for kind in KINDS))
    CONSOLE.print(table)
    reasons = {f"{row['feature']}: {row[kind]}." for row in matrix for kind in KINDS if row[kind] != "works"}
    for reason in sorted(reasons):
        CONSOLE.print(reason)


def _machine():
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory": f"{memory / 2**30:.1f} GiB",
        "room in this folder": f"{shutil.disk_usage('.').free / 2**30:.1f} GiB",
    }


def _devices():
    import keras
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
    return {
        "Keras backend": keras.backend.backend(),
        "GPUs": ", ".join(names) or "none that TensorFlow sees",
        "workers": "named by TF_CONFIG" if "TF_CONFIG" in os.environ else "none named by TF_CONFIG",
    }


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
