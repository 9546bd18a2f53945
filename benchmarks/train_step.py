"""What adaptive gradient clipping, sharpness-aware minimization and the moving average add to a train step.

    python benchmarks/train_step.py                                ResNet-50, 224 px, batch 16
    python benchmarks/train_step.py --size 96 --batch 8 --rounds 5

Builds one ResNet-50, compiles it once for each variant, and times their steps in turn, A B C A B C, in this process.
Ratios are of processor seconds (of all threads), which other processes on the machine disturb less than wall time.
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

import keras_resnets
from keras_resnets.training.losses import CrossEntropy
from keras_resnets.training.optimizers import SGD
from keras_resnets.training.train_step import TrainingModel

VARIANTS = {
    "plain": ({}, {}),
    "clipping": ({"clipping": 0.01}, {}),
    "moving average": ({}, {"average_decay": 0.9999}),
    "sharpness on a fifth": ({}, {"sharpness": 0.05, "sharpness_share": 0.2}),
    "sharpness": ({}, {"sharpness": 0.05}),
}
"""{name: (arguments of SGD, of compile)}."""


def steps(size, batch):
    """{name: function that does one step}, all of one network, traced."""
    network = keras_resnets.ResNet50(input_shape=(size, size, 3), classifier_activation=None)
    random = np.random.RandomState(0)
    data = (
        tf.constant(random.normal(size=(batch, size, size, 3)), tf.float32),
        tf.constant(random.randint(0, 1000, batch)),
    )
    found = {}
    for name, (optimizer, compiling) in VARIANTS.items():
        model = TrainingModel(network.inputs, network.outputs)
        model.compile(SGD(1e-3, weight_decay=1e-4, **optimizer), loss=CrossEntropy(), **compiling)
        step = tf.function(model.train_step)
        found[name] = lambda step=step: float(step(data)["loss"])
        found[name]()
        print(f"traced: {name}", flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=224, help="px")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    found = steps(arguments.size, arguments.batch)
    seconds = {name: [] for name in found}
    for number in range(arguments.rounds):
        names = list(found) if number % 2 == 0 else list(found)[::-1]
        for name in names:
            start = time.process_time()
            found[name]()
            seconds[name].append(time.process_time() - start)
    print(f"ResNet-50, {arguments.size} px, batch {arguments.batch}, {arguments.rounds} rounds, {os.cpu_count()} cores")
    for name, times in seconds.items():
        ratios = np.array(times) / np.array(seconds["plain"])
        low, middle, high = np.quantile(ratios, [0, 0.5, 1])
        print(f"{name:22} {np.median(times):7.2f} s  ratio {middle:.3f} ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
