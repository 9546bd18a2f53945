"""The verb `export`."""

from pathlib import Path

import tyro
from rich.table import Table

from keras_resnets.cli.messages import CONSOLE
from keras_resnets.recipe import Data


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
