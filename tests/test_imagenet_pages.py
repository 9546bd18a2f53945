"""The pages for ImageNet: what their papers did, and steps of each on a folder of JPEGs with nothing but flags."""

import json
import runpy
from pathlib import Path

import pytest
import tensorflow as tf

from keras_resnets.cli import run
from keras_resnets.models.catalogue import constructor
from keras_resnets.training.assemble import compiled
from keras_resnets.training.schedules import learning_rate

RECIPES = Path(__file__).parents[1] / "recipes"


def page(name):
    return runpy.run_path(str(RECIPES / name))


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two classes of twelve JPEGs as large as a camera's preview, cut from scikit-learn's two photos."""
    from sklearn.datasets import load_sample_images

    root = tmp_path_factory.mktemp("photos")
    for name, image in zip(("temple", "flower"), load_sample_images().images, strict=True):
        (root / name).mkdir()
        for k in range(12):
            height, width = 300 + 8 * k, 400 + 16 * k
            part = image[k : k + height, 3 * k : 3 * k + width]
            (root / name / f"{k}.jpg").write_bytes(tf.io.encode_jpeg(part, quality=85).numpy())
    return root


def test_he_2015():
    recipe = page("imagenet_resnet.py")["he2015"]()
    assert (recipe.steps, recipe.data.batch_size, recipe.optimizer.weight_decay) == (600_000, 256, 1e-4)
    assert (recipe.augment.crop, recipe.augment.crop_scale, recipe.augment.lighting) == ("scale", (256, 480), 0.1)
    assert constructor(recipe.model).variant is constructor("resnet50_v1").variant


def test_goyal_2017_scales_the_rate_with_the_batch_and_warms_up():
    recipe = page("imagenet_resnet.py")["goyal2017"]()
    rate = learning_rate(recipe.schedule, recipe.steps)
    epoch = 1_281_167 / 8192
    found = [float(rate(round(number * epoch))) for number in (0, 10, 40, 70, 85)]
    assert found == pytest.approx([0.1, 3.2, 0.32, 0.032, 0.0032], rel=1e-3)
    small = page("imagenet_resnet.py")["goyal2017"](batch_size=256)
    assert float(learning_rate(small.schedule, small.steps)(1000)) == pytest.approx(0.1)
    assert not recipe.synchronized_batch_norm


def test_he_2018_spares_biases_and_norms_from_decay():
    recipe = page("imagenet_resnet.py")["he2018"]()
    assert (recipe.label_smoothing, recipe.augment.mixup, recipe.schedule.kind) == (0.1, 0.2, "cosine")
    assert set(recipe.optimizer.weight_decay_exempt) == {"gamma", "beta", "bias"}


@pytest.mark.parametrize(
    ("model", "train", "test", "level"),
    [("NFNetF0", 192, 256, 5), ("NFNetF1", 224, 320, 10), ("NFNetF7", 480, 608, 15)],
)
def test_nfnets_take_sizes_and_strength_from_their_variant(model, train, test, level):
    recipe = page("imagenet_nfnet.py")["recipe"](model)
    assert (recipe.data.image_size, recipe.data.test_size, recipe.augment.rand_augment_level) == (train, test, level)
    assert recipe.steps == 112_603  # 360 epochs of 1,281,167 images by 4,096, which the authors round down
    assert (recipe.optimizer.clipping, recipe.average.decay, recipe.optimizer.weight_decay) == (0.01, 0.99999, 2e-5)
    rate = learning_rate(recipe.schedule, recipe.steps)
    assert float(rate(1564)) == pytest.approx(1.6, rel=1e-3)


def test_nfnets_decay_and_clip_the_weights_that_the_authors_did():
    """Gains and biases: no decay, clipped. The classifier's kernel: decayed, not clipped. All else: both."""
    recipe = page("imagenet_nfnet.py")["recipe"]("NFNetF0", steps=100)
    network = constructor("NFNetF0")(input_shape=(32, 32, 3), classes=10, classifier_activation=None)
    optimizer = compiled(recipe, network).optimizer
    decayed, clipped = set(), set()
    for variable in optimizer.variables_built:
        if not any(word in variable.path for word in optimizer.weight_decay_exempt):
            decayed.add(variable.path)
        if optimizer.clips(variable):
            clipped.add(variable.path)
    paths = {variable.path for variable in optimizer.variables_built}
    gains = {path for path in paths if path.rsplit("/", 1)[-1] in ("gain", "bias") or "skip_gain" in path}
    assert paths - decayed == gains
    assert paths - clipped == {"predictions/kernel"}


FLAGS = ["--data.batch-size", "4", "--data.validation", "0", "--steps", "2", "--export.formats"]


def trained(name, folder, workdir, *flags):
    found = page(name)
    chosen = [found[flag] for flag in flags if flag in found] or [found["recipe"]]
    rest = [flag for flag in flags if flag not in found]
    run(*chosen, argv=["--data.name", f"folder:{folder}", *FLAGS, *rest, "--workdir", str(workdir)])
    assert json.loads((workdir / "evaluation.json").read_text())["n"] > 0
    assert (workdir / "report.html").exists()


def test_a_modern_recipe_runs_on_a_folder(photos, tmp_path):
    trained("imagenet_resnet.py", photos, tmp_path / "run", "he2018", "--model", "resnet18", "--data.image-size", "32")


def test_the_recipe_of_small_images_runs_on_a_folder_too(photos, tmp_path):
    trained("cifar_nf_resnet.py", photos, tmp_path / "run", "--model", "NFResNet20", "--data.image-size", "32")


@pytest.mark.slow
@pytest.mark.parametrize("paper", ["he2015", "goyal2017", "he2018"])
def test_each_papers_recipe_runs_at_full_size(photos, tmp_path, paper):
    trained("imagenet_resnet.py", photos, tmp_path / "run", paper)


@pytest.mark.slow
def test_an_nfnet_runs_with_sharpness_and_micro_batches(photos, tmp_path):
    flags = ["--data.image-size", "32", "--data.test-size", "48", "--optimizer.micro-batches", "2"]
    sharp = ["--optimizer.sharpness", "0.05", "--optimizer.sharpness-share", "0.2"]
    trained("imagenet_nfnet.py", photos, tmp_path / "run", *flags, *sharp)
