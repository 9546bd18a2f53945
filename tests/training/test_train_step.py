"""The train step: order of its parts, guard, replicas, and Keras' surface."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_resnets
from keras_resnets.training.losses import CrossEntropy
from keras_resnets.training.optimizers import SGD
from keras_resnets.training.train_step import TrainingModel


def network(normalized=False):
    keras.utils.set_random_seed(7)
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(8, 3, name="conv1")(images)
    x = keras.layers.DepthwiseConv2D(3, name="spatial")(x)
    if normalized:
        x = keras.layers.BatchNormalization(name="bn")(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return images, keras.layers.Dense(10, name="predictions")(x)


def data(count=64, scale=5.0, seed=0):
    random = np.random.RandomState(seed)
    images = (scale * random.normal(size=(count, 8, 8, 3))).astype("float32")
    return images, random.randint(0, 10, count)


def trained(strategy, epochs=3, normalized=False, **options):
    with strategy.scope():
        model = TrainingModel(*network(normalized))
        model.compile(SGD(0.5, nesterov=True, **options), loss=CrossEntropy(), metrics=["accuracy"])
    batches = tf.data.Dataset.from_tensor_slices(data()).batch(32)
    history = model.fit(batches, epochs=epochs, verbose=0, shuffle=False).history
    return model.get_weights(), history


def largest_difference(one, two):
    return max(float(np.abs(a - b).max()) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("normalized", [False, True])
def test_two_replicas_train_as_one_while_clipping(normalized, two_replicas):
    options = {"clipping": 0.01, "weight_decay": 1e-3, "normalized": normalized}
    one, history = trained(tf.distribute.get_strategy(), **options)
    two, other = trained(two_replicas, **options)
    assert largest_difference(one, two) < 1e-6
    assert min(history["clipped_fraction"]) > 0.5
    for name in ("loss", "accuracy", "gradient_norm", "clipped_fraction"):
        np.testing.assert_allclose(history[name], other[name], rtol=1e-5)


def test_clipping_before_the_sum_would_be_noticed():
    """Keras' own clipping works on each replica's share: the difference that the test above must be able to see."""
    one, _ = trained(tf.distribute.get_strategy(), clipnorm=0.05)
    two, _ = trained(tf.distribute.get_strategy(), clipping=0.01)
    assert largest_difference(one, two) > 1e-3


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_step_that_is_not_finite_is_skipped_on_every_replica_and_counted(replicas, two_replicas):
    strategy = two_replicas if replicas == 2 else tf.distribute.get_strategy()
    with strategy.scope():
        model = TrainingModel(*network())
        model.compile(SGD(0.1), loss=CrossEntropy())
    images, labels = data(32)
    model.fit(tf.data.Dataset.from_tensor_slices((images, labels)).batch(32), verbose=0, shuffle=False)
    before = model.get_weights() + [np.array(v) for v in model.optimizer.velocities]
    poisoned = images.copy()
    poisoned[-1] = np.inf  # on the last replica only
    logs = model.fit(tf.data.Dataset.from_tensor_slices((poisoned, labels)).batch(32), verbose=0, shuffle=False).history
    after = model.get_weights() + [np.array(v) for v in model.optimizer.velocities]
    assert logs["skipped_updates"] == [1]
    assert model.optimizer.iterations.numpy() == 2
    assert largest_difference(before, after) == 0


def test_without_clipping_and_decay_a_step_is_the_papers():
    model = TrainingModel(*network())
    model.compile(SGD(0.1, momentum=0.9), loss=CrossEntropy())
    images, labels = data(16)
    before = [np.array(w) for w in model.trainable_weights]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(CrossEntropy()(labels, model(images, training=True)))
    gradients = [np.array(g) for g in tape.gradient(loss, model.trainable_weights)]
    logs = model.train_on_batch(images, labels, return_dict=True)
    for weight, old, gradient in zip(model.trainable_weights, before, gradients, strict=True):
        np.testing.assert_allclose(weight, old - 0.1 * gradient, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        logs["gradient_norm"], np.sqrt(sum((g.astype("float64") ** 2).sum() for g in gradients)), rtol=1e-5
    )


def test_it_shares_weights_with_its_network_and_survives_saving(tmp_path):
    plain = keras_resnets.ResNet20(input_shape=(8, 8, 3), classifier_activation=None)
    model = TrainingModel(plain.inputs, plain.outputs)
    model.compile(SGD(0.1, clipping=0.02, clipping_exempt=("predictions/kernel",)), loss=CrossEntropy(0.1))
    images, labels = data(16, scale=1.0)
    model.fit(images, labels, epochs=1, verbose=0, shuffle=False)
    np.testing.assert_array_equal(plain.predict(images, verbose=0), model.predict(images, verbose=0))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))
    assert isinstance(loaded, TrainingModel)
    assert loaded.optimizer.clipping == 0.02
    np.testing.assert_array_equal(loaded.optimizer.velocities[0], model.optimizer.velocities[0])


def test_depthwise_kernels_have_a_unit_a_channel():
    model = TrainingModel(*network())
    model.compile(SGD(0.1, clipping=0.01), loss=CrossEntropy())
    assert model.optimizer.depthwise == {"spatial/kernel"}


def test_an_optimizer_that_clips_before_the_sum_is_refused():
    model = TrainingModel(*network())
    with pytest.raises(ValueError, match="`optimizer` must have the PaperUpdate mixin, got SGD"):
        model.compile(keras.optimizers.SGD(0.1), loss=CrossEntropy())


def test_statistics_of_a_skipped_step_are_dropped_and_its_loss_is_not_averaged():
    model = TrainingModel(*network(normalized=True))
    model.compile(SGD(0.1), loss=CrossEntropy(), average_decay=0.9)
    images, labels = data(64)
    images[32:] = np.nan
    logs = model.fit(tf.data.Dataset.from_tensor_slices((images, labels)).batch(32), verbose=0, shuffle=False).history
    assert logs["skipped_updates"] == [1]
    assert np.isfinite(logs["loss"]).all() and np.isfinite(logs["gradient_norm"]).all()
    for variable in [*model.weights, *model.optimizer.velocities, *model.average.averages]:
        assert np.isfinite(variable.numpy()).all(), variable.path
    assert model.get_layer("bn").moving_mean.numpy().any()  # the good step's were kept


def test_a_weight_that_is_not_a_number_is_noticed_in_the_next_step_and_named():
    """Fused kernels of oneDNN can hide it from the loss and the gradients."""
    model = TrainingModel(*network())
    model.compile(SGD(0.1), loss=CrossEntropy())
    images, labels = data(32)
    kernel = model.get_layer("conv1").kernel
    kernel.assign(np.full(kernel.shape, np.nan, "float32"))
    assert model.train_on_batch(images, labels, return_dict=True)["skipped_updates"] == 1


def test_micro_batches_give_the_gradient_of_the_whole_batch_and_count_one_step():
    results = []
    for parts in (1, 4):
        model = TrainingModel(*network())
        model.compile(SGD(0.5, clipping=0.01), loss=CrossEntropy(), metrics=["accuracy"], micro_batches=parts)
        images, labels = data(64)
        batches = tf.data.Dataset.from_tensor_slices((images, labels)).batch(32)
        history = model.fit(batches, epochs=2, verbose=0, shuffle=False).history
        assert model.optimizer.iterations.numpy() == 4
        results.append((model.get_weights(), history))
    (one, history), (four, other) = results
    assert largest_difference(one, four) < 1e-6
    for name in ("loss", "accuracy", "clipped_fraction", "gradient_norm"):
        np.testing.assert_allclose(history[name], other[name], rtol=1e-5)


def test_micro_batches_move_batch_statistics_once_a_part():
    model = TrainingModel(*network(normalized=True))
    model.compile(SGD(0.0), loss=CrossEntropy(), micro_batches=2)
    images, labels = data(32)
    layers = keras.Model(model.inputs[0], model.get_layer("bn").input)
    expected = np.zeros(8)
    for half in (images[:16], images[16:]):
        expected = 0.99 * expected + 0.01 * np.asarray(layers(half)).mean((0, 1, 2))
    model.train_on_batch(images, labels)
    np.testing.assert_allclose(model.get_layer("bn").moving_mean.numpy(), expected, rtol=1e-4, atol=1e-7)


def test_sharpness_moves_batch_statistics_once():
    model = TrainingModel(*network(normalized=True))
    model.compile(SGD(0.0), loss=CrossEntropy(), sharpness=1e-9)
    images, labels = data(32)
    before = np.asarray(keras.Model(model.inputs[0], model.get_layer("bn").input)(images)).mean((0, 1, 2))
    model.train_on_batch(images, labels)
    np.testing.assert_allclose(model.get_layer("bn").moving_mean.numpy(), 0.01 * before, rtol=1e-4, atol=1e-7)


def test_xla_gives_the_same_weights():
    results = []
    for jit in (False, True):
        model = TrainingModel(*network(normalized=True))
        model.compile(
            SGD(0.5, clipping=0.01, loss_scaling=True),
            loss=CrossEntropy(),
            sharpness=0.05,
            average_decay=0.9,
            jit_compile=jit,
        )
        images, labels = data(32)
        for _ in range(3):
            model.train_on_batch(images, labels)
        results.append(model.get_weights())
    assert largest_difference(*results) < 1e-5


def test_a_frozen_part_stays_and_the_rest_is_recorded_in_its_place():
    model = TrainingModel(*network(normalized=True))
    model.compile(SGD(0.5, clipping=1e-4), loss=CrossEntropy())
    model.get_layer("conv1").trainable = False
    model.get_layer("bn").trainable = False
    model.make_train_function(force=True)
    before = {v.path: v.numpy().copy() for v in model.variables}
    images, labels = data(32)
    model.train_on_batch(images, labels)
    moved = {v.path for v in model.variables if (v.numpy() != before[v.path]).any()}
    assert {"spatial/kernel", "predictions/kernel"} <= moved
    assert not [path for path in moved if path.startswith(("conv1", "bn"))]
    paths = [v.path for v in model.optimizer._trainable_variables]
    clipped = dict(zip(paths, model.optimizer.clipped_by_weight.numpy(), strict=True))
    assert clipped["spatial/kernel"] > 0 and clipped["conv1/kernel"] == 0


@pytest.mark.parametrize("labels", [[0, 10, 2, 3], [0, -1, 2, 3]])
def test_a_label_that_is_no_output_stops_the_step(labels):
    model = TrainingModel(*network())
    model.compile(SGD(0.1), loss=CrossEntropy())
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"labels must be class numbers in \[0, 10\)"):
        model.train_on_batch(data(4)[0], np.array(labels))


def test_replicas_draw_masks_of_their_own(two_replicas):
    """Keras draws the same on every replica; then half of the images would share the other half's masks."""
    with two_replicas.scope():
        inputs = keras.Input((64,))
        outputs = keras.layers.Dense(2, name="predictions")(keras.layers.Dropout(0.5, seed=3)(inputs))
        model = TrainingModel(inputs, outputs)
        model.compile(SGD(1.0, momentum=0.0), loss="mse")
        model.get_layer("predictions").kernel.assign(np.zeros((64, 2)))
    model.fit(tf.data.Dataset.from_tensors((np.ones((2, 64), "float32"), np.ones((2, 2)))), verbose=0, shuffle=False)
    moved = model.get_layer("predictions").kernel.numpy()[:, 0]  # one unit for each replica that kept the feature
    assert len(np.unique(moved.round(6))) == 3  # dropped on both, on one, on none


def test_replicas_hold_the_same_local_batch_statistics(two_replicas):
    with two_replicas.scope():
        inputs = keras.Input((4,))
        x = keras.layers.BatchNormalization(name="bn", synchronized=False)(inputs)
        model = TrainingModel(inputs, keras.layers.Dense(10, name="predictions")(x))
        model.compile(SGD(0.1), loss=CrossEntropy(), synchronized=False)
    random = np.random.RandomState(0)
    x, y = random.normal(size=(32, 4)).astype("float32"), random.randint(0, 10, 32)
    model.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(32), verbose=0, shuffle=False)
    copies = two_replicas.experimental_local_results(model.get_layer("bn").moving_mean.value)
    np.testing.assert_array_equal(copies[0], copies[1])
    np.testing.assert_allclose(copies[0], 0.01 * x.mean(0), rtol=1e-5)
