"""Classic networks answer as torchvision's and keras.applications' with the same weights."""

from pathlib import Path

import keras
import numpy as np
import pytest

from keras_resnets import VGG11BN, VGG16, VGG19, AlexNet, DenseNet121, DenseNet169, DenseNet201, ResNet20, create_model
from keras_resnets.models.densenet import KERAS_DENSENET
from keras_resnets.porting import keras_classic, torchvision_classic
from keras_resnets.porting.rename import collect, fill

GOLDEN = Path(__file__).parents[2] / "../shared/reference/golden/tv_densenet_tiny.npz"


def answer(model, x):
    return np.array(model(x, training=False))


def difference(ours, reference):
    """The largest, relative to the reference's scale."""
    return float(np.abs(ours - reference).max() / np.abs(reference).max())


@pytest.mark.skipif(not GOLDEN.is_file(), reason="the project's shared reference is absent")
@pytest.mark.parametrize("side", [64, 51])
def test_the_golden_densenet_gives_torchvisions_logits_and_goes_back_exactly(side):
    golden = np.load(GOLDEN)
    arrays = {name[6:]: golden[name] for name in golden.files if name.startswith("param|")}
    tiny = {"blocks": (2, 2, 2, 2), "growth": 8, "stem_width": 16, "classes": 10}
    model = DenseNet121(input_shape=(side, side, 3), classifier_activation=None, **tiny)
    fill(model, arrays, torchvision_classic.pairs(model), torchvision_classic.IGNORE)
    logits = answer(model, np.transpose(golden[f"x{side}_nchw"], (0, 2, 3, 1)))
    assert difference(logits, golden[f"logits{side}"]) < 1e-5
    back = collect(model, torchvision_classic.pairs(model))
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)


def randomized(model):
    random = np.random.RandomState(0)
    for weight in model.weights:
        if weight.path.endswith("moving_variance"):
            weight.assign(random.uniform(0.5, 1.5, weight.shape))
        elif not weight.path.endswith("kernel"):
            weight.assign(random.normal(1.0 if weight.path.endswith("gamma") else 0.0, 0.1, weight.shape))
    return model


slow = pytest.mark.slow


@pytest.mark.parametrize(
    ("reference", "ours", "side"),
    [
        (keras.applications.DenseNet121, DenseNet121, 33),
        pytest.param(keras.applications.DenseNet169, DenseNet169, 48, marks=slow),
        pytest.param(keras.applications.DenseNet201, DenseNet201, 32, marks=slow),
        (keras.applications.VGG16, VGG16, 35),
        pytest.param(keras.applications.VGG19, VGG19, 67, marks=slow),
    ],
)
@pytest.mark.parametrize("include_top", [False, pytest.param(True, marks=slow)])
def test_keras_applications_weights_give_keras_applications_answers(reference, ours, side, include_top):
    options = {"include_top": include_top, "input_shape": (side, side, 3), "classifier_activation": None}
    theirs = randomized(reference(weights=None, **options))
    as_keras = {"conventions": KERAS_DENSENET} if "dense" in theirs.name else {"pool_to": None, "dropout_rate": 0.0}
    model = ours(**options, **as_keras)
    fill(model, {w.path: w.numpy() for w in theirs.weights}, keras_classic.pairs(model), keras_classic.IGNORE)
    x = np.random.RandomState(1).normal(0, 50, (2, side, side, 3)).astype("float32")
    assert difference(answer(model, x), answer(theirs, x)) < 1e-5


SMALL = {"hidden": 8, "classes": 3}


@pytest.mark.parametrize(
    ("create", "names"),
    [
        (lambda: AlexNet(filters=(4, 4, 4, 4, 4), **SMALL), "torchvision"),
        (lambda: VGG11BN(widths=(4,) * 5, **SMALL), "torchvision"),
        (lambda: VGG11BN(widths=(4,) * 5, **SMALL), "timm"),
        (lambda: create_model("googlenet_torchvision", classes=3), "torchvision"),
        (lambda: DenseNet121(blocks=(1, 2), growth=4, classes=3), "torchvision"),
    ],
    ids=["alexnet", "vgg", "vgg timm", "googlenet", "densenet"],
)
def test_names_go_both_ways_exactly(create, names):
    model = randomized(create())
    table = torchvision_classic.pairs(model, names)
    arrays, before = collect(model, table), model.get_weights()
    for weight in model.weights:
        weight.assign(np.zeros(weight.shape))
    fill(model, arrays, table)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_flattened_maps_are_read_in_pytorchs_order():
    model = AlexNet(filters=(4, 4, 4, 4, 4), **SMALL)
    arrays = collect(model, torchvision_classic.pairs(model))
    weight = arrays["classifier.1.weight"]
    assert weight.shape == (8, 4 * 6 * 6)
    x = np.random.RandomState(0).normal(size=(1, 6, 6, 4)).astype("float32")
    ours = x.reshape(1, -1) @ model.get_layer("dense1").kernel.numpy()
    np.testing.assert_allclose(np.transpose(x, (0, 3, 1, 2)).reshape(1, -1) @ weight.T, ours, atol=1e-5)


def test_weights_with_auxiliaries_fit_a_network_without():
    whole = create_model("googlenet_torchvision", classes=3)
    arrays = collect(whole, torchvision_classic.pairs(whole))
    alone = create_model("googlenet_torchvision_noaux", classes=3)
    fill(alone, arrays, torchvision_classic.pairs(alone), torchvision_classic.IGNORE)
    assert "aux1.fc1.weight" in arrays
    np.testing.assert_array_equal(alone.get_layer("predictions").kernel, whole.get_layer("predictions").kernel)


def test_other_families_are_refused():
    with pytest.raises(ValueError, match="must be an AlexNet, VGG, GoogLeNet or DenseNet, got 'resnet20'"):
        torchvision_classic.pairs(ResNet20())
    with pytest.raises(ValueError, match="must be a VGG without batch norm or a DenseNet, got 'vgg11bn'"):
        keras_classic.pairs(VGG11BN(include_top=False))


@slow
@pytest.mark.parametrize(
    ("key", "side"),
    [("alexnet", 127), ("vgg11_bn", 97), ("googlenet_torchvision", 97), ("googlenet_torchvision", 224)],
)
def test_torchvision_itself_agrees(key, side):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    torchvision = pytest.importorskip(
        "torchvision", reason="torchvision does not import", exc_type=(ImportError, RuntimeError)
    )
    torch.manual_seed(0)
    options = {"init_weights": False} if "googlenet" in key else {}
    theirs = getattr(torchvision.models, key.split("_torchvision")[0])(weights=None, num_classes=10, **options).eval()
    for name, values in theirs.named_buffers():
        if name.endswith("running_var"):
            values.copy_(torch.rand(values.shape) + 0.5)
    model = create_model(f"{key}_noaux" if "googlenet" in key else key, classes=10, input_shape=(side, side, 3),
                         classifier_activation=None)  # fmt: skip
    arrays = {name: values.numpy() for name, values in theirs.state_dict().items()}
    fill(model, arrays, torchvision_classic.pairs(model), torchvision_classic.IGNORE)
    x = np.random.RandomState(1).normal(size=(2, side, side, 3)).astype("float32")
    with torch.no_grad():
        logits = theirs(torch.from_numpy(np.ascontiguousarray(np.transpose(x, (0, 3, 1, 2))))).numpy()
    assert difference(answer(model, x), logits) < 1e-4
