"""When a run ends early, and which of its networks is the best."""

import keras


def score(row):
    """What makes a network better, for comparison: a higher `val_top1`, or the same at a lower `val_loss`.

    Few validation images give few values of top-1, so the loss decides often.
    """
    return row["val_top1"], -row["val_loss"]


def best_row(rows):
    """The first of the best rows of a metrics.csv; None where none was validated."""
    return max((row for row in rows if "val_top1" in row), key=score, default=None)


def exhausted(rows, patience, first_step=0):
    """Whether the last `patience` rows, of those after `first_step`, brought nothing better than all rows before.

    patience: epochs; None never is. first_step: a run is not judged before all that is to train does.
    """
    if patience is None or not rows:
        return False
    best = best_row(rows)
    return sum(row["step"] > max(best["step"], first_step) for row in rows) >= patience


class EarlyStopping(keras.callbacks.Callback):
    """Ends the fit once it is `exhausted`; it comes after what fills the logs. rows: those of earlier epochs."""

    def __init__(self, rows, patience, first_step=0):
        super().__init__()
        self.rows, self.patience, self.first_step = list(rows), patience, first_step

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append(dict(logs))
        if exhausted(self.rows, self.patience, self.first_step):
            self.model.stop_training = True
