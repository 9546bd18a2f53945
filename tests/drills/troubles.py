"""What is done to a training process from within: functions of its workdir, called before training starts."""

import os
import re
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

OPERATIONS = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "shutil.rmtree")
YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class KilledAtEveryKindOfFileOperation:
    """SIGKILL just before the first file operation in the workdir of a kind that no process was killed at before.

    A kind is an operation and a path, with numbers and random names left out: before `os.rename` of
    `.step-N.npz.N.tmp` a checkpoint is written but not in its place. record: file that the kinds are kept in.
    only: this kind, None for all.
    """

    record: Path
    only: str | None = None

    def __call__(self, workdir):
        done = set(self.record.read_text().splitlines()) if self.record.exists() else set()
        sys.addaudithook(lambda event, args: self._consider(workdir, done, event, args))

    def _consider(self, workdir, done, event, args):
        if event not in OPERATIONS or not args or not isinstance(args[0], str | Path):
            return
        path = str(args[0])
        writes = event != "open" or _writes(*args[1:])
        if writes and path.startswith(f"{workdir}/"):
            self._die_once(done, f"{event} {kind_of(workdir, path)}")

    def _die_once(self, done, kind):
        if kind not in done and self.only in (None, kind):
            with open(self.record, "a") as file:
                file.write(f"{kind}\n")
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class PowerCutAtEveryKindOfFile(KilledAtEveryKindOfFileOperation):
    """As a power cut before a file is safely on disk: half of what was written since is there, and the process gone."""

    def __call__(self, workdir):
        done = set(self.record.read_text().splitlines()) if self.record.exists() else set()
        fsync, before = os.fsync, {}
        for name in ("metrics.csv", "clipping.csv"):
            path = workdir / name
            before[str(path)] = path.stat().st_size if path.exists() else 0

        def torn(number):
            path = os.readlink(f"/proc/self/fd/{number}")
            kind = f"fsync {kind_of(workdir, path)}"
            if path.startswith(f"{workdir}/") and os.path.isfile(path) and kind not in done:
                size, old = os.path.getsize(path), before.get(path, 0)
                os.truncate(path, old + (size - old) // 2)
                self._die_once(done, kind)
            fsync(number)

        os.fsync = torn


@dataclass(frozen=True)
class At:
    """Does things when a callback's turn comes; each once.

    things: tuples (method of keras.callbacks.Callback, not before so many updates, function of the workdir).
    """

    things: tuple

    def __call__(self, workdir):
        from keras_resnets.training import fit

        left, guard = list(self.things), fit.Guard

        class Guard(guard):
            def __init__(self, *args):
                super().__init__(*args)
                for moment in {moment for moment, _, _ in left}:
                    setattr(self, moment, self._hurting(moment, getattr(self, moment)))

            def _hurting(self, moment, method):
                def hurting(*args, **kwargs):
                    steps = int(self.model.optimizer.iterations.numpy())
                    for thing in [thing for thing in left if thing[0] == moment and thing[1] <= steps]:
                        left.remove(thing)
                        thing[2](workdir)
                    method(*args, **kwargs)

                return hurting

        fit.Guard = Guard


@dataclass(frozen=True)
class Signal:
    """Sends the own process a signal."""

    number: int

    def __call__(self, workdir):
        os.kill(os.getpid(), self.number)


def fill_disk(workdir):
    """Leaves no byte on the file system of the workdir."""
    with open(filler(workdir), "ab", buffering=0) as file:
        for size in (2**20, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def free_disk(workdir):
    """Takes it back."""
    filler(workdir).unlink()


def filler(workdir):
    """The file that fills the disk."""
    return Path(workdir).parent / "filler"


@dataclass(frozen=True)
class ClockJumps:
    """The clock goes a year back and forth with each reading."""

    def __call__(self, workdir):
        true, readings = time.time, iter(range(10**9))
        time.time = lambda: true() + YEAR * (next(readings) % 3 - 1)


def kind_of(workdir, path):
    """A path within the workdir without numbers and random names."""
    path = str(path).removeprefix(f"{workdir}/")
    path = re.sub(r"events\.out\.\S+", "events", path)
    path = re.sub(r"\.artifact-[^/]+", ".artifact-", path)
    return re.sub(r"\d+", "N", path)


def _writes(mode=None, flags=0):
    return (isinstance(mode, str) and any(c in mode for c in "wax+")) or bool(
        (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    )
