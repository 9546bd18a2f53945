"""metrics.csv: rows that are whole, rewound, and kept when the disk is full."""

import pytest

from keras_resnets.training import metrics_log
from keras_resnets.training.metrics_log import MetricsLog, read_metrics, rewind_metrics


def test_metrics_are_rewound_to_the_checkpoint(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("epoch,step,loss\n0,10,1.5\n1,20,1.25\n2,30,0.5\n3,4")
    rows = rewind_metrics(path, 20)
    assert [row["step"] for row in rows] == [10, 20]
    assert read_metrics(path) == rows
    assert path.read_text() == "epoch,step,loss\n0,10,1.5\n1,20,1.25\n"
    assert rewind_metrics(path, 5) == []
    assert not path.exists()


def test_a_row_that_the_disk_refuses_waits_for_the_next_epoch(tmp_path, monkeypatch, caplog):
    log = MetricsLog(tmp_path / "metrics.csv")
    log.on_epoch_end(0, {"step": 1, "loss": 0.5})

    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(metrics_log.os, "fsync", full)
        log.on_epoch_end(1, {"step": 2, "loss": 0.25})
    assert "No space left" in caplog.text
    assert [row["step"] for row in read_metrics(tmp_path / "metrics.csv")] == [1]
    log.on_epoch_end(2, {"step": 3, "loss": 0.125})
    assert (tmp_path / "metrics.csv").read_text() == "epoch,step,loss\n0,1,0.5\n1,2,0.25\n2,3,0.125\n"


def test_the_first_row_waits_too(tmp_path, monkeypatch):
    log = MetricsLog(tmp_path / "metrics.csv")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(metrics_log.os, "fsync", full)
        log.on_epoch_end(0, {"step": 1, "loss": 0.5})
    with pytest.raises(OSError, match=r"No space left on device: '.*metrics\.csv'"), monkeypatch.context() as patch:
        patch.setattr(metrics_log.os, "fsync", full)
        log.write()
    log.write()
    assert (tmp_path / "metrics.csv").read_text() == "epoch,step,loss\n0,1,0.5\n"


def test_numbers_come_back_as_they_were(tmp_path):
    path = tmp_path / "metrics.csv"
    MetricsLog(path).on_epoch_end(0, {"step": 7, "loss": 0.1 + 0.2, "rate": 1e-17})
    assert read_metrics(path) == [{"epoch": 0, "step": 7, "loss": 0.1 + 0.2, "rate": 1e-17}]
    assert rewind_metrics(path, 7) == read_metrics(path)


@pytest.mark.parametrize("cut", [1, 5, 9])
def test_a_row_cut_anywhere_is_no_row(tmp_path, cut):
    path = tmp_path / "metrics.csv"
    whole = "epoch,step,loss\n0,10,1.5\n"
    path.write_text(whole + "1,20,1.25\n"[:cut])
    assert [row["step"] for row in read_metrics(path)] == [10]
    rewind_metrics(path, 10)
    assert path.read_text() == whole
