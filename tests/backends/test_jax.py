"""Layers and models on Keras' JAX backend: the same weights give the same outputs as on TensorFlow.

The tests run where jax is installed (`pip install -e .[dev,jax]`), or where $KERAS_RESNETS_JAX_PYTHON names an
interpreter that has jax, keras and h5py; it needs no TensorFlow.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import contracts
import keras
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("KERAS_RESNETS_JAX_PYTHON", sys.executable)
NAMES = [f"LAYERS/{name}" for name in contracts.LAYERS] + [f"MODELS/{name}" for name in contracts.MODELS]


def on_jax(*command):
    # Each small network runs once: compiling it well would take longer than it saves.
    flags = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    environment = os.environ | {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(ROOT),
        "XLA_FLAGS": flags,
    }
    return subprocess.run([PYTHON, *command], cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def jax():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("compares with TensorFlow, which is not the backend here")
    if on_jax("-c", "import jax").returncode:
        pytest.skip("jax is not installed: pip install -e .[jax], or set KERAS_RESNETS_JAX_PYTHON")


def test_the_package_imports_without_tensorflow(jax):
    finished = on_jax("-c", "import sys, keras_resnets; print('tensorflow' in sys.modules)")
    assert finished.stdout.strip() == "False", finished.stderr


def test_every_layer_and_model_gives_the_same_answer(jax, tmp_path):
    from compare import answer, build, inputs

    random = np.random.RandomState(0)
    for index, name in enumerate(NAMES):
        keras.backend.clear_session()
        model = build(name)
        # Positive numbers near 1 for what scales, so that no branch is silent and no variance negative.
        near_one = ("gamma", "variance", "gain")
        for weight in model.weights:
            scale = any(name in weight.path for name in near_one)
            weight.assign(random.uniform(0.5, 1.5, weight.shape) if scale else random.normal(0, 0.1, weight.shape))
        x = inputs(model)
        arrays = {str(number): value for number, value in enumerate(model.get_weights())}
        np.savez(tmp_path / f"{index}.npz", x=x, y=answer(model, x), **arrays)
    finished = on_jax("tests/backends/compare.py", str(tmp_path), *NAMES)
    assert finished.returncode == 0, finished.stderr[-3000:]
    differences = json.loads(finished.stdout.splitlines()[-1])
    assert set(differences) == set(NAMES)
    assert {name: value for name, value in differences.items() if not value < 1e-5} == {}


def test_a_training_step_on_jax(jax):
    script = (
        "import numpy as np, keras, keras_resnets as k;"
        "m = k.ResNet20(blocks=(1, 1, 1), input_shape=(8, 8, 3), stochastic_depth=0.2);"
        "m.compile('sgd', 'sparse_categorical_crossentropy');"
        "print(np.isfinite(m.train_on_batch(np.ones((4, 8, 8, 3)), np.arange(4))))"
    )
    finished = on_jax("-c", script)
    assert finished.stdout.strip().endswith("True"), finished.stderr
