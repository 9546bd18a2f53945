"""The verb `augment`."""

from pathlib import Path

from keras_resnets.cli.messages import CONSOLE
from keras_resnets.recipe import Augment, Data, Recipe, differences


def augment(
    data: Data = Data(),  # noqa: B008 (frozen)
    augment: Augment = Augment(),  # noqa: B008 (frozen)
    show: Path = Path("augmentation.png"),
    rows: int = 6,
    draws: int = 8,
    seed: int = 0,
):
    """Draw a sheet of training images as a network meets them, to look at before training.

    A row an image: on the left the original, whole and in its class, then what becomes of it, step after step.

    Args:
        data: Which images, in what size.
        augment: What happens to them; nothing by default.
        show: The PNG file to write.
        rows: Images.
        draws: Steps.
        seed: Of the images chosen and of all that is drawn.
    """
    from keras_resnets import plots
    from keras_resnets.data import datasets
    from keras_resnets.data.sheet import sheet

    recipe = Recipe(data=data, augment=augment, seed=seed)
    found = sheet(datasets.load(data, seed), recipe, rows, draws)
    height, width = found.originals.shape[1:3]
    asked = ", ".join(f"{name} {value}" for name, (_, value) in differences(Augment(), augment).items())
    title = f"{data.name}, {width} x {height} px: {asked or 'no augmentation'}"
    show.write_bytes(plots.to_png(plots.plot_augmentation(found, title)))
    CONSOLE.print(f"{show}: {rows} images, {draws} draws each.")
