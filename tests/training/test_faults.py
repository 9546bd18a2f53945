"""Runs that diverge: ended with a message that names the place, or taken back."""

import json

import numpy as np
import pytest

from keras_resnets.recipe import Augment, Data, Faults, Optimizer, Recipe, Schedule, override
from keras_resnets.training import fit, run
from keras_resnets.training.faults import Diverged, Rollbacks
from keras_resnets.training.metrics_log import read_metrics

WILD = Recipe(
    model_options={"blocks": (1, 1, 1)},
    data=Data(batch_size=64),
    augment=Augment(),
    optimizer=Optimizer(),
    schedule=Schedule(peak=1e18, warmup_steps=12, warmup_from=0.01, warmup_kind="constant", drops=()),
    faults=Faults(skips=3),
    steps=30,
    epoch_steps=6,
)


def test_a_run_that_diverges_ends_with_step_weights_and_rate_and_keeps_its_last_good_state(tmp_path):
    with pytest.raises(
        Diverged, match=r"3 updates in a row were not finite numbers, the last at step (15|16|17|18)"
    ) as e:
        run.train(WILD, tmp_path)
    assert "learning rate 1e+18" in str(e.value)
    assert "`--schedule.peak`" in str(e.value)
    assert "NaN" in str(e.value)
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir())[-1] == "step-000000012.npz"
    assert [row["step"] for row in read_metrics(tmp_path / "metrics.csv")] == [6, 12]
    assert not (tmp_path / "model.keras").exists()


def test_a_run_that_may_go_back_does_and_says_so(tmp_path, caplog):
    tame = {"faults.rollbacks": 1, "faults.rollback_factor": 1e-20, "export.formats": ()}
    finished = run.train(override(WILD, tame), tmp_path)
    assert "Going back to the last good checkpoint with 1e-20 times the learning rate (1 of 1" in caplog.text
    assert [row["step"] for row in read_metrics(tmp_path / "metrics.csv")] == [6, 12, 18, 24, 30]
    assert read_metrics(tmp_path / "metrics.csv")[-1]["learning_rate"] == pytest.approx(1e-2, rel=1e-3)
    assert all(np.isfinite(weight.numpy()).all() for weight in finished.network.weights)
    assert "1e+18" in json.loads((tmp_path / "rollbacks.json").read_text())[0]["reason"]


def test_a_restarted_run_has_gone_back_as_often(tmp_path):
    settings = Faults(rollbacks=2, rollback_factor=0.5)
    path = tmp_path / "rollbacks.json"
    Rollbacks(path, settings).add(7, Diverged("it did"))
    again = Rollbacks(path, settings)
    assert again.rate_factor == 0.5
    again.add(9, Diverged("again"))
    with pytest.raises(Diverged, match="once more"):
        Rollbacks(path, settings).add(11, Diverged("once more"))


def test_a_weight_that_turns_bad_in_memory_is_named_and_the_checkpoint_heals_it(tmp_path, monkeypatch):
    """Two rollbacks allowed, one needed: the weights come back from the checkpoint of step 6."""
    calm = override(WILD, {"schedule.peak": 0.01, "faults.rollbacks": 1, "export.formats": (), "steps": 12})
    guard, done = fit.Guard, []

    class Poison(guard):
        def on_train_batch_end(self, batch, logs=None):
            if int(self.model.optimizer.iterations.numpy()) == 8 and not done:
                done.append(True)
                weight = self.model.trainable_weights[0]
                weight.assign(np.full(weight.shape, np.nan, "float32"))
            super().on_train_batch_end(batch, logs)

    monkeypatch.setattr(fit, "Guard", Poison)
    finished = run.train(calm, tmp_path)
    reason = json.loads((tmp_path / "rollbacks.json").read_text())[0]["reason"]
    assert "These weights hold NaN or infinity: stem_conv/kernel." in reason
    assert all(np.isfinite(weight.numpy()).all() for weight in finished.network.weights)
