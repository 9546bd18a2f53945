"""What a person at the terminal sees of an error."""

import pytest
import tensorflow as tf

from keras_resnets.cli.messages import with_messages


def test_a_wrong_label_within_a_stream_is_a_sentence(capsys):
    @tf.function
    def step(label):
        tf.debugging.Assert(label < 10, ["Data: labels must be in [0, 10). The label:", label])

    with pytest.raises(SystemExit) as left:
        with_messages(step, tf.constant(12))
    assert left.value.code == 1
    printed = " ".join(capsys.readouterr().err.split())
    assert printed.startswith("error: [Data: labels must be in [0, 10). The label:] [12]")
    assert "Traceback" not in printed and "Graph" not in printed


def test_a_mistake_of_ours_keeps_its_trace():
    def broken():
        return {}["missing"]

    with pytest.raises(KeyError):
        with_messages(broken)
