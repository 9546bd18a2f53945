"""Pictures of results, one `plot_*` each; the only door to matplotlib.

Every function returns a `matplotlib.figure.Figure` of its own. Nothing touches pyplot, a window or a global setting.
Results are read by attribute and key, so that this module knows no other.
"""

import io
import textwrap

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imsave
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, PercentFormatter

INK, QUIET, GRID = "#1f2933", "#6b7785", "#dfe4ea"
COLORS = ("#2563c9", "#e2711d", "#1d9a6c", "#a23bb8", "#c9303e", "#8a6d1b")
TRAINING, VALIDATION = COLORS[1], COLORS[0]
STYLE = {
    "font.size": 10,
    "text.color": INK,
    "text.parse_math": False,  # a class may be called $x$
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "savefig.dpi": 144,
    "svg.hashsalt": "keras_resnets",  # the same figure is the same file
}

CURVES = (
    # title, unit, {column: (label, color)}, function of the column, logarithmic
    ("Loss", "nats", {"loss": ("training", TRAINING), "val_loss": ("validation", VALIDATION)}, None, False),
    (
        "Top-1 error",
        "%",
        {"top1": ("training", TRAINING), "val_top1": ("validation", VALIDATION)},
        lambda share: 100 * (1 - share),
        False,
    ),
    ("Learning rate", "", {"learning_rate": ("learning rate", COLORS[2])}, None, True),
    ("Gradient norm", "", {"gradient_norm": ("gradient norm", COLORS[3])}, None, True),
    ("Clipped units", "%", {"clipped_fraction": ("clipped", COLORS[4])}, lambda share: 100 * share, False),
    ("Skipped updates", "", {"skipped_updates": ("skipped", COLORS[5])}, None, False),
)
"""The panels of `plot_curves`, one column of metrics.csv or two each."""


@matplotlib.rc_context(STYLE)
def plot_curves(rows):
    """Loss, error, learning rate, gradient norm, clipping and skipped updates against the step.

    rows: dictionaries with the columns of metrics.csv, numbers or their text; what is absent or empty is not drawn.
    """
    figure = Figure(figsize=(9, 8), layout="constrained")
    steps = _column(rows, "step")
    for axes, (title, unit, columns, function, logarithmic) in zip(figure.subplots(3, 2).flat, CURVES, strict=True):
        for column, (label, color) in columns.items():
            values = _column(rows, column)
            values = function(values) if function else values
            known = np.isfinite(values) & np.isfinite(steps)
            if known.any():
                axes.plot(
                    steps[known], values[known], color=color, label=label, marker="o" if known.sum() < 3 else None
                )
        axes.set_title(f"{title}, {unit}" if unit else title)
        axes.set_xlabel("step")
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        if not axes.lines:
            _say_not_measured(axes)
            continue
        if logarithmic and all((line.get_ydata() > 0).all() for line in axes.lines):
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(FuncFormatter("{:g}".format))
            axes.yaxis.set_minor_formatter("")
        else:
            axes.set_ylim(bottom=0)
        if title == "Skipped updates":
            axes.yaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_ylim(0, max(1, axes.get_ylim()[1]))
        if len(axes.lines) > 1:
            axes.legend()
    return figure


@matplotlib.rc_context(STYLE)
def plot_confusion(evaluation):
    """Images by label and prediction, shaded by the share of the label's images; counts up to 20 classes.

    evaluation: has `confusion` (classes x classes counts) and `class_names`.
    """
    counts = np.asarray(evaluation.confusion)
    classes = len(counts)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(max(0.52 * classes + 2.2, 4.2), 10)
    figure = Figure(figsize=(side + 1.3, side), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12)
    axes = figure.subplots()
    axes.grid(False)
    # The square root shows the few mistakes of a good network beside its many hits.
    picture = axes.imshow(share**0.5, cmap="Blues", vmin=0, vmax=1)
    bar = figure.colorbar(picture, ax=axes, shrink=0.75, ticks=np.sqrt([0, 0.01, 0.05, 0.1, 0.25, 0.5, 1]))
    bar.ax.set_yticklabels(["0", "1", "5", "10", "25", "50", "100"])
    bar.set_label("% of the images with this label")
    bar.outline.set_visible(False)
    axes.set(xlabel="prediction", ylabel="label")
    if classes <= 60:
        names = [
            textwrap.shorten(str(name), 18, placeholder="…") or str(name)[:17] + "…" for name in evaluation.class_names
        ]
        size = 10 if classes <= 20 else 6
        turn = 0 if max(map(len, names)) < 4 else 90 if classes > 20 else 45
        axes.set_xticks(
            range(classes),
            names,
            size=size,
            rotation=turn,
            ha="right" if turn == 45 else "center",
            rotation_mode="anchor" if turn == 45 else "default",
        )
        axes.set_yticks(range(classes), names, size=size)
    if classes <= 20:
        for row, column in np.argwhere(counts):
            color = "white" if share[row, column] > 0.3 else INK
            axes.text(column, row, counts[row, column], ha="center", va="center", color=color, size=9)
    return figure


@matplotlib.rc_context(STYLE)
def plot_reliability(evaluation):
    """Accuracy against confidence (Guo et al. 2017, figure 1), above the number of images in each bin.

    evaluation: has `bins` (lower, upper, count, confidence, accuracy), `calibration_error`, `n`.
    """
    bins = [row for row in evaluation.bins if row.count]
    left, width = [row.lower for row in bins], [row.upper - row.lower for row in bins]
    figure = Figure(figsize=(5.4, 6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.bar(
        left, [row.accuracy for row in bins], width, align="edge", color="#9dbdf0", edgecolor="white", label="accuracy"
    )
    upper.plot([0, 1], [0, 1], color=QUIET, linestyle="--", linewidth=1.2, label="perfectly calibrated")
    upper.plot(
        [row.confidence for row in bins],
        [row.accuracy for row in bins],
        "o-",
        color=COLORS[0],
        markersize=4,
        label="accuracy at mean confidence",
    )
    upper.set(ylabel="accuracy", xlim=(0, 1), ylim=(0, 1.02))
    upper.set_title(f"Calibration error {100 * evaluation.calibration_error:.2f} %")
    upper.legend(loc="upper left")
    lower.bar(left, [row.count for row in bins], width, align="edge", color="#c3cbd5", edgecolor="white")
    lower.set(xlabel="confidence (largest probability)", ylabel="images", yscale="log", ylim=(0.8, 1.6 * evaluation.n))
    lower.yaxis.set_major_formatter(FuncFormatter("{:g}".format))
    lower.yaxis.set_minor_formatter("")
    for axes in (upper, lower):
        axes.xaxis.set_major_formatter(PercentFormatter(1))
    upper.yaxis.set_major_formatter(PercentFormatter(1))
    return figure


@matplotlib.rc_context(STYLE)
def plot_images(images, titles):
    """A grid of images with a title each, up to eight a row.

    images: uint8, (n, height, width), (n, height, width, 1) or (n, height, width, 3); titles: n texts.
    """
    if len(images) != len(titles):
        raise ValueError(f"plot_images: `titles` must be one an image, got {len(titles)} for {len(images)} images.")
    columns = min(max(len(images), 1), 8)
    rows = max(-(-len(images) // columns), 1)
    figure = Figure(figsize=(1.5 * columns, 1.75 * rows), layout="constrained")
    for k, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_axis_off()
        if k < len(images):
            axes.imshow(_rgb(images[k]), interpolation="nearest")
            axes.set_title(titles[k], loc="center", size=9, weight="normal")
    return figure


@matplotlib.rc_context(STYLE)
def plot_augmentation(sheet, title):
    """A row an image: the original on the left, then as it is drawn in successive steps, with its labels if mixed.

    sheet: has `originals` (rows, height, width, channels) and `draws` (rows, columns, height, width, channels), uint8,
    `labels` (rows, classes) and `shares` (rows, columns, classes) and `class_names`; title: what was asked for.
    """
    rows, columns = sheet.draws.shape[:2]
    mixed = bool((np.asarray(sheet.shares).max(axis=-1) < 0.995).any())
    figure = Figure(figsize=(1.45 * (columns + 1) + 0.1, (1.72 if mixed else 1.6) * rows + 0.6), layout="constrained")
    figure.suptitle(textwrap.fill(title, 16 * (columns + 1)), x=0.01, ha="left", size=10)
    for row, panels in enumerate(figure.subplots(rows, columns + 1, squeeze=False)):
        images = [sheet.originals[row], *sheet.draws[row]]
        for column, (axes, image) in enumerate(zip(panels, images, strict=True)):
            shares = sheet.labels[row] if column == 0 else sheet.shares[row, column - 1]
            axes.imshow(_rgb(image), interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            text = _mixture(shares, sheet.class_names)
            axes.set_xlabel(text + "\n" * (mixed and "\n" not in text), size=7, color=QUIET if column else INK)
            if row == 0:
                axes.set_title("original" if column == 0 else f"step {column - 1}", loc="center", size=8)
    return figure


def _mixture(shares, names):
    """ "cat", or "cat 70 %, dog 30 %" on two lines."""
    order = [k for k in np.argsort(-shares, kind="stable")[:2] if shares[k] > 0.005]
    texts = [textwrap.shorten(str(names[k]), 18, placeholder="…") for k in order]
    if len(order) == 1:
        return texts[0]
    return "\n".join(f"{text} {100 * shares[k]:.0f} %" for text, k in zip(texts, order, strict=True))


@matplotlib.rc_context(STYLE)
def plot_degradation(curves):
    """Two panels, plain and residual: training error dashed, test error solid (He et al. 2015, figure 6).

    curves: {"plain": {name: rows}, "residual": {name: rows}}, rows with `step`, `top1` and `val_top1` of metrics.csv.
        The k-th net of a panel has the k-th color, so that equal depths look alike.
    """
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    panels = figure.subplots(1, len(curves), sharey=True, sharex=True, squeeze=False).flat
    finals = []
    for axes, (kind, nets) in zip(panels, curves.items(), strict=True):
        for k, (name, rows) in enumerate(nets.items()):
            steps = _column(rows, "step")
            for column, line, width in (("top1", (0, (4, 2)), 1.2), ("val_top1", "-", 2.2)):
                error = 100 * (1 - _column(rows, column))
                known = np.isfinite(error)
                label = name if column == "val_top1" else None
                axes.plot(
                    steps[known],
                    error[known],
                    linestyle=line,
                    linewidth=width,
                    color=COLORS[k % len(COLORS)],
                    label=label,
                )
                finals.extend(error[known][-1:])
        axes.set_title(kind)
        axes.set_xlabel("step")
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.plot([], [], color=QUIET, linewidth=2.2, label="test error")
        axes.plot([], [], color=QUIET, linewidth=1.2, linestyle=(0, (4, 2)), label="training error")
        axes.legend(loc="best", frameon=True, framealpha=0.8, edgecolor="none")
    # Figure 6 is cut at 20 %: the first steps would hide the differences at the end.
    panels[0].set_ylim(0, min(100, 2.5 * max(finals, default=40)))
    panels[0].set_ylabel("error, %")
    return figure


@matplotlib.rc_context(STYLE)
def plot_agc_sensitivity(result):
    """A map of mean top-1 by batch size (row) and threshold (column); red where all runs diverged.

    result: `AgcSensitivity`. A cell's second line says how many runs diverged.
    """
    sizes = sorted({cell.batch_size for cell in result.cells})
    thresholds = sorted({cell.clipping for cell in result.cells}, key=lambda value: value or 0.0)
    scores = np.full((len(sizes), len(thresholds)), np.nan)
    figure = Figure(figsize=(1.5 + 1.35 * len(thresholds), 1.6 + 0.8 * len(sizes)), layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor("#e8a0a0")
    for cell in result.cells:
        row, column = sizes.index(cell.batch_size), thresholds.index(cell.clipping)
        scores[row, column] = np.nan if cell.mean is None else cell.mean
        words = ([] if cell.mean is None else [f"{100 * cell.mean:.1f} %"]) + (
            [f"{cell.diverged} of {cell.n} diverged"] if cell.diverged else []
        )
        axes.text(column, row, "\n".join(words), ha="center", va="center", fontsize=9)
    axes.imshow(scores, cmap="Blues", vmin=0, vmax=1.4, aspect="auto")
    rates = {cell.batch_size: cell.rate for cell in result.cells}
    axes.set_xticks(range(len(thresholds)), ["off" if value is None else f"{value:g}" for value in thresholds])
    axes.set_yticks(range(len(sizes)), [f"{size:,}\n(rate {rates[size]:g})" for size in sizes])
    axes.set_xlabel("clipping threshold λ")
    axes.set_ylabel("batch size")
    axes.grid(False)
    return figure


@matplotlib.rc_context(STYLE)
def plot_robustness(result):
    """Top-1 by corruption and severity, written into squares that are shaded by what the damage costs.

    result: has `clean_top1`, `severities`, `top1` ({corruption: top-1 at each severity}), `mean_corruption_error` and
        `n`. The corruption that costs most stands at the bottom.
    """
    rows = sorted(result.top1.items(), key=lambda row: -sum(row[1]))
    shares = 100 * np.array([values for _, values in rows])
    figure = Figure(figsize=(1.9 + 0.85 * len(result.severities), 1.4 + 0.36 * len(rows)), layout="constrained")
    axes = figure.subplots()
    axes.grid(False)
    clean = 100 * result.clean_top1
    picture = axes.imshow(clean - shares, cmap="Oranges", vmin=0, vmax=max(clean, 1), aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        dark = clean - share > 0.55 * clean
        axes.text(column, row, f"{share:.0f}", ha="center", va="center", color="white" if dark else INK, size=9)
    axes.set_xticks(range(len(result.severities)), result.severities)
    axes.set_yticks(range(len(rows)), [name.replace("_", " ") for name, _ in rows])
    axes.set_xlabel("severity")
    figure.suptitle(
        f"Top-1, %: clean {clean:.1f}, corrupted {100 - 100 * result.mean_corruption_error:.1f} (n = {result.n:,})",
        x=0.01,
        ha="left",
        size=11,
        weight="bold",
    )
    bar = figure.colorbar(picture, ax=axes)
    bar.set_label("points below clean")
    bar.outline.set_visible(False)
    return figure


@matplotlib.rc_context(STYLE)
def plot_scaling_cost(costs):
    """Efficiency against GPUs, a panel for each way to overlap, a line for each network.

    costs: {panel title: results} with `network`, `gpus` and `efficiency`, `cluster` the same in all.
    """
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    for axes, (title, found) in zip(
        figure.subplots(1, len(costs), sharey=True, squeeze=False).flat, costs.items(), strict=True
    ):
        names = list(dict.fromkeys(cost.network for cost in found))
        for name, color in zip(names, (INK, *COLORS), strict=False):
            points = [(cost.gpus, cost.efficiency) for cost in found if cost.network == name]
            axes.plot(*zip(*points, strict=True), "o-", color=color, markersize=3.5, label=name)
        gpus = sorted({cost.gpus for cost in found})
        axes.set_xscale("log", base=2)
        axes.set_xticks(gpus, [f"{number:,}" for number in gpus])
        axes.set(title=title, xlabel="GPUs", ylim=(0, 1.02))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    figure.axes[0].set_ylabel("share of so many single GPUs")
    figure.axes[0].legend(loc="lower left", ncols=2)
    return figure


@matplotlib.rc_context(STYLE)
def to_png(figure):
    """The figure as bytes of a PNG file, 144 dots an inch."""
    return _saved(figure, "png")


@matplotlib.rc_context(STYLE)
def to_svg(figure, transparent=False):
    """The figure as bytes of an SVG file, letters drawn as paths: it needs no font. Equal figures give equal bytes.

    transparent: leave the paper out, for a page with a color of its own.
    """
    return _saved(figure, "svg", metadata={"Date": None}, transparent=transparent)


def image_to_png(image):
    """Bytes of a PNG file, px for px, of an image: uint8, (height, width), (height, width, 1) or (height, width, 3)."""
    file = io.BytesIO()
    imsave(file, _rgb(image), format="png")
    return file.getvalue()


def _saved(figure, kind, **options):
    file = io.BytesIO()
    figure.savefig(file, format=kind, **options)
    return file.getvalue()


def _column(rows, key):
    """A column of rows as floats; NaN where the key is absent or its text empty."""
    texts = [row.get(key) for row in rows]
    return np.array([float("nan") if text in (None, "") else float(text) for text in texts])


def _rgb(image):
    """(height, width, 3) uint8 of a gray or color image."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (1,), (3,)):
        raise ValueError(
            "plots: an image must be uint8 of shape (height, width), (height, width, 1) or (height, width, 3), "
            f"got {image.dtype} of shape {image.shape}."
        )
    return np.broadcast_to(image if image.ndim == 3 else image[..., None], (*image.shape[:2], 3))


def _say_not_measured(axes):
    axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", va="center", color=QUIET)
    axes.set(xticks=[], yticks=[])
