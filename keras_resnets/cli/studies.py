"""The footers of pages that train many networks and compare them: the same flags, then a table and a picture."""

import inspect
import json
import sys
from pathlib import Path
from typing import Annotated

import tyro
from rich.table import Table

from keras_resnets.cli.messages import CONSOLE, with_messages
from keras_resnets.cli.pages import parsed
from keras_resnets.cli.train import Flat, train_and_print
from keras_resnets.recipe import Recipe, differences, override


def run_degradation(recipe, argv=None):
    """The footer of recipes/cifar_degradation.py: plain and residual nets of several depths, then figure 6.

    recipe: function of a model's and a data set's name that returns the `Recipe`.
    """
    page = Path(inspect.getfile(recipe))
    with_messages(_run_degradation, recipe, page, sys.argv[1:] if argv is None else argv)


def _run_degradation(recipe, page, argv):
    from keras_resnets import plots
    from keras_resnets.analysis.degradation import degradation
    from keras_resnets.training.metrics_log import read_metrics

    def command(
        recipe: Annotated[Recipe, Flat],
        depths: Annotated[tuple[int, int], tyro.conf.arg(help="Depths to compare; they set --model.")] = (20, 56),
        workdir: Annotated[Path, tyro.conf.arg(help="Folder of all runs and the figure.")] = Path("runs/degradation"),
    ):
        return recipe, depths, workdir

    description = inspect.getdoc(inspect.getmodule(recipe))
    arguments, (chosen, depths, workdir) = parsed(recipe, command, prog=page.name, description=description, args=argv)
    changes = {path: after for path, (_, after) in differences(recipe(**arguments), chosen).items()}
    curves = {"plain": {}, "residual": {}}
    for kind, family in (("plain", "PlainNet"), ("residual", "ResNet")):
        for depth in depths:
            model = f"{family}{depth}"
            train_and_print(override(recipe(model, chosen.data.name), changes), workdir / model.lower(), page.name)
            curves[kind][model] = read_metrics(workdir / model.lower() / "metrics.csv")
    result = degradation(curves)
    (workdir / "degradation.json").write_text(json.dumps(result.to_dict(), indent=1) + "\n")
    (workdir / "degradation.png").write_bytes(plots.to_png(plots.plot_degradation(curves)))
    table = Table("network", "training error", "test error", title=f"Degradation on {chosen.data.name}")
    for errors in (*result.plain, *result.residual):
        table.add_row(errors.model, f"{errors.training:.4f}", f"{errors.test:.4f}")
    CONSOLE.print(table)
    CONSOLE.print(f"{workdir / 'degradation.png'}")


def run_agc_sensitivity(recipe, argv=None):
    """The footer of recipes/agc_sensitivity.py: batch sizes times thresholds times seeds, then figure 2.

    recipe: function of a model's and a data set's name, a batch size and steps that returns the `Recipe`.
    """
    page = Path(inspect.getfile(recipe))
    with_messages(_run_agc_sensitivity, recipe, page, sys.argv[1:] if argv is None else argv)


def _run_agc_sensitivity(recipe, page, argv):
    from keras_resnets import plots
    from keras_resnets.analysis.agc_sensitivity import agc_sensitivity

    def command(
        recipe: Annotated[Recipe, Flat],
        batch_sizes: Annotated[tuple[int, ...], tyro.conf.arg(help="They set --data.batch-size.")] = (128, 512, 2048),
        thresholds: Annotated[
            tuple[float, ...], tyro.conf.arg(help="They set --optimizer.clipping; no clipping is always run too.")
        ] = (0.01, 0.04, 0.16),
        seeds: Annotated[tuple[int, ...], tyro.conf.arg(help="They set --seed.")] = (0, 1, 2),
        workdir: Annotated[Path, tyro.conf.arg(help="Folder of all runs and the figure.")] = Path("runs/agc"),
    ):
        return recipe, (batch_sizes, thresholds, seeds), workdir

    description = inspect.getdoc(inspect.getmodule(recipe))
    arguments, (chosen, grid, workdir) = parsed(recipe, command, prog=page.name, description=description, args=argv)
    changes = {path: after for path, (_, after) in differences(recipe(**arguments), chosen).items()}
    trials = [
        _trial(override(recipe(**arguments | {"batch_size": batch_size}), changes), clipping, seed, workdir, page.name)
        for batch_size in grid[0]
        for clipping in (None, *grid[1])
        for seed in grid[2]
    ]
    result = agc_sensitivity(trials)
    (workdir / "agc_sensitivity.json").write_text(json.dumps(result.to_dict(), indent=1) + "\n")
    (workdir / "agc_sensitivity.png").write_bytes(plots.to_png(plots.plot_agc_sensitivity(result)))
    table = Table("batch", "rate", "clipping", "top-1", "diverged", title=f"{chosen.model} on {chosen.data.name}")
    for cell in result.cells:
        score = "" if cell.mean is None else f"{cell.mean:.4f} ± {cell.deviation or 0:.4f}"
        threshold = "off" if cell.clipping is None else f"{cell.clipping:g}"
        table.add_row(f"{cell.batch_size:,}", f"{cell.rate:g}", threshold, score, f"{cell.diverged} of {cell.n}")
    CONSOLE.print(table)
    CONSOLE.print(f"{workdir / 'agc_sensitivity.png'}")


def _trial(recipe, clipping, seed, workdir, page):
    """The `Trial` of one run; read from its folder where it has ended before."""
    import keras

    from keras_resnets.analysis.agc_sensitivity import Trial
    from keras_resnets.training.faults import Diverged
    from keras_resnets.training.metrics_log import read_metrics

    recipe = override(recipe, {"optimizer.clipping": clipping, "seed": seed})
    folder = workdir / f"batch{recipe.data.batch_size}-{'off' if clipping is None else clipping}-seed{seed}"
    ended, top1 = folder / "diverged.txt", None
    if not ended.exists():
        try:
            if not (folder / "evaluation.json").exists():
                keras.backend.clear_session()
                train_and_print(recipe, folder, page)
            top1 = json.loads((folder / "evaluation.json").read_text("utf-8"))["top1"]
        except Diverged as error:
            ended.write_text(str(error) + "\n", "utf-8")
            CONSOLE.print(str(error))
    rows = read_metrics(folder / "metrics.csv")
    fraction = rows[-1]["clipped_fraction"] if rows else None
    return Trial(recipe.data.batch_size, clipping, recipe.schedule.peak, seed, top1, fraction)
