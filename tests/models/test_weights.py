"""Weights to start from: another head, other channels, other files; what nobody can download says so."""

import keras
import numpy as np
import pytest

import keras_resnets
from keras_resnets.models import catalogue
from keras_resnets.models.transfer import adapt_channels
from keras_resnets.models.weights import pretrained
from keras_resnets.porting.sources import arrays_for, write_arrays

SHAPE = (16, 16, 3)
TINY = {"blocks": (1, 1, 1)}


def images(channels=3):
    return np.random.RandomState(0).normal(size=(2, 16, 16, channels)).astype("float32")


@pytest.fixture(params=[".weights.h5", ".keras"])
def saved(request, tmp_path):
    model = keras_resnets.ResNet20(input_shape=SHAPE, **TINY)
    path = tmp_path / f"model{request.param}"
    model.save_weights(path) if request.param == ".weights.h5" else model.save(path)
    return model, path


def same_body(one, other):
    values = {w.path: np.asarray(w.numpy()) for w in one.weights if not w.path.startswith("predictions")}
    for weight in other.weights:
        if weight.path in values:
            np.testing.assert_array_equal(weight.numpy(), values.pop(weight.path))
    assert not values


def test_another_number_of_classes_starts_a_new_head_and_says_so(saved):
    model, path = saved
    with pytest.warns(
        UserWarning, match=r"ResNet20: `weights` are for 10 classes, .*: predictions/kernel, predictions/"
    ):
        twin = keras_resnets.ResNet20(weights=path, classes=7, input_shape=SHAPE, **TINY)
    same_body(model, twin)
    assert twin.output_shape == (None, 7)


def test_features_take_the_body_and_leave_the_head(saved):
    model, path = saved
    for options in ({"include_top": False}, {"features_only": True}, {"include_top": False, "output_stride": 2}):
        same_body(model, keras_resnets.ResNet20(weights=path, input_shape=SHAPE, **options, **TINY))


def test_gray_images_give_what_three_equal_channels_gave(saved):
    model, path = saved
    gray = keras_resnets.ResNet20(weights=path, input_shape=(16, 16, 1), **TINY)
    x = images(1)
    np.testing.assert_allclose(
        gray.predict(x, verbose=0), model.predict(np.repeat(x, 3, axis=-1), verbose=0), rtol=1e-4, atol=1e-6
    )


def test_channels_are_adapted_as_timm_does():
    kernel = np.random.RandomState(0).normal(size=(3, 3, 3, 2)).astype("float32")
    np.testing.assert_allclose(adapt_channels(kernel, 1)[..., 0, :], kernel.sum(axis=2), rtol=1e-6)
    four = adapt_channels(kernel, 4)
    np.testing.assert_allclose(four, kernel[:, :, [0, 1, 2, 0]] * 0.75, rtol=1e-6)
    assert four.dtype == np.float32
    assert adapt_channels(kernel, 3) is kernel


def test_a_file_of_another_network_is_refused(saved):
    _, path = saved
    with pytest.raises(ValueError, match=r"ResNet20: `weights` '.*' is not of this network"):
        keras_resnets.ResNet20(weights=path, input_shape=SHAPE, blocks=(1, 2, 1))
    with pytest.raises(ValueError, match=r"ResNet20: `weights` names no file"):
        keras_resnets.ResNet20(weights="absent.keras")
    with pytest.raises(ValueError, match=r"ResNet20: `weights` must be None, a tag, or the path .* got 'x\.pth'"):
        keras_resnets.ResNet20(weights="x.pth")


def test_a_tag_is_downloaded_and_ported(monkeypatch, tmp_path):
    model = keras_resnets.ResNet18(input_shape=(32, 32, 3))
    path = tmp_path / "downloaded.safetensors"
    write_arrays(path, arrays_for(model, "timm"))
    asked = []

    def get_file(name, origin, **options):
        asked.append((name, origin, options["cache_subdir"]))
        return str(path)

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    with pytest.warns(UserWarning, match="ResNet18: `weights` are for 1000 classes"):
        twin = keras_resnets.ResNet18(weights="tv_in1k", input_shape=(32, 32, 3), classes=3)
    same_body(model, twin)
    origin = "https://huggingface.co/timm/resnet18.tv_in1k/resolve/main/model.safetensors"
    assert asked == [("resnet18.tv_in1k.safetensors", origin, "models/keras_resnets")]
    same_body(model, keras_resnets.ResNet18(weights=path, include_top=False))


def test_without_a_network_it_says_which_file_goes_where(monkeypatch, tmp_path):
    def get_file(*args, **options):
        raise OSError("no route")

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(
        ValueError, match=r"huggingface\.co/timm/densenet121.* could not be downloaded \(no route\)\. Fetch"
    ):
        keras_resnets.DenseNet121(weights="imagenet", include_top=False)


def test_a_file_that_runs_code_is_not_fetched(monkeypatch):
    monkeypatch.setattr(keras.utils, "get_file", lambda *args, **options: pytest.fail("downloaded"))
    with pytest.raises(ValueError, match=r"AlexNet: .*alexnet-owt-.*\.pth is a PyTorch file, which runs code"):
        keras_resnets.AlexNet(weights="imagenet", include_top=False, input_shape=(64, 64, 3))


def test_a_tag_that_does_not_exist_lists_those_that_do():
    with pytest.raises(ValueError, match=r"DenseNet161: `weights` must be .* one of imagenet, tv_in1k; got 'tv_in2k'"):
        keras_resnets.DenseNet161(weights="tv_in2k", include_top=False)
    with pytest.raises(ValueError, match=r"ResNet20: .* not a tag: nobody published any for it; got 'imagenet'"):
        keras_resnets.ResNet20(weights="imagenet")


def test_the_table_is_of_variants_and_invents_nothing():
    table = pretrained()
    assert set(table) <= set(catalogue.variants())
    rows = [row for tags in table.values() for row in tags.values()]
    assert len(rows) > 100
    for row in rows:
        assert row.sha256 is None
        assert row.preprocessing in ("torch", "tf", "caffe")
        assert row.top1 is None or 50 < row.top1 < row.top5 if row.top5 else True
        assert row.format in ("safetensors", "npz", "pth", "keras")
    assert catalogue.list_weights("ResNet50")["tv_in1k"].top1 == 76.156
    assert next(iter(catalogue.list_weights("ResNet50"))) == "a1_in1k"
    assert catalogue.list_weights("ResNet20") == {}
