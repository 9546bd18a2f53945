import json
import os
import sys

import keras
import numpy as np
import pytest

from keras_resnets.export import ExportMismatch, export, load_artifact, predict, tflite, verify


def tree(directory):
    return {str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*") if p.is_file()}


def test_an_artifact_is_a_folder_of_verified_formats_with_labels_metadata_and_card(artifact, digits, names):
    assert {path.name for path in artifact.directory.iterdir()} == {
        "model.keras",
        "saved_model",
        "model.tflite",
        "labels.txt",
        "metadata.json",
        "README.md",
    }
    assert (artifact.directory / "labels.txt").read_text() == "".join(f"{name}\n" for name in names)
    assert [file.format for file in artifact.files] == ["keras", "saved_model", "tflite"]
    for file in artifact.files:
        assert file.agreement.images == len(digits[0]) and file.agreement.agreement == 1
        assert file.agreement.probability_difference < 1e-5 and file.agreement.logit_difference_relative < 1e-5
        assert file.agreement.top1 == (predict(artifact.path(file.format), digits[0]).argmax(-1) == digits[1]).mean()
        assert file.agreement.top1 > 0.5 and file.agreement.classes_predicted > 5
        assert file.bytes > 0 and len(file.sha256) == 64
        assert file.latency is None if file.format == "keras" else file.latency.median > 0


def test_an_artifact_reads_back_as_it_was_returned(artifact):
    assert load_artifact(artifact.directory) == artifact
    assert artifact.path("tflite") == artifact.directory / "model.tflite"
    with pytest.raises(FileNotFoundError, match=r"is no artifact, for it has no metadata\.json"):
        load_artifact(artifact.directory / "saved_model")


def test_the_keras_file_holds_no_optimizer_and_no_class_of_training(brief, tmp_path, digits):
    @keras.saving.register_keras_serializable("test")
    class Trained(keras.Model):
        pass

    inputs = keras.Input((8, 8, 1))
    outputs = keras.layers.Dense(2)(keras.layers.Flatten()(inputs))
    model = Trained(inputs, outputs)
    model.compile("adam", "mse")
    written = export(model, tmp_path / "a", class_names=["no", "yes"], images=digits[0], formats=())
    loaded = keras.saving.load_model(written.path("keras"))
    assert type(loaded) is type(keras.Model(inputs, outputs)) and not loaded.compiled
    assert not (tmp_path / "a" / "saved_model").exists()


def test_a_model_of_mixed_precision_is_exported_in_float32(brief, tmp_path, make_network, digits, names):
    model = make_network([keras.Sequential([keras.layers.Conv2D(8, 3, name="inner")])], policy="mixed_bfloat16")
    keras.config.set_dtype_policy("mixed_bfloat16")  # as in a process that trains so
    try:
        written = export(model, tmp_path / "a", class_names=names, images=digits[0])
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("conv").compute_dtype == "bfloat16"
    assert keras.saving.load_model(written.path("keras")).get_layer("conv").compute_dtype == "float32"


def test_layers_that_leak_training_mode_into_keras_own_export_are_exported_in_inference(
    brief, tmp_path, digits, trained, names
):
    images = keras.Input((16, 16, 3))
    x = keras.layers.Resizing(8, 8)(images)
    x = keras.layers.Conv2D(1, 1, kernel_initializer="ones")(keras.layers.Dropout(0.5)(x))
    written = export(
        keras.Model(images, trained(x)),
        tmp_path / "a",
        class_names=names,
        images=np.repeat(digits[0], 2, axis=1).repeat(2, axis=2).repeat(3, axis=3)[:20],
    )
    assert all(file.agreement.probability_difference < 1e-5 for file in written.files)


@pytest.mark.parametrize("old", [True, False])
def test_a_corrupt_file_is_refused_and_what_was_there_stays(brief, tmp_path, monkeypatch, trained, digits, old, names):
    directory = tmp_path / "models" / "small"
    if old:
        export(trained, directory, class_names=names, images=digits[0], formats=())
    before, convert = tree(tmp_path), tflite.convert

    def corrupt(*args):
        content = bytearray(convert(*args))
        kernel = trained.get_layer("predictions").get_weights()[0].T.tobytes()
        place = content.index(kernel)
        content[place : place + 64] = np.full(16, 3.0, "float32").tobytes()
        return bytes(content)

    monkeypatch.setattr(tflite, "convert", corrupt)
    with pytest.raises(ExportMismatch, match=r"tflite: largest difference of a probability .* must be <= 0.0001, got"):
        export(trained, directory, class_names=names, images=digits[0])
    assert tree(tmp_path) == before
    assert list(directory.parent.iterdir()) == ([directory] if old else [])


def test_an_interrupted_export_leaves_nothing(tmp_path, monkeypatch, trained, digits, names):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["keras_resnets.export.artifact"], "latency", interrupt)
    with pytest.raises(KeyboardInterrupt):
        export(trained, tmp_path / "a", class_names=names, images=digits[0], formats=("saved_model",))
    assert not list(tmp_path.iterdir())


def test_an_older_artifact_is_replaced_as_a_whole(brief, tmp_path, trained, digits, names):
    for formats in (("tflite",), ()):
        export(trained, tmp_path / "a", class_names=names, images=digits[0], formats=formats)
    assert not (tmp_path / "a" / "model.tflite").exists()
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_an_older_artifact_returns_if_the_new_one_cannot_move_in(brief, tmp_path, monkeypatch, trained, digits, names):
    export(trained, tmp_path / "a", class_names=names, images=digits[0], formats=())
    before, replace = tree(tmp_path), os.replace

    def refuse_new(source, target):
        if source.name == "new":
            raise PermissionError("no")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse_new)
    with pytest.raises(PermissionError):
        export(trained, tmp_path / "a", class_names=names, images=digits[0], formats=())
    assert tree(tmp_path) == before


def test_a_folder_of_other_things_is_never_replaced(tmp_path, trained, digits, names):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match=r"`directory` must be new, empty or an older artifact, got .* other things"):
        export(trained, tmp_path, class_names=names, images=digits[0])
    assert tree(tmp_path) == {"thesis.txt": b"years of work"}


NAMES = [str(index) for index in range(10)]
IMAGES = np.zeros((3, 8, 8, 1), "uint8")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"class_names": NAMES[:9]}, r"`class_names` must be 10, one an output of the model, got 9"),
        ({"class_names": [*NAMES[:9], "0"]}, r"must be distinct, got '0' for the classes 0 and 9"),
        ({"class_names": [*NAMES[:9], "ni\nne"]}, r"must be lines of text, got 'ni\\nne' for class 9"),
        ({"class_names": [*NAMES[:9], " "]}, r"must be lines of text, got ' ' for class 9"),
        ({"class_names": range(10)}, r"must be lines of text, got 0 for class 0"),
        ({"images": IMAGES / 255}, r"`images` must be uint8 \(n, 8, 8, 1\) with n at least 1, got float64"),
        ({"images": IMAGES[:, :4]}, r"got uint8 \(3, 4, 8, 1\)"),
        ({"images": IMAGES[:0]}, r"got uint8 \(0, 8, 8, 1\)"),
        ({"labels": [0, 1]}, r"`labels` must be 3 integers in \[0, 10\)"),
        ({"labels": [0, 1, 10]}, r"`labels` must be 3 integers in \[0, 10\).*values \[ 0  1 10\]"),
        ({"labels": [0.0, 1.0, 2.0]}, r"got float64"),
        ({"formats": ("onnx",)}, r"`formats` must be of keras, saved_model, tflite, got 'onnx'"),
        ({"card": {"layer": keras.layers.ReLU}}, r"`card` must hold what JSON can, got type"),
        ({"card": {"top1": float("nan")}}, r"JSON"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_written(tmp_path, trained, changes, message):
    arguments = {"class_names": NAMES, "images": IMAGES} | changes
    with pytest.raises((ValueError, TypeError), match=message):
        export(trained, tmp_path / "new" / "a", **arguments)
    assert not list(tmp_path.iterdir())


def test_a_model_that_ends_in_softmax_is_refused(tmp_path, trained):
    model = keras.Model(trained.inputs, keras.layers.Softmax()(trained.outputs[0]))
    with pytest.raises(ValueError, match=r"must return logits, got rows that sum to 1.*classifier_activation=None"):
        export(model, tmp_path / "a", class_names=NAMES, images=IMAGES)


def test_a_model_that_returns_nan_is_refused(tmp_path, make_network):
    model = make_network()
    model.get_layer("predictions").bias.assign([np.nan] + [0.0] * 9)
    with pytest.raises(
        ValueError, match=r"must return finite logits, got others for 3 of 3 images, the first at index 0"
    ):
        export(model, tmp_path / "a", class_names=NAMES, images=IMAGES)


def test_a_card_may_hold_frozen_data_paths_and_numpy_numbers(brief, tmp_path, trained, digits):
    card = {"threshold": verify.FLOAT32, "top1": np.float32(0.5), "source": tmp_path}
    export(trained, tmp_path / "a", class_names=NAMES, images=digits[0], formats=(), card=card, name="Small")
    facts = json.loads((tmp_path / "a" / "metadata.json").read_text())
    assert facts["card"]["threshold"]["agreement"] == 1 and facts["card"]["top1"] == 0.5 and facts["name"] == "Small"


def test_a_resnet_of_ours_is_exported(brief, tmp_path, digits):
    resnet_cifar = pytest.importorskip("keras_resnets.models.resnet_cifar")
    keras.utils.set_random_seed(0)
    images = keras.Input((8, 8, 1))
    model = resnet_cifar.ResNet20(
        input_tensor=keras.layers.Rescaling(1 / 128, offset=-1.0)(images), classifier_activation=None
    )
    written = export(model, tmp_path / "ResNet20-digits", class_names=NAMES, images=digits[0])
    assert written.name == "ResNet20-digits"
    assert all(file.agreement.probability_difference < 1e-5 for file in written.files)
