"""A network for your own photos: from weights that others trained, on a folder with a sub-folder for each class.

    python recipes/finetune.py --data folder:photos --model MobileNetV3Small --weights FILE.keras
    python recipes/finetune.py --data folder:photos --weights imagenet            downloads published weights
    python recipes/finetune.py --data folder:photos --weights FILE.keras --fine-tune.method head      the fastest
    python recipes/finetune.py --data folder:photos --weights FILE.keras --fine-tune.method ssf       few numbers
    python recipes/finetune.py --data digits --model ResNet20 --weights resnet20.keras --augment.no-flip

FILE.keras is the best.keras or model.keras of another run, or what `keras-resnets port` wrote. Its preprocessing comes
along, and its image size unless --data.image-size says another. 200 photos are enough to begin: a fifth is held out for
the report, another fifth to choose the best network by; --data.validation and train/ and test/ folders change that.

The head learns first, the upper stages join after a fifth of the run, the lower ones at half, each at half the rate of
the one above (Howard and Ruder 2018, arXiv:1801.06146). Batch norm keeps its statistics; rare classes count as much as
frequent ones. If the loss rises when stages join, lower --schedule.peak or clip with --optimizer.clipping 0.02. The
folder of the run gets report.html and artifact/model.tflite for the phone. A minute or two on two cores for 200 images
of 32 px; what it reached: recipes/README.md.
"""

from typing import Literal

from keras_resnets.cli import run_on_photos
from keras_resnets.recipe import Augment, Data, FineTune, Optimizer, Recipe, Schedule


def recipe(
    model: str = "MobileNetV3Small",
    name: str = "folder:photos",
    weights: str | None = "imagenet",
    method: Literal["all", "head", "ssf", "batch_norm"] = "all",
    steps: int = 400,
) -> Recipe:
    # Chosen on validation images: the more trains, the lower the rate at which it keeps what it knew.
    peak = {"all": 0.01, "ssf": 0.02, "batch_norm": 0.02, "head": 0.1}[method]
    return Recipe(
        model=model,
        data=Data(name=name, batch_size=16, validation=0.2),
        augment=Augment(crop="inception", crop_area=(0.5, 1.0), flip=True, color_jitter=0.2),
        optimizer=Optimizer(momentum=0.9, weight_decay=1e-4),
        schedule=Schedule(kind="cosine", peak=peak, warmup_steps=steps // 20),
        fine_tune=FineTune(weights=weights, method=method),
        class_weights="balanced",
        steps=steps,
        epoch_steps=20,
        patience=5,
    )


if __name__ == "__main__":
    run_on_photos(recipe)
