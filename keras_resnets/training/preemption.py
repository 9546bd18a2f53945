"""SIGTERM: a scheduler wants the machine back; the run saves its state and leaves."""

import contextlib
import signal
import threading


class Preempted(RuntimeError):
    """The run was asked to stop and has saved its state; the same command goes on."""

    exit_code = 75
    """Of the command line: sysexits.h EX_TEMPFAIL, "the user is invited to retry", for schedulers to requeue on."""


class Notice:
    """Whether the run was asked to stop."""

    def __init__(self):
        self.given = False


@contextlib.contextmanager
def notice():
    """A `Notice` that SIGTERM gives while the context lasts; a second SIGTERM ends the process at once.

    In a thread other than the main one, where Python takes no signals, it is never given.
    """
    found = Notice()
    if threading.current_thread() is not threading.main_thread():
        yield found
        return

    def take(number, frame):
        found.given = True
        signal.signal(signal.SIGTERM, previous)

    previous = signal.signal(signal.SIGTERM, take)
    try:
        yield found
    finally:
        signal.signal(signal.SIGTERM, previous)
