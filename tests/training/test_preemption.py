"""SIGTERM: the state is saved at once, the exit code asks for another try, the run goes on to the same network."""

import os
import signal

import keras
import numpy as np
import pytest

from keras_resnets.cli.messages import with_messages
from keras_resnets.recipe import Augment, Data, Recipe
from keras_resnets.training import fit, run
from keras_resnets.training.preemption import Preempted, notice

TINY = Recipe(model_options={"blocks": (1, 1, 1)}, data=Data(batch_size=64), augment=Augment(), steps=12, epoch_steps=6)


def test_the_signal_is_taken_once_and_the_old_handler_comes_back():
    before = signal.getsignal(signal.SIGTERM)
    with notice() as given:
        assert not given.given
        os.kill(os.getpid(), signal.SIGTERM)
        assert given.given
        assert signal.getsignal(signal.SIGTERM) == before  # a second signal ends the process
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_run_asked_to_stop_saves_its_state_and_goes_on(tmp_path, monkeypatch):
    guard = fit.Guard

    class Scheduler(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if int(self.model.optimizer.iterations.numpy()) == 8:
                os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(fit, "Guard", lambda skips: keras.callbacks.CallbackList([guard(skips), Scheduler()]))
        with pytest.raises(
            Preempted, match=r"the state after step 1[01] is in .*checkpoints. The same command goes on"
        ):
            run.train(TINY, tmp_path / "stopped")
    resumed = run.train(TINY, tmp_path / "stopped")
    whole = run.train(TINY, tmp_path / "whole")
    for one, two in zip(whole.network.weights, resumed.network.weights, strict=True):
        np.testing.assert_allclose(two.numpy(), one.numpy(), rtol=1e-5, atol=1e-6, err_msg=one.path)


def test_the_command_line_exits_with_a_code_for_schedulers():
    def stopped():
        raise Preempted("asked to stop")

    with pytest.raises(SystemExit) as left:
        with_messages(stopped)
    assert left.value.code == 75
