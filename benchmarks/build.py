"""Wall time and peak memory of building a network, and of its first and second training step.

    python benchmarks/build.py [MODEL] [BATCH] [remat]

`remat` recomputes each block's activations in the backward pass (keras.RematScope).
"""

import contextlib
import resource
import sys
import time

import keras
import numpy as np

import keras_resnets
from keras_resnets.training.losses import CrossEntropy
from keras_resnets.training.optimizers import SGD
from keras_resnets.training.train_step import TrainingModel


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def timed(what, function):
    start = time.perf_counter()
    result = function()
    print(f"{what}: {time.perf_counter() - start:.1f} s, peak memory {peak():.2f} GiB", flush=True)
    return result


def main(model="ResNet1202", batch=8, remat=None):
    print(f"{model}, batch {batch}, {'rematerialized' if remat else 'all activations kept'}; start {peak():.2f} GiB")
    scope = keras.RematScope(mode="activations") if remat else contextlib.nullcontext()
    with scope:
        network = timed("build", lambda: keras_resnets.create_model(model, classifier_activation=None))
        training = TrainingModel(network.inputs, network.outputs)
        training.compile(SGD(0.1, weight_decay=1e-4), loss=CrossEntropy())
    images = np.random.default_rng(0).normal(size=(int(batch), *network.input_shape[1:])).astype("float32")
    labels = np.arange(int(batch)) % network.output_shape[-1]
    for step in ("first step, with tracing", "second step"):
        logs = timed(step, lambda: training.train_on_batch(images, labels, return_dict=True))
        print(f"  loss {float(logs['loss']):.4f}, gradient norm {float(logs['gradient_norm']):.3g}")


if __name__ == "__main__":
    main(*sys.argv[1:])
