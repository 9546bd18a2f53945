"""Run under another backend: does every layer and model of the contract tables give what TensorFlow gave?

    KERAS_BACKEND=jax python tests/backends/compare.py FOLDER NAME ...

FOLDER holds NAME.npz as `test_jax.py` writes it: weights "0", "1", ..., inputs "x" and outputs "y". Prints, as JSON,
{name: largest difference over the largest output}.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

import contracts  # noqa: E402

import keras_resnets  # noqa: E402


def build(name):
    """The layer or model of row `name` ("LAYERS/..." or "MODELS/..."), as a model."""
    table, row = name.split("/", 1)
    row = getattr(contracts, table)[row]
    if table == "MODELS":
        return keras_resnets.create_model(row.name, input_shape=row.input_shape, **row.options)
    images = keras.Input(row.input_shape)
    return keras.Model(images, row.create(**row.options)(images))


def inputs(model):
    return np.random.RandomState(1).normal(size=(2, *model.input_shape[1:])).astype("float32")


def answer(model, x):
    """All outputs of `model` in one row."""
    # Eager is the faster of the two for one batch on TensorFlow, compiled on JAX.
    y = model(x, training=False) if keras.backend.backend() == "tensorflow" else model.predict(x, verbose=0)
    return np.concatenate([np.ravel(keras.ops.convert_to_numpy(part)) for part in keras.tree.flatten(y)])


def main(folder, names):
    differences = {}
    for name in names:
        keras.backend.clear_session()
        model = build(name)
        with np.load(Path(folder) / f"{names.index(name)}.npz") as saved:
            model.set_weights([saved[str(index)] for index in range(len(model.weights))])
            y = answer(model, saved["x"])
            differences[name] = float(np.abs(y - saved["y"]).max() / max(np.abs(saved["y"]).max(), 1e-30))
    print(json.dumps(differences))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
