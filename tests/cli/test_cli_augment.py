"""`augment` writes a picture that says what was asked for."""

import pytest
from matplotlib.image import imread

from keras_resnets.cli import main
from keras_resnets.cli.augment import augment
from keras_resnets.recipe import Augment


def test_flags_of_data_and_augment_become_a_picture(tmp_path, capsys):
    sheet = tmp_path / "sheet.png"
    flags = ["--augment.crop", "inception", "--augment.crop-area", "0.5", "1", "--rows", "2", "--draws", "3"]
    main(["augment", "--data.image-size", "16", *flags, "--show", str(sheet)])
    assert imread(sheet).std() > 0.1
    assert "2 images, 3 draws each" in " ".join(capsys.readouterr().out.split())


def test_what_cant_be_drawn_is_refused_in_a_sentence(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["augment", "--augment.lighting", "0.1", "--show", str(tmp_path / "sheet.png")])
    assert ended.value.code == 1
    assert "`lighting` needs images with 3 channels, got 1" in " ".join(capsys.readouterr().err.split())
    with pytest.raises(ValueError, match=r"`augment.rand_augment_level` must be in \[0, 20\]"):
        augment(augment=Augment(rand_augment_level=30))
