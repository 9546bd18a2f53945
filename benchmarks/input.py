"""Images a second of one core for each input pipeline, and its time over that of the plain one.

    python benchmarks/input.py [--family memory|files] [--rounds 3] [--seconds 1] [--side 224]

Two families: images of 32 px in memory, and JPEG files of about 500 x 400 px (ImageNet's average) on disk. The
pipelines of a family take turns in one process, after a warm-up each; the figure is the median of the rounds, the ratio
the median of the ratios within a round. What is counted is the process' CPU time, from a full prefetch buffer to the
next full one, so that other processes on the machine hardly matter. The photos are crops of the two that scikit-learn
ships.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_sample_images

from keras_resnets.data import datasets, pipeline
from keras_resnets.data.decoding import decode
from keras_resnets.data.examples import from_arrays
from keras_resnets.data.nfnet_settings import nfnet_augment
from keras_resnets.recipe import Augment, Data, Recipe

HE = Augment(crop_padding=4, flip=True)
INCEPTION = Augment(crop="inception", flip=True)
KERAS_RANDOM = {"rand_augment": 2, "rand_augment_policy": "keras"}
CIFAR = {
    "pad, crop, flip (He et al.)": HE,
    "+ MixUp": replace(HE, mixup=0.2),
    "+ CutMix": replace(HE, cutmix=1.0),
    "+ NFNet's mixing (2 for 1)": replace(HE, mixing="nfnet", mixup=0.2, cutmix=1.0),
    "+ random erasing": replace(HE, erase=0.4),
    "+ color jitter, lighting": replace(HE, color_jitter=0.4, lighting=0.1),
    "+ RandAugment 2, Keras": replace(HE, **KERAS_RANDOM),
    "+ RandAugment 4, NFNet": replace(HE, rand_augment=4, rand_augment_policy="nfnet", rand_augment_level=10),
    "inception crop, flip": INCEPTION,
}
PHOTOS = {
    "whole, squashed": Augment(),
    "inception crop, decoded alone, flip": INCEPTION,
    "scale crop, decoded alone, flip (He et al.)": Augment(crop="scale", flip=True),
    "inception + color jitter, lighting": replace(INCEPTION, color_jitter=0.4, lighting=0.1),
    "inception + RandAugment 2, Keras": replace(INCEPTION, **KERAS_RANDOM),
    "inception + RandAugment 4, NFNet": replace(nfnet_augment(1), mixing="batch", mixup=0.0, cutmix=0.0),
    "inception + MixUp": replace(INCEPTION, mixup=0.2),
    "inception + CutMix": replace(INCEPTION, cutmix=1.0),
    "inception + NFNet's mixing (2 for 1)": replace(INCEPTION, mixing="nfnet", mixup=0.2, cutmix=1.0),
    "NFNet-F1's all": nfnet_augment(1),
}


def photos(folder, count=64):
    """A folder of two classes with `count` JPEGs, quality 90, of 375 to 425 by 450 to 550 px."""
    generator = np.random.default_rng(0)
    for name, image in zip(("temple", "flower"), load_sample_images().images, strict=True):
        (folder / name).mkdir()
        for k in range(count // 2):
            height, width = generator.integers(375, 426), generator.integers(450, 551)
            top, left = generator.integers(0, 428 - height), generator.integers(0, 641 - width)
            file = tf.io.encode_jpeg(image[top : top + height, left : left + width], quality=90)
            (folder / name / f"{k:03}.jpg").write_bytes(file.numpy())


def cifar(size=10_000):
    """Noise in the shape of CIFAR-10: what is measured here doesn't depend on what the images show."""
    images = np.random.default_rng(0).integers(0, 256, (size, 32, 32, 3), dtype="uint8")
    examples = from_arrays(images, np.arange(size) % 10, classes=10)
    return datasets.Dataset(
        name="noise",
        class_names=tuple("0123456789"),
        image_shape=(32, 32, 3),
        mean=np.zeros(3),
        deviation=np.ones(3),
        train=examples,
        validation=None,
        test=examples,
    )


def decoded_first(dataset):
    """`dataset` with crops taken from decoded images: what decoding no more than the window saves."""

    def picture(*record):
        file, label = dataset.train.picture(*record)
        return decode(file), label

    return replace(dataset, train=replace(dataset.train, picture=picture))


def decoded(dataset):
    """Files decoded and nothing else; a batch here is one image."""
    files = dataset.train.records.repeat().map(dataset.train.picture)
    return files.map(lambda file, label: decode(file)[:1, :1], num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def rates(streams, rounds, seconds):
    """{name: images a CPU second of each round}; the streams take turns, each is (tf.data.Dataset, images a batch)."""
    options = tf.data.Options()
    options.threading.max_intra_op_parallelism = 1
    iterators = {name: (iter(stream.with_options(options)), size) for name, (stream, size) in streams.items()}
    found = {name: [] for name in streams}
    for turn in range(rounds + 1):  # the first is the warm-up
        for name, (iterator, size) in iterators.items():
            seen, start = 0, rest()
            while time.process_time() < start + seconds:
                next(iterator)
                seen += size
            if turn:
                found[name].append(seen / (rest() - start))
    return found


def rest():
    """The process' CPU time once it is idle, its prefetch buffers full."""
    idle, before = 0, time.process_time()
    while idle < 4:
        time.sleep(0.04)
        now = time.process_time()
        idle, before = idle + 1 if now - before < 0.004 else 0, now
    return before


def table(title, found, base):
    print(f"\n{title}\n{'pipeline':46} {'images/s/core':>14} {'time over ' + base[:24]:>36}")
    for name, rounds in found.items():
        ratio = statistics.median(one / other for one, other in zip(found[base], rounds, strict=True))
        print(f"{name:46} {statistics.median(rounds):14,.0f} {ratio:36.2f}", flush=True)


def measured(dataset, pipelines, batch_size, **data):
    """{name: (training stream, images a batch)} of {name: Augment}."""
    recipe = Recipe(data=Data(batch_size=batch_size, **data))
    return {
        name: (pipeline.training(dataset, replace(recipe, augment=augment)), batch_size)
        for name, augment in pipelines.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=("memory", "files"), help="both if it is left out")
    for name, default in (("rounds", 3), ("seconds", 1.0), ("side", 224)):
        parser.add_argument(f"--{name}", type=type(default), default=default)
    asked = parser.parse_args()
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"TensorFlow {tf.__version__}, Keras {keras.__version__}; {vars(asked)}"
    )

    if asked.family != "files":
        found = rates(measured(cifar(), CIFAR, 128), asked.rounds, asked.seconds)
        table("32 px in memory, batches of 128", found, next(iter(CIFAR)))
    if asked.family != "memory":
        with tempfile.TemporaryDirectory() as folder:
            photos(Path(folder))
            options = {"name": f"folder:{folder}", "image_size": asked.side, "cache": False}
            dataset = datasets.load(Data(**options))
            streams = {"decoded only": (decoded(dataset), 1)}
            slow = {"inception crop, decoded whole, flip": INCEPTION}
            streams |= measured(decoded_first(dataset), slow, 16, **options)
            streams |= measured(dataset, PHOTOS, 16, **options)
            found = rates(streams, asked.rounds, asked.seconds)
        table(f"JPEG files to {asked.side} px, batches of 16", found, "decoded only")


if __name__ == "__main__":
    main()
