"""Keeps the chatter of C++ libraries off the terminal, and lets their errors through."""

import contextlib
import os
import re
import sys
import tempfile

# absl's information and warnings carry no level that Python could set after the import of TensorFlow.
CHATTER = re.compile(rb"[IW]\d{4} |INFO: |WARNING: All log messages before absl|\s*$")


@contextlib.contextmanager
def quiet():
    """Within it, standard error is held back, of Python and of C++ alike; at the end all but CHATTER is passed on.

    It redirects the file descriptor, so it holds for all threads of the process.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            for line in held:
                if not CHATTER.match(line):
                    os.write(2, line)
