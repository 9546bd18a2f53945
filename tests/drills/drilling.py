"""What the drills share: real processes that train, are hurt in a chosen way, and are compared with one left alone."""

import io
import json
import multiprocessing
import os
import signal
import socket
import sys
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np

from keras_resnets.recipe import Augment, Average, Data, Export, Optimizer, Recipe, override

RECIPE = Recipe(
    model_options={"stochastic_depth": 0.2},
    data=Data(batch_size=64),
    augment=Augment(crop_padding=1),
    optimizer=Optimizer(clipping=0.02),
    average=Average(decay=0.9),
    label_smoothing=0.1,
    deterministic=True,
    steps=40,
    epoch_steps=10,
    checkpoint_steps=4,
    export=Export(formats=()),
)
"""Everything with a state of its own: momentum, moving average, random depth, clipping, crops, batch statistics."""
BLOCKS = (1, 1, 1)
PATIENCE = 240
"""Seconds after which a process that should have ended fails a drill."""
OF_THE_CLOCK = ("seconds", "images_per_second")
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["keras_resnets.training.run", "keras_resnets.cli"])  # imported once, not in each


def recipe(**changes):
    """RECIPE for the smallest ResNet, with other values for some fields (dots written as two underscores)."""
    changes = {name.replace("__", "."): value for name, value in changes.items()}
    return override(RECIPE, {"model_options": RECIPE.model_options | {"blocks": BLOCKS}} | changes)


SHORT = recipe(steps=20)
"""What several workers train: starting them takes longer than their steps."""


class Process:
    """A run of `keras-resnets train` in a process of its own.

    workdir: of the run; its output is kept beside the folder it is in. trouble: function of the workdir, called in the
        process before training starts.
    environment: variables set in it. devices, replicas: of `train`.
    """

    def __init__(self, workdir, recipe, trouble=None, environment=None, devices="cpu", replicas=None, name="log"):
        workdir = self.workdir = Path(workdir)
        self.log = workdir.parents[1] / f"{workdir.parent.name}-{workdir.name}.{name}"  # on another disk than the run
        self.start = self.log.stat().st_size if self.log.exists() else 0
        arguments = (recipe, self.workdir, self.log, trouble, environment or {}, devices, replicas)
        self.process = PROCESSES.Process(target=_train, args=arguments, daemon=True)
        self.process.start()
        self.began = time.monotonic()

    def signal(self, number=signal.SIGKILL):
        if self.process.exitcode is None:
            os.kill(self.process.pid, number)

    def running(self):
        return self.process.is_alive()

    def wait(self, seconds=PATIENCE):
        """Its exit code, minus the signal's number where one ended it; AssertionError if it does not end."""
        self.process.join(seconds)
        if self.process.exitcode is None:
            self.signal()
            raise AssertionError(f"no end after {seconds} s:\n{self.said()[-4000:]}")
        return self.process.exitcode

    def said(self):
        """What it printed, in one line: terminals wrap differently."""
        return " ".join(self.log.read_bytes()[self.start :].decode(errors="replace").split())

    def wait_for(self, happened, seconds=PATIENCE):
        """Waits until `happened()`; AssertionError if the process ends before."""
        deadline = time.monotonic() + seconds
        while not happened():
            assert self.running() and time.monotonic() < deadline, f"it never happened:\n{self.said()[-4000:]}"
            time.sleep(0.01)


def _train(recipe, workdir, log, trouble, environment, devices, replicas):
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
    os.environ.update(environment)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    from keras_resnets.cli.messages import with_messages
    from keras_resnets.cli.train import train_and_print

    if trouble is not None:
        trouble(workdir)
    with_messages(train_and_print, recipe, workdir, None, devices, replicas)


def to_the_end(workdir, recipe, code=0, **options):
    """Runs until it ends; returns what it said. AssertionError for another exit code."""
    process = Process(workdir, recipe, **options)
    assert process.wait() == code, process.said()[-4000:]
    return process.said()


def step_on_disk(workdir):
    """Of the newest checkpoint; 0 for none."""
    return max((int(path.stem[5:]) for path in Path(workdir).glob("checkpoints/step-*.npz")), default=0)


def result(workdir):
    """{what: array or text} of everything that a run leaves and that must not depend on what it went through."""
    workdir = Path(workdir)
    newest = sorted(workdir.glob("checkpoints/step-*.npz"))[-1]
    found = {f"checkpoint/{name}": array for name, array in np.load(newest).items()}
    for file in ("best.keras", "model.keras", "artifact/model.keras"):
        found |= {f"{file}/{name}": array for name, array in _weights(workdir / file).items()}
    for file in ("metrics.csv", "clipping.csv"):
        found |= {f"{file}/{name}": np.array(column) for name, column in _columns(workdir / file).items()}
    found |= {f"hardest.npz/{name}": array for name, array in np.load(workdir / "hardest.npz").items()}
    found["evaluation.json"] = np.array((workdir / "evaluation.json").read_text())
    found["artifact"] = np.array(sorted(json.loads((workdir / "artifact/metadata.json").read_text())))
    found["report"] = np.array("</html>" in (workdir / "report.html").read_text())
    found["files"] = np.array(sorted(path.name for path in workdir.iterdir() if not path.name.startswith(".lock")))
    found["checkpoints"] = np.array(sorted(path.name for path in (workdir / "checkpoints").iterdir()))
    return found


def differences(one, two):
    """Names of what is not equal to the last bit in two `result`s."""
    return sorted(name for name in one.keys() | two.keys() if not _equal(one.get(name), two.get(name)))


def assert_same(workdir, whole):
    """AssertionError that names what differs from the `result` of a run that nothing happened to."""
    assert differences(result(workdir), whole) == []


def _equal(one, two):
    return one is not None and two is not None and one.dtype == two.dtype and one.tobytes() == two.tobytes()


def _weights(path):
    with zipfile.ZipFile(path) as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    found = {}
    with h5py.File(content) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def _columns(path):
    header, *rows = (line.split(",") for line in path.read_text().splitlines())
    return {name: [row[k] for row in rows] for k, name in enumerate(header) if name not in OF_THE_CLOCK}


def cluster(count):
    """The environments of `count` workers on this machine."""
    sockets = [socket.socket() for _ in range(count)]
    for free in sockets:
        free.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{free.getsockname()[1]}" for free in sockets]
    for free in sockets:
        free.close()
    tasks = [{"cluster": {"worker": addresses}, "task": {"type": "worker", "index": k}} for k in range(count)]
    return [{"TF_CONFIG": json.dumps(task)} for task in tasks]


if __name__ == "__main__":  # one of the workers that TF_CONFIG names, for a loop that starts it again
    from keras_resnets.cli.messages import with_messages
    from keras_resnets.cli.train import train_and_print

    with_messages(train_and_print, SHORT, Path(sys.argv[1]), None, "workers")
