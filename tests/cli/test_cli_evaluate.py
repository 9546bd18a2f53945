"""`evaluate` says and writes what it measured, with n and the settings, for every view and both models."""

import json

import keras
import pytest
from matplotlib.image import imread

from keras_resnets.cli.evaluate import evaluate
from keras_resnets.evaluation import CORRUPTIONS
from keras_resnets.export.tflite import write_tflite
from keras_resnets.recipe import Data

DIGITS = Data(batch_size=100)


def network(filters):
    """A network small enough to be called hundreds of times, with random weights."""
    x = images = keras.Input((8, 8, 1), name="images")
    for layer in (
        keras.layers.Rescaling(1 / 90, -1.0, name="normalization"),
        keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name="conv"),
        keras.layers.GlobalAveragePooling2D(name="pool"),
        keras.layers.Dense(10, kernel_initializer=keras.initializers.RandomNormal(stddev=2), name="predictions"),
    ):
        x = layer(x)
    return keras.Model(images, x)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The same network as .keras and .tflite, and another one."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("models")
    model = network(12)
    model.save(folder / "one.keras")
    write_tflite(model, folder / "one.tflite")
    network(8).save(folder / "other.keras")
    return folder


@pytest.fixture
def evaluated(models, tmp_path, capsys):
    def run(file="one.keras", **flags):
        evaluate(models / file, DIGITS, output=tmp_path / "out.json", **flags)
        return json.loads((tmp_path / "out.json").read_text()), " ".join(capsys.readouterr().out.split())

    return run


@pytest.mark.parametrize(
    "flags",
    [
        {},
        {"views": "flip"},
        {"views": "ten-crop", "crop": 7},
        {"views": "ten-crop", "shorter_side": 10},
        {"views": "multi-scale", "scales": (8, 12)},
        {"resolution": 12},
    ],
    ids=str,
)
def test_keras_and_tflite_agree_on_every_view(evaluated, flags):
    one, printed = evaluated(images=60, **flags)
    other, _ = evaluated("one.tflite", images=60, **flags)
    assert one["n"] == 60 and "n = 60" in printed
    assert one["loss"] == pytest.approx(other["loss"], rel=1e-4)
    settings = one["settings"]
    assert settings["images"] == 60 and settings["data"]["name"] == "digits"
    assert settings["views"] == flags.get("views", "single")
    assert settings["resolution"] == flags.get("resolution")


def test_without_images_all_are_seen_and_views_change_the_answer(evaluated):
    single, flip = evaluated()[0], evaluated(views="flip")[0]
    assert single["n"] == flip["n"] == 500
    assert single["loss"] != flip["loss"]


def test_one_model_against_another(evaluated, models):
    found, printed = evaluated(against=models / "other.keras")
    against = found["against"]
    assert against["top1"] == found["top1"] and against["model"].endswith("other.keras")
    assert against["difference"] == pytest.approx(found["top1"] - against["evaluation"]["top1"])
    assert "McNemar's p" in printed and "paired" in printed
    assert evaluated(against=models / "one.tflite")[0]["against"]["p_value"] == 1


def test_corruptions_become_a_table_and_a_picture(evaluated, tmp_path):
    found, printed = evaluated(images=20, corruptions=("fog", "contrast"), figure=tmp_path / "robust.png")
    assert set(found["robustness"]["top1"]) == {"fog", "contrast"} and found["robustness"]["n"] == 20
    assert found["robustness"]["clean_top1"] == pytest.approx(found["top1"])
    assert "CIFAR-10-C" in printed and "mean corruption error" in printed
    assert imread(tmp_path / "robust.png").std() > 0.01


def test_all_is_every_corruption(evaluated):
    assert set(evaluated(images=2, corruptions=("all",))[0]["robustness"]["top1"]) == set(CORRUPTIONS)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"views": "ten-crop", "resolution": 7}, "`--resolution` is for views single and flip, got ten-crop. .*--crop"),
        ({"views": "multi-scale", "resolution": 7}, "Say px with `--scales`"),
        ({"crop": 7}, "belongs to views `ten-crop`"),
        ({"figure": "x.png"}, "`--figure` draws the corruptions"),
        ({"corruptions": ("frost",)}, "pictures of frost"),
        ({"images": 501}, r"`count` must be in \[1, 500\]"),
        ({"views": "ten-crop", "crop": 9}, "Lower `--crop`, or enlarge the images with `--shorter-side`"),
    ],
    ids=str,
)
def test_refuses(evaluated, flags, message):
    with pytest.raises(ValueError, match=message):
        evaluated(**flags)


def test_a_network_for_images_of_another_size_names_the_flag(models, tmp_path):
    with pytest.raises(ValueError, match=r"8x8 px, got 10x10\. Set `--data\.image-size`.*`--resolution`"):
        evaluate(models / "one.keras", Data(image_size=10))
