"""The verb `evaluate`."""

import dataclasses
import json
from pathlib import Path
from typing import Literal

import tyro
from rich.table import Table

from keras_resnets.cli.messages import CONSOLE
from keras_resnets.recipe import Data


def evaluate(
    model: tyro.conf.Positional[Path],
    data: Data = Data(),  # noqa: B008 (frozen)
    views: Literal["single", "flip", "ten-crop", "multi-scale"] = "single",
    crop: int | None = None,
    shorter_side: int | None = None,
    scales: tuple[int, ...] = (224, 256, 384, 480, 640),
    resolution: int | None = None,
    images: int | None = None,
    corruptions: tuple[str, ...] = (),
    against: Path | None = None,
    output: Path | None = None,
    figure: Path | None = None,
):
    """Evaluate a `.keras` file, a SavedModel folder or a `.tflite` file on the test images of a data set.

    The file takes pixels 0 to 255, as those that `train`, `port` and `export` write do.

    Args:
        model: File or folder.
        data: Which images. NFNet's test rule is `--data.resize resize_crop_32 --resolution 256` (F0's test px).
        views: The image; it and its mirror; corners, center and mirrors (10-crop); several scales and mirrors. The
            probabilities are averaged. Krizhevsky's 10-crop on ImageNet: `--views ten-crop --data.image-size 256
            --data.resize shorter_side --data.resize-ratio 1`.
        crop: px of a side of `ten-crop`'s crops; None is the model's own size.
        shorter_side: px that `ten-crop` first resizes the shorter side to; None leaves the images as `data` gives them.
        scales: px of the shorter side in `multi-scale`; the images come from `data`, in its size.
        resolution: px of the images, and of the model rebuilt for them with the same weights; None is the model's own.
        images: Evaluate on so many test images, drawn at random once and for all; None takes all.
        corruptions: `all`, or names such as `fog`: also measure top-1 on images so damaged, in five severities.
        against: Another model to compare with on the same images.
        output: Where to write everything as JSON.
        figure: Where to draw the corruptions, a .png or .svg file.
    """
    from keras_resnets import evaluation

    settings = {"data": data, "views": views, "crop": crop, "shorter_side": shorter_side, "scales": scales}
    settings |= {"resolution": resolution, "images": images}
    if resolution is not None:
        if views not in ("single", "flip"):
            raise ValueError(
                f"evaluate: `--resolution` is for views single and flip, got {views}. Say px with "
                f"{'`--crop`' if views == 'ten-crop' else '`--scales`'}."
            )
        data = dataclasses.replace(data, image_size=resolution, test_size=None)
    if figure is not None and not corruptions:
        raise ValueError("evaluate: `--figure` draws the corruptions. Name some: `--corruptions all`.")
    chosen = evaluation.Views(kind=views, crop=crop, shorter_side=shorter_side, scales=scales)
    batches, dataset = _images(data, images)
    predict = _predict(model, chosen, resolution)
    result, predictions = evaluation.evaluate(predict, batches(), dataset.class_names, from_logits=False)
    _show_classes(result, f"{model} on {data.name}, views: {views}")
    if dataset.note:
        CONSOLE.print(dataset.note)
    found = result.to_dict() | {"model": str(model), "settings": _plain(settings), "note": dataset.note}
    if against is not None:
        other, theirs = evaluation.evaluate(
            _predict(against, chosen, resolution), batches(), dataset.class_names, from_logits=False
        )
        comparison = evaluation.compare(predictions, theirs)
        _show_comparison(comparison, against, other)
        found["against"] = {"model": str(against), **comparison.to_dict(), "evaluation": other.to_dict()}
    if corruptions:
        names = tuple(evaluation.CORRUPTIONS) if corruptions == ("all",) else corruptions
        robust = evaluation.robustness(predict, batches(), names)
        _show_robustness(robust, model)
        found["robustness"] = robust.to_dict()
        if figure is not None:
            _draw(robust, figure)
    if output:
        output.write_text(json.dumps(found, indent=1) + "\n")


def _images(data, count):
    """(function that gives the test batches from the start, data set)."""
    from keras_resnets.data import datasets, pipeline
    from keras_resnets.evaluation import sample

    dataset = datasets.load(data)

    def batches():
        everything = pipeline.evaluation(dataset.test, data.batch_size)
        return everything if count is None else sample(everything, dataset.test.size, count)

    return batches, dataset


def _predict(path, views, resolution):
    """The model file at `path` as a function of pixels to probabilities, averaged over `views`."""
    from keras_resnets.evaluation import predict_views
    from keras_resnets.export.formats import open_model, probabilities

    opened = open_model(path)
    if resolution is not None:
        opened = opened.resized(resolution, resolution)

    def predict_at(height, width):
        sized = opened if opened.input_shape[:2] == (height, width) else opened.resized(height, width)
        return lambda pixels: probabilities(sized.run(pixels))

    return predict_views(views, predict_at, opened.input_shape)


def _show_classes(result, title):
    low, high = result.top1_interval
    table = Table("class", "n", "precision", "recall", "f1", title=title)
    for row in result.per_class:
        scores = ("-" if score is None else f"{score:.4f}" for score in (row.precision, row.recall, row.f1))
        table.add_row(row.name, f"{row.n:,}", *scores)
    CONSOLE.print(table)
    CONSOLE.print(
        f"top-1 {result.top1:.4f} ({low:.4f} to {high:.4f}), top-5 {result.top5:.4f}, loss {result.loss:.4f}, "
        f"calibration error {result.calibration_error:.4f}, n = {result.n:,}"
    )


def _show_comparison(comparison, against, other):
    low, high = comparison.difference_interval
    CONSOLE.print(
        f"against {against}: top-1 {comparison.against_top1:.4f} ({other.top1_interval[0]:.4f} to "
        f"{other.top1_interval[1]:.4f}); difference {comparison.difference:+.4f} ({low:+.4f} to {high:+.4f}, paired), "
        f"McNemar's p = {comparison.p_value:.2g}: {comparison.only_first:,} images only the first gets right, "
        f"{comparison.only_second:,} only the second."
    )


def _show_robustness(robust, model):
    columns = (f"severity {severity}" for severity in robust.severities)
    table = Table("top-1", *columns, "mean", title=f"{model}, strengths of {robust.parameters}, n = {robust.n:,}")
    for name, values in robust.top1.items():
        table.add_row(name, *(f"{value:.3f}" for value in values), f"{sum(values) / len(values):.3f}")
    CONSOLE.print(table)
    CONSOLE.print(
        f"clean top-1 {robust.clean_top1:.4f}; mean corruption error {robust.mean_corruption_error:.4f} "
        f"(not divided by AlexNet's), {robust.relative_corruption_error:+.4f} over the clean error; "
        f"without {', '.join(robust.left_out) or 'nothing'}"
    )


def _draw(robust, figure):
    from keras_resnets import plots

    drawn = plots.plot_robustness(robust)
    figure.write_bytes(plots.to_svg(drawn) if figure.suffix == ".svg" else plots.to_png(drawn))


def _plain(settings):
    return {key: dataclasses.asdict(value) if key == "data" else value for key, value in settings.items()}
