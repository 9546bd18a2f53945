"""The command line: parses, calls the module that does the work, prints."""

import functools
import inspect
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from rich.table import Table

from keras_resnets.recipe import Data, Recipe, differences, get, override

Flat = tyro.conf.arg(name="")
WORKDIR = tyro.conf.arg(help="Folder of the run; None is runs/MODEL-DATASET.")
CONSOLE = Console()


def main(argv=None):
    """The command `keras-resnets`; `argv` is sys.argv[1:] by default. Exits with 1 for a user's mistake."""
    verbs = {"train": train, "evaluate": evaluate, "port": port, "export": export, "list": list_}
    with_messages(
        tyro.extras.subcommand_cli_from_dict,
        verbs,
        prog="keras-resnets",
        description="Residual networks in Keras 3, from ResNet to NFNet and to the phone.",
        args=argv,
    )


def run(recipe, argv=None):
    """The footer of every page in `recipes/`: every knob by flag, then `train`.

    recipe: function that returns a `Recipe`. Its arguments, all with defaults, are names of recipe fields that other
    values depend on: where a flag changes one, the function is called again with it, and what depends on it follows.
    """
    page = Path(inspect.getfile(recipe))
    description = inspect.getdoc(inspect.getmodule(recipe))
    with_messages(_run, recipe, page, description, sys.argv[1:] if argv is None else argv)


def _run(recipe, page, description, argv):
    def command(recipe: Annotated[Recipe, Flat], workdir: Annotated[Path | None, WORKDIR] = None):
        return recipe, workdir

    chosen, workdir = _parsed(recipe, command, prog=page.name, description=description, args=argv)
    return _train(chosen, workdir, page.name)


def _parsed(recipe, command, **options):
    """What `command` returns for the flags; `recipe` is called again with those of its arguments that flags changed."""

    def parse(default):
        return tyro.cli(functools.partial(command, recipe=default), **options)

    chosen = parse(recipe())[0]
    return parse(recipe(**{name: _leaf(chosen, name) for name in inspect.signature(recipe).parameters}))


def _leaf(recipe, name):
    """The value of the recipe field `name`, at the top or in one of the parts."""
    for path in (name, *(f"{part}.{name}" for part in ("data", "augment", "optimizer", "schedule"))):
        try:
            return get(recipe, path)
        except ValueError:
            continue
    raise ValueError(f"run: the recipe's argument `{name}` is no recipe field.")


def run_degradation(recipe, argv=None):
    """The footer of recipes/cifar_degradation.py: plain and residual nets of several depths, then figure 6.

    recipe: function of a model's and a data set's name that returns the `Recipe`.
    """
    page = Path(inspect.getfile(recipe))
    with_messages(_run_degradation, recipe, page, sys.argv[1:] if argv is None else argv)


def _run_degradation(recipe, page, argv):
    import json

    from keras_resnets import plots
    from keras_resnets.analysis.degradation import degradation
    from keras_resnets.training.callbacks import read_metrics

    def command(
        recipe: Annotated[Recipe, Flat],
        depths: Annotated[tuple[int, int], tyro.conf.arg(help="Depths to compare; they set --model.")] = (20, 56),
        workdir: Annotated[Path, tyro.conf.arg(help="Folder of all runs and the figure.")] = Path("runs/degradation"),
    ):
        return recipe, depths, workdir

    description = inspect.getdoc(inspect.getmodule(recipe))
    chosen, depths, workdir = _parsed(recipe, command, prog=page.name, description=description, args=argv)
    first = recipe(**{name: _leaf(chosen, name) for name in inspect.signature(recipe).parameters})
    changes = {path: after for path, (_, after) in differences(first, chosen).items()}
    curves = {"plain": {}, "residual": {}}
    for kind, family in (("plain", "PlainNet"), ("residual", "ResNet")):
        for depth in depths:
            model = f"{family}{depth}"
            _train(override(recipe(model, chosen.data.name), changes), workdir / model.lower(), page.name)
            curves[kind][model] = read_metrics(workdir / model.lower() / "metrics.csv")
    result = degradation(curves)
    (workdir / "degradation.json").write_text(json.dumps(result.to_dict(), indent=1) + "\n")
    (workdir / "degradation.png").write_bytes(plots.to_png(plots.plot_degradation(curves)))
    table = Table("network", "training error", "test error", title=f"Degradation on {chosen.data.name}")
    for errors in (*result.plain, *result.residual):
        table.add_row(errors.model, f"{errors.training:.4f}", f"{errors.test:.4f}")
    CONSOLE.print(table)
    CONSOLE.print(f"{workdir / 'degradation.png'}")


def train(recipe: Annotated[Recipe, Flat] = Recipe(), workdir: Path | None = None):  # noqa: B008 (frozen)
    """Train a network, evaluate it, export it for others and the phone, and write report.html.

    With no flag: ResNet-20 on scikit-learn's digits, in about two minutes on two cores. The same command goes on where
    an interrupted run stopped.

    Args:
        recipe: What to train on what, and how.
        workdir: Folder of the run; by default runs/MODEL-DATASET.
    """
    _train(recipe, workdir, None)


def _train(recipe, workdir, name):
    from keras_resnets.training.run import train as train_

    workdir = workdir or Path("runs") / f"{recipe.model.lower()}-{Path(recipe.data.name.removeprefix('folder:')).name}"
    finished = train_(recipe, workdir, name)
    evaluation = finished.evaluation
    low, high = evaluation.top1_interval
    table = Table("test", "", title=f"{recipe.model} on {recipe.data.name}")
    table.add_row("top-1", f"{evaluation.top1:.4f} ({low:.4f} to {high:.4f}, n = {evaluation.n:,})")
    table.add_row("top-5", f"{evaluation.top5:.4f}")
    table.add_row("loss", f"{evaluation.loss:.4f}")
    table.add_row("calibration error", f"{evaluation.calibration_error:.4f}")
    table.add_row("artifact", str(finished.artifact.directory))
    table.add_row("report", str(finished.report))
    CONSOLE.print(table)


def evaluate(
    model: tyro.conf.Positional[Path],
    data: Data = Data(),  # noqa: B008 (frozen)
    output: Path | None = None,
):
    """Evaluate a `.keras` file, a SavedModel folder or a `.tflite` file on the test images of a data set.

    The file takes pixels 0 to 255, as those that `train`, `port` and `export` write do.

    Args:
        model: File or folder.
        data: Which images.
        output: Where to write everything as JSON.
    """
    import json

    from keras_resnets.data import datasets, pipeline
    from keras_resnets.evaluation import evaluate as evaluate_
    from keras_resnets.export.formats import open_model, probabilities

    dataset = datasets.load(data)
    opened = open_model(model)
    result, _ = evaluate_(
        lambda pixels: probabilities(opened.run(pixels)),
        pipeline.evaluation(dataset.test, data.batch_size),
        dataset.class_names,
        from_logits=False,
    )
    low, high = result.top1_interval
    table = Table("class", "n", "precision", "recall", "f1", title=f"{model} on {data.name}")
    for row in result.per_class:
        table.add_row(row.name, f"{row.n:,}", f"{row.precision:.4f}", f"{row.recall:.4f}", f"{row.f1:.4f}")
    CONSOLE.print(table)
    CONSOLE.print(
        f"top-1 {result.top1:.4f} ({low:.4f} to {high:.4f}), top-5 {result.top5:.4f}, loss {result.loss:.4f}, "
        f"calibration error {result.calibration_error:.4f}, n = {result.n:,}"
    )
    if output:
        output.write_text(json.dumps(result.to_dict(), indent=1) + "\n")


def port(
    weights: tyro.conf.Positional[Path],
    output: Path,
    source: str | None = None,
    model: str | None = None,
    to: str | None = None,
    preprocessing: bool = True,
):
    """Turn weights of another project into a `.keras` file, or a `.keras` file into weights for another project.

    Args:
        weights: An .npz, .safetensors or .h5 file of another project, or with `--to` a `.keras` file of ours.
        output: The `.keras` file to write, or with `--to` a .safetensors or .npz file.
        source: Whose names the arrays have: akamaster, timm, torchvision, deepmind or keras.
        model: A constructor or catalogue name.
        to: Write names of this project instead: timm, torchvision, deepmind or akamaster.
        preprocessing: Whether the `.keras` file takes pixels 0 to 255; else images normalized as its authors did.
    """
    from keras_resnets.porting.port import port as port_
    from keras_resnets.porting.port import port_back

    if to is not None:
        ported = port_back(weights, to, output)
    elif source is None or model is None:
        raise ValueError("port: give `--source` and `--model`, or `--to` to go the other way.")
    else:
        ported = port_(weights, source, model, output, preprocessing)
    CONSOLE.print(
        f"{ported.output}: {ported.model}, {ported.arrays} arrays, {ported.parameters:,} trainable parameters."
    )


def export(
    model: tyro.conf.Positional[Path],
    to: Path,
    data: Data = Data(),  # noqa: B008 (frozen)
    images: int = 256,
):
    """Write an artifact from a `.keras` file: SavedModel, TFLite, labels, metadata, model card, all verified.

    Args:
        model: A `.keras` file that takes pixels 0 to 255 and gives logits.
        to: Folder of the artifact.
        data: The data set whose classes name the outputs and whose test images the formats must agree on.
        images: How many of them.
    """
    import keras

    from keras_resnets.data import datasets
    from keras_resnets.data.examples import examples_to_arrays
    from keras_resnets.export import export as export_

    dataset = datasets.load(data)
    pixels, labels = examples_to_arrays(dataset.test, limit=images)
    artifact = export_(
        keras.models.load_model(model), to, class_names=dataset.class_names, images=pixels, labels=labels
    )
    table = Table("format", "file", "MB", "agreement", "top-1", "ms an image", title=str(artifact.directory))
    for file in artifact.files:
        agreement = file.agreement
        table.add_row(
            file.format,
            file.name,
            f"{file.bytes / 1e6:.2f}",
            f"{agreement.agreement:.4f} of {agreement.images}",
            "" if agreement.top1 is None else f"{agreement.top1:.4f}",
            "" if file.latency is None else f"{file.latency.median:.2f}",
        )
    CONSOLE.print(table)


def list_(pattern: tyro.conf.Positional[str] = "*"):
    """List the models of the catalogue.

    Args:
        pattern: Shell pattern of names, e.g. "cifar_*".
    """
    from keras_resnets.models.catalogue import list_models, variants

    found, known = list_models(pattern), variants()
    table = Table("name", "parameters", "px", "equal to")
    for name in found:
        variant = known[name]
        table.add_row(name, f"{variant.parameters:,}", str(variant.resolution), variant.reference)
    CONSOLE.print(table)
    CONSOLE.print(f"{len(found)} models.")


def _show_log():
    log = logging.getLogger("keras_resnets")
    if not log.handlers:
        log.addHandler(RichHandler(console=Console(stderr=True), show_time=False, show_path=False))
        log.setLevel(logging.INFO)


def with_messages(function, *args, **kwargs):
    """Calls `function`; a user's mistake ends the process with its message rather than a stack trace.

    KERAS_RESNETS_DEBUG=1 shows the trace. What our modules log (a long download, a skipped image) is shown.
    """
    _show_log()
    try:
        return function(*args, **kwargs)
    except (ValueError, OSError, RuntimeError) as error:
        if os.environ.get("KERAS_RESNETS_DEBUG"):
            raise
        Console(stderr=True).print(f"[bold red]error:[/] {escape(str(error))}", highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted. The same command goes on from the last checkpoint.")
        sys.exit(130)
