import os

import pytest

from keras_resnets.export.quiet import quiet


def test_chatter_is_dropped_and_errors_come_through(capfd):
    with quiet():
        os.write(2, b"I0000 00:00:1.1 1 reader.cc:83] Reading SavedModel\nINFO: Created delegate\n")
        os.write(2, b"W0000 00:00:1.1 1 a.cc:1] Ignored\nE0000 00:00:1.1 1 a.cc:1] Failed\nTraceback\n")
        print("stays", flush=True)
    assert capfd.readouterr() == ("stays\n", "E0000 00:00:1.1 1 a.cc:1] Failed\nTraceback\n")


def test_standard_error_is_restored_after_an_exception(capfd):
    with pytest.raises(RuntimeError), quiet():
        os.write(2, b"error: seen\n")
        raise RuntimeError
    os.write(2, b"INFO: after\n")
    assert capfd.readouterr().err == "error: seen\nINFO: after\n"
