"""Early stopping: what is better, and when it has been long enough."""

from keras_resnets.training.early_stopping import best_row, exhausted


def rows(*scores):
    return [{"step": 10.0 * (k + 1), "val_top1": top1, "val_loss": loss} for k, (top1, loss) in enumerate(scores)]


def test_better_is_a_higher_top1_or_the_same_at_a_lower_loss():
    found = rows((0.5, 1.0), (0.6, 2.0), (0.6, 1.5), (0.6, 1.5), (0.5, 0.1))
    assert best_row(found) == found[2]
    assert best_row([{"step": 1.0}]) is None


def test_a_run_ends_after_as_many_epochs_without_a_better_one():
    found = rows((0.5, 1.0), (0.6, 1.0), (0.6, 1.1), (0.4, 1.0))
    assert not exhausted(found[:3], 2)
    assert exhausted(found, 2)
    assert not exhausted(found, 3)
    assert not exhausted(found, None)


def test_epochs_before_the_last_phase_do_not_count():
    found = rows((0.6, 1.0), (0.5, 1.0), (0.5, 1.0), (0.5, 1.0))
    assert exhausted(found, 2, first_step=0)
    assert not exhausted(found[:3], 2, first_step=20)
    assert exhausted(found, 2, first_step=20)
