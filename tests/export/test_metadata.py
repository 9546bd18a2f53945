import hashlib
import json
import subprocess

import keras
import numpy as np

from keras_resnets.export import metadata


def test_metadata_says_what_goes_in_and_out_and_what_the_model_does_to_pixels(artifact):
    facts = json.loads((artifact.directory / "metadata.json").read_text())
    assert facts["input"]["name"] == "images" and facts["input"]["shape"] == ["batch", 8, 8, 1]
    assert facts["input"]["range"] == [0, 255] and facts["input"]["channels"] == "gray"
    assert facts["input"]["normalization"] == [{"layer": "normalization", "scale": 1 / 64, "offset": -1.0}]
    assert facts["output"]["classes"] == 10 and facts["output"]["tflite"] == ["probabilities"]
    assert {"keras_resnets", "tensorflow", "keras", "ai-edge-litert", "python"} <= set(facts["versions"])
    assert facts["card"]["license"] == "Apache-2.0"
    assert facts["parameters"] == 16 * 10 + 4 * 16 + 17 * 10


def test_a_mean_image_is_summed_up_for_each_channel():
    images = keras.Input((8, 8, 3))
    offset = np.broadcast_to(np.float32([1, 2, 3]), (8, 8, 3))
    network = keras.Model(
        images, keras.layers.Rescaling([0.5, 1.0, 2.0], offset.tolist(), name="normalization")(images)
    )
    (row,) = metadata.normalization(network)
    assert row["scale"] == [0.5, 1, 2] and row["offset"] == {"shape": [8, 8, 3], "channel_means": [1, 2, 3]}


def test_the_digest_of_a_folder_is_that_of_sha256sum(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.txt").write_text("bee")
    (tmp_path / "sub" / "a.txt").write_text("ay")
    command = "find . -type f | sed 's|^./||' | LC_ALL=C sort | xargs sha256sum"
    lines = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, check=True).stdout
    assert metadata.size_and_sha256(tmp_path) == (5, hashlib.sha256(lines).hexdigest())
    assert metadata.size_and_sha256(tmp_path / "b.txt") == (3, hashlib.sha256(b"bee").hexdigest())
