"""Views are cut where the papers cut them, each is asked once, and probabilities are averaged."""

import keras
import numpy as np
import pytest
from scipy.special import softmax

from keras_resnets.evaluation import Views, predict_views
from keras_resnets.evaluation.views import ten_crops, with_shorter_side
from keras_resnets.models import ResNet20
from keras_resnets.models.resolution import at_resolution

generator = np.random.default_rng(0)
PIXELS = generator.uniform(0, 255, (3, 8, 8, 3)).astype("float32")


class Recorder:
    """A network for any size whose answer is a function of the image's left half, and which remembers its images."""

    def __init__(self):
        self.seen, self.sizes = [], []

    def at(self, height, width):
        self.sizes.append((height, width))

        def predict(images):
            assert images.shape[1:3] == (height, width)
            self.seen.append(np.array(images))
            left = images[:, :, : width // 2].mean((1, 2, 3)) / 255
            return np.stack([left, 1 - left], axis=1)

        return predict


def asked(views, pixels=PIXELS, size=(8, 8)):
    recorder = Recorder()
    answer = predict_views(views, recorder.at, (*size, 3))(pixels)
    return answer, recorder


def test_single_is_the_network_alone():
    answer, recorder = asked(Views())
    assert len(recorder.seen) == 1
    np.testing.assert_allclose(answer, Recorder().at(8, 8)(PIXELS))


def test_flip_averages_the_probabilities_of_image_and_mirror():
    answer, recorder = asked(Views(kind="flip"))
    assert len(recorder.seen) == 2
    np.testing.assert_array_equal(recorder.seen[1], PIXELS[:, :, ::-1])
    np.testing.assert_allclose(answer[:, 0], PIXELS.mean((1, 2, 3)) / 255, rtol=1e-6)  # left half of both: all of it


def test_the_answer_of_a_mirrored_image_is_the_same_under_flip_and_ten_crop():
    for views, size in ((Views(kind="flip"), (8, 8)), (Views(kind="ten-crop", crop=6), (8, 8))):
        np.testing.assert_allclose(asked(views, size=size)[0], asked(views, PIXELS[:, :, ::-1], size)[0], rtol=1e-6)


def test_ten_crops_are_corners_and_center_each_with_its_mirror():
    image = np.arange(49.0).reshape(1, 7, 7, 1)
    crops = list(ten_crops(image, 4, 4))
    assert [crop[0, 0, 0, 0] for crop in crops[::2]] == [0, 3, 21, 24, 8]  # upper left px of each, center at (1, 1)
    for crop, mirror in zip(crops[::2], crops[1::2], strict=True):
        assert crop.shape == (1, 4, 4, 1)
        np.testing.assert_array_equal(mirror, crop[:, :, ::-1])


def test_ten_crop_takes_the_networks_own_size_and_resizes_before():
    _, recorder = asked(Views(kind="ten-crop"), np.zeros((1, 12, 9, 3), "float32"))
    assert recorder.sizes == [(8, 8)] and len(recorder.seen) == 10
    _, recorder = asked(Views(kind="ten-crop", crop=16, shorter_side=20))
    assert recorder.sizes == [(16, 16)] and len(recorder.seen) == 10


def test_the_shorter_side_is_resized_and_the_ratio_kept():
    pixels = np.broadcast_to(np.linspace(0, 255, 30, dtype="float32")[:, None, None], (2, 30, 20, 3))
    resized = with_shorter_side(pixels, 10)
    assert resized.shape == (2, 15, 10, 3)
    np.testing.assert_allclose(resized.mean(), pixels.mean(), rtol=1e-3)
    np.testing.assert_allclose(np.diff(resized[0, 2:-2, 0, 0]), np.diff(pixels[0, :, 0, 0]).mean() * 2, rtol=1e-3)
    assert with_shorter_side(pixels, 20) is pixels


def test_shrinking_does_not_alias():
    stripes = np.tile(np.array([0, 255], "float32")[None, None, :, None], (1, 32, 16, 3))
    assert np.ptp(with_shorter_side(stripes, 8)[:, :, 1:-1]) < 30


def test_multi_scale_asks_a_network_for_each_scale_once():
    recorder = Recorder()
    predict = predict_views(Views(kind="multi-scale", scales=(6, 8, 12)), recorder.at, (8, 8, 3))
    predict(PIXELS)
    predict(PIXELS)
    assert recorder.sizes == [(6, 6), (8, 8), (12, 12)]
    assert len(recorder.seen) == 2 * 3 * 2  # two batches, three scales, image and mirror


def test_multi_scale_on_a_residual_network_by_hand():
    network = ResNet20(blocks=(1, 1, 1), classifier_activation=None, input_shape=(16, 16, 3))
    pixels = generator.normal(size=(2, 16, 16, 3)).astype("float32")

    def predict_at(height, width):
        twin = at_resolution(network, height, width)
        return lambda images: softmax(np.array(twin(images), "float64"), axis=1)

    answer = predict_views(Views(kind="multi-scale", scales=(12, 24)), predict_at, (16, 16, 3))(pixels)
    wanted = []
    for side in (12, 24):
        built = ResNet20(blocks=(1, 1, 1), classifier_activation=None, input_shape=(side, side, 3))
        built.set_weights(network.get_weights())
        images = np.array(keras.ops.image.resize(pixels, (side, side), antialias=True))
        wanted += [softmax(np.array(built(view)), axis=1) for view in (images, images[:, :, ::-1])]
    np.testing.assert_allclose(answer, np.mean(wanted, axis=0), atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crop": 8}, "`crop` must be at least 1 px and belongs to views `ten-crop`, got 8 with `single`"),
        ({"kind": "ten-crop", "crop": 0}, "`crop` must be at least 1 px"),
        ({"kind": "flip", "shorter_side": 8}, "`shorter_side` must be at least 1 px and belongs to views `ten-crop`"),
        ({"kind": "multi-scale", "scales": ()}, "`scales` must be one or more sizes"),
        ({"kind": "multi-scale", "scales": (0, 8)}, r"of at least 1 px, got \(0, 8\)"),
    ],
)
def test_refuses_settings_that_mean_nothing(change, message):
    with pytest.raises(ValueError, match=message):
        Views(**change)


def test_refuses_images_that_do_not_fit():
    with pytest.raises(ValueError, match=r"must have the network's size, 9x9 px, got 8x8\. .* `--resolution`"):
        asked(Views(), size=(9, 9))
    with pytest.raises(ValueError, match=r"crops of 9x9 px must fit into the images, got 8x8 px\. Lower `--crop`"):
        asked(Views(kind="ten-crop", crop=9))
