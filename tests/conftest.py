"""Every test sees two logical CPUs, so that two replicas fit on one machine, and TensorFlow without its greeting."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import pytest

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


@pytest.fixture(autouse=True)
def fresh_names_and_seed():
    """Each test starts from the same seed, and its layers from the same automatic names."""
    keras.backend.clear_session(free_memory=False)  # collecting garbage each time would take most of the suite
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def two_replicas():
    """One strategy for the whole session: a second one over the same devices would reuse its collectives' keys."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def pytest_addoption(parser):
    parser.addoption("--golden", action="store_true", help="write the names and shapes of weights anew")


LONG = ("test_equality", "test_distribution_rules", "drills", "test_cli", "test_model_contract", "test_run")
"""Words in the paths of files that take longest; they come first, so that no worker is left with one at the end."""


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: not any(word in str(item.path) for word in LONG))
