"""Plots are figures of their own that show what they are given, and leave matplotlib's global state alone."""

import io
import types

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from keras_resnets import plots
from keras_resnets.evaluation import Robustness, evaluate

ROWS = [
    {
        "epoch": epoch,
        "step": 25 * epoch,
        "loss": 2 / epoch,
        "top1": 1 - 1 / (epoch + 1),
        "val_loss": 2.2 / epoch,
        "val_top1": 1 - 1.2 / (epoch + 1),
        "learning_rate": 0.1 if epoch < 4 else 0.01,
        "gradient_norm": 3 / epoch,
        "clipped_fraction": 0.3 / epoch,
        "skipped_updates": 0,
    }
    for epoch in range(1, 7)
]
NAMES = ("<b>", "$x_", "dog")
LABELS = np.arange(60) % 3
EVALUATION, _ = evaluate(
    lambda pixels: pixels, [(np.random.default_rng(0).normal(size=(60, 3)) + 2 * np.eye(3)[LABELS], LABELS)], NAMES
)
ROBUST = Robustness(
    n=200,
    clean_top1=0.8,
    severities=(1, 5),
    top1={"fog": (0.7, 0.2), "pixelate": (0.8, 0.78)},
    mean_corruption_error=0.38,
    relative_corruption_error=0.18,
    parameters="CIFAR-10-C",
    seed=0,
    left_out=("frost",),
    deviations={},
)
SHEET = types.SimpleNamespace(
    originals=np.zeros((2, 8, 8, 3), "uint8"),
    labels=np.eye(3)[[0, 2]],
    draws=np.full((2, 4, 8, 8, 3), 255, "uint8"),
    shares=np.array([[[0.3, 0.7, 0]] * 4, [[0, 0, 1.0]] * 4]),
    class_names=NAMES,
)
COSTS = [
    types.SimpleNamespace(network=name, gpus=gpus, efficiency=1 / (1 + gpus / scale))
    for name, scale in (("F0", 100), ("F5", 1000))
    for gpus in (8, 64, 1024)
]
FIGURES = {
    "augmentation": lambda: plots.plot_augmentation(SHEET, "crop inception"),
    "curves": lambda: plots.plot_curves(ROWS),
    "confusion": lambda: plots.plot_confusion(EVALUATION),
    "reliability": lambda: plots.plot_reliability(EVALUATION),
    "images": lambda: plots.plot_images(np.zeros((9, 8, 8, 1), "uint8"), ["$x_"] * 9),
    "robustness": lambda: plots.plot_robustness(ROBUST),
    "scaling_cost": lambda: plots.plot_scaling_cost({"none": COSTS, "full": COSTS}),
    "degradation": lambda: plots.plot_degradation({"plain": {"plain-20": ROWS}, "residual": {"ResNet-20": ROWS}}),
}


def lines(axes):
    return {line.get_label(): line for line in axes.lines}


def panel(figure, title):
    return next(axes for axes in figure.axes if axes.get_title(loc="left") == title)


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_a_figure_becomes_a_file_and_leaves_no_trace(draw):
    before = dict(matplotlib.rcParams)
    figure = draw()
    assert isinstance(figure, Figure)
    svg = plots.to_svg(figure)
    assert svg == plots.to_svg(draw())  # the same result is the same file
    assert b"<text" not in svg  # letters are paths: no font needed
    assert imread(io.BytesIO(plots.to_png(figure))).std() > 0.01  # not an empty sheet
    assert dict(matplotlib.rcParams) == before
    assert not matplotlib._pylab_helpers.Gcf.get_all_fig_managers()


def test_curves_draw_the_rows_whether_numbers_or_text():
    for rows in (ROWS, [{key: str(value) for key, value in row.items()} for row in ROWS]):
        figure = plots.plot_curves(rows)
        error = lines(panel(figure, "Top-1 error, %"))
        assert error["training"].get_xdata() == pytest.approx([25, 50, 75, 100, 125, 150])
        assert error["validation"].get_ydata() == pytest.approx([100 * 1.2 / (k + 1) for k in range(1, 7)])
        assert panel(figure, "Learning rate").get_yscale() == "log"


def test_curves_say_what_was_not_measured():
    rows = [
        {**row, "val_loss": "", "clipped_fraction": None, "val_top1": "" if k % 2 else 0.5}
        for k, row in enumerate(ROWS)
    ]
    figure = plots.plot_curves(rows)
    assert list(lines(panel(figure, "Loss, nats"))) == ["training"]
    assert len(lines(panel(figure, "Top-1 error, %"))["validation"].get_xdata()) == 3
    assert [text.get_text() for text in panel(figure, "Clipped units, %").texts] == ["not measured"]
    plots.to_svg(plots.plot_curves([]))


def test_confusion_writes_the_counts_where_they_belong():
    axes = plots.plot_confusion(EVALUATION).axes[0]
    shown = {text.get_position()[::-1]: text.get_text() for text in axes.texts}
    assert {cell: int(text) for cell, text in shown.items()} == {
        (row, column): n for row, counts in enumerate(EVALUATION.confusion) for column, n in enumerate(counts) if n
    }
    assert [label.get_text() for label in axes.get_yticklabels()] == list(NAMES)


def test_degradation_is_dashed_for_training_and_solid_for_test():
    figure = plots.plot_degradation({"plain": {"plain-20": ROWS}, "residual": {"ResNet-20": ROWS}})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["plain", "residual"]
    for axes in figure.axes:
        training, test = axes.lines[:2]
        assert (training.is_dashed(), test.is_dashed()) == (True, False)
        assert test.get_ydata()[-1] == pytest.approx(100 * 1.2 / 7)


def test_a_sheet_names_what_was_asked_for_and_mixed():
    figure = plots.plot_augmentation(SHEET, "digits: crop inception")
    assert figure.get_suptitle() == "digits: crop inception"
    texts = [axes.get_xlabel().strip() for axes in figure.axes]
    assert texts == ["<b>", *["$x_ 70 %\n<b> 30 %"] * 4, "dog", *["dog"] * 4]
    assert [axes.get_title() for axes in figure.axes[:3]] == ["original", "step 0", "step 1"]


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3)])
def test_an_image_is_encoded_px_for_px(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, "uint8")
    decoded = np.round(255 * imread(io.BytesIO(plots.image_to_png(image)))[..., :3])
    assert (decoded == (image if image.ndim == 3 else image[..., None])).all()


def test_refuses_what_is_no_image():
    with pytest.raises(ValueError, match=r"must be uint8 .* got float64 of shape \(5, 7\)"):
        plots.image_to_png(np.zeros((5, 7)))
    with pytest.raises(ValueError, match="`titles` must be one an image, got 1 for 2 images"):
        plots.plot_images(np.zeros((2, 8, 8), "uint8"), ["a"])


def test_scaling_cost_draws_a_line_a_network():
    axes = plots.plot_scaling_cost({"no overlap": COSTS}).axes[0]
    assert axes.get_title(loc="left") == "no overlap"
    assert lines(axes)["F5"].get_xdata() == pytest.approx([8, 64, 1024])
    assert lines(axes)["F0"].get_ydata()[0] == pytest.approx(1 / 1.08)


def test_robustness_writes_every_top1_and_puts_the_worst_last():
    axes = plots.plot_robustness(ROBUST).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["pixelate", "fog"]
    assert [text.get_text() for text in axes.texts] == ["80", "78", "70", "20"]
