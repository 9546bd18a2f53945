"""What a person at the terminal sees: tables, log lines, and a sentence for a mistake."""

import logging
import os
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
    except (ValueError, OSError, RuntimeError, ArithmeticError) as error:
        if os.environ.get("KERAS_RESNETS_DEBUG"):
            raise
        Console(stderr=True).print(f"[bold red]error:[/] {escape(str(error))}", highlight=False)
        sys.exit(getattr(error, "exit_code", 1))
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted. The same command goes on from the last checkpoint.")
        sys.exit(130)
