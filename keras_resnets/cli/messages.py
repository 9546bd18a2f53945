"""What a person at the terminal sees: tables, log lines, and a sentence for a mistake."""

import logging
import os
import re
import sys

from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape

CONSOLE = Console()


def _show_log():
    log = logging.getLogger("keras_resnets")
    if not log.handlers:
        log.addHandler(RichHandler(console=Console(stderr=True), show_time=False, show_path=False))
        log.setLevel(logging.INFO)


def with_messages(function, *args, **kwargs):
    """Calls `function`; a user's mistake ends the process with its message rather than a stack trace.

    KERAS_RESNETS_DEBUG=1 shows the trace. What our modules log (a long download, a skipped image) is shown.
    """
    _show_log()
    try:
        return function(*args, **kwargs)
    except Exception as error:
        expected = isinstance(error, ValueError | OSError | RuntimeError | ArithmeticError) or _of_a_kernel(error)
        if os.environ.get("KERAS_RESNETS_DEBUG") or not expected:
            raise
        Console(stderr=True).print(f"[bold red]error:[/] {escape(_sentence(error))}", highlight=False)
        sys.exit(getattr(error, "exit_code", 1))
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted. The same command goes on from the last checkpoint.")
        sys.exit(130)


def _of_a_kernel(error):
    """Whether TensorFlow raised it within a step or a stream of images: a label out of range, a file that is gone."""
    return type(error).__module__.startswith("tensorflow.") and hasattr(error, "error_code")


def _sentence(error):
    """What an error says; of a failed assertion in TensorFlow, which prints the graph around it, only the assertion."""
    failed = re.search(r"assertion failed: (.*)", str(error))
    return failed[1] if failed else str(error)
