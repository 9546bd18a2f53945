"""What one of several input workers pays for its share of a batch, and what skipping the others' records costs.

    python benchmarks/shares.py [--rounds 3] [--seconds 1] [--side 224]

Every worker count reads the same global batches of 64; the figure is the CPU time of a worker over that of a lone one,
at best 1 / workers. Images are the JPEG files of `input.py` (500 x 400 px), as files of their own and as records of one
TFRecord file, which can't be indexed: records of other shares are read, parsed and shuffled, but not decoded. With t(n)
the time of a batch for n workers, 64 read + 64 / n open, a skipped record costs (t(64) - t(1) / 64) / 63.
"""

import argparse
import os
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
from input import CIFAR, HE, PHOTOS, cifar, photos, rates

from keras_resnets.data import datasets, pipeline
from keras_resnets.data.examples import from_records
from keras_resnets.data.share import Share
from keras_resnets.recipe import Data, Recipe

BATCH = 64
WORKERS = (1, 2, 4, 64)
FEATURES = {"image": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64)}


def as_records(dataset, path):
    """`dataset`, of files, from one TFRecord file of them that is written to `path`."""
    with tf.io.TFRecordWriter(str(path)) as writer:
        for file, label in dataset.train.records.map(dataset.train.picture).as_numpy_iterator():
            feature = {
                "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[file])),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())

    def parse(record):
        found = tf.io.parse_single_example(record, FEATURES)
        return found["image"], found["label"]

    def decode(file, label):
        return tf.image.resize(tf.io.decode_jpeg(file, 3), dataset.image_shape[:2]), label

    records = tf.data.TFRecordDataset(str(path)).map(parse)
    stored = from_records(records, decode, dataset.train.size, classes=2, picture=lambda file, label: (file, label))
    return replace(dataset, train=stored)


def streams(dataset, pipelines, **data):
    """{(name, workers): (the first worker's stream, images of the global batch)}."""
    recipe = Recipe(data=Data(batch_size=BATCH, **data))
    return {
        (name, workers): (pipeline.training(dataset, replace(recipe, augment=augment), 0, Share(0, workers)), BATCH)
        for name, augment in pipelines.items()
        for workers in WORKERS
    }


def table(title, found):
    print(f"\n{title}\n{'pipeline':40} {'workers':>8} {'CPU ms a batch':>15} {'over one worker':>16}")
    for (name, workers), rounds in found.items():
        ratio = statistics.median(one / other for one, other in zip(found[name, 1], rounds, strict=True))
        print(f"{name:40} {workers:8} {1000 * BATCH / statistics.median(rounds):15.1f} {ratio:16.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rounds", 3), ("seconds", 1.0), ("side", 224)):
        parser.add_argument(f"--{name}", type=type(default), default=default)
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, TensorFlow {tf.__version__}; {vars(asked)}")
    chosen = ("inception crop, decoded alone, flip", "inception + MixUp", "NFNet-F1's all")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "files").mkdir()
        photos(Path(folder) / "files", 4 * BATCH)
        options = {"name": f"folder:{folder}/files", "image_size": asked.side, "cache": False}
        files = datasets.load(Data(**options))
        memory = {"pad, crop, flip": HE, "+ random erasing": CIFAR["+ random erasing"]}
        table("32 px in memory", rates(streams(cifar(), memory), asked.rounds, asked.seconds))
        found = rates(streams(files, {name: PHOTOS[name] for name in chosen}, **options), asked.rounds, asked.seconds)
        table(f"JPEG files to {asked.side} px", found)
        name, *_ = chosen
        stored = as_records(files, Path(folder) / "records")
        found = rates(streams(stored, {name: PHOTOS[name]}, **options), asked.rounds, asked.seconds)
        table(f"Records of one file to {asked.side} px", found)
        one, all_ = (BATCH / statistics.median(found[name, workers]) for workers in (1, BATCH))
        size = os.path.getsize(Path(folder) / "records") / files.train.size
        print(f"records of {size:,.0f} bytes skipped: {(BATCH - 1) / (all_ - one / BATCH):,.0f} a CPU second")


if __name__ == "__main__":
    main()
