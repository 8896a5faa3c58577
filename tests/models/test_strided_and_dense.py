"""The networks of the denoising report have the published shapes."""

import keras
import numpy as np
import pytest

from latentpress.models.description import describe
from latentpress.models.loading import TrainedModel, assign_weights, build_model, named_weights
from latentpress.models.optimizers import AdamL2
from latentpress.models.settings import ExperimentSettings, ModelSettings, ObjectiveSettings

COLOUR = (28, 28, 3)
DIVERGENCE = ObjectiveSettings(penalty="kl_divergence", beta=0.5)


def strided(objective=None, shape=COLOUR, **settings):
    chosen = ModelSettings(name="strided", **{"code_activation": "relu", **settings})
    return build_model(chosen, objective or ObjectiveSettings(), shape)


def images(shape=COLOUR, count=3):
    return np.random.default_rng(0).random((count, *shape)).astype("float32")


def shapes(network, *kinds):
    return [layer.output.shape[1:] for layer in network.layers if isinstance(layer, kinds)]


def test_the_strided_model_mirrors_four_convolutions_around_a_code_of_2_by_2_by_16():
    model = strided()
    assert shapes(model.encoder, keras.layers.Conv2D) == [(14, 14, 128), (7, 7, 64), (4, 4, 32), (2, 2, 16)]
    assert shapes(model.decoder, keras.layers.Conv2DTranspose) == [(4, 4, 32), (7, 7, 64), (14, 14, 128), (28, 28, 3)]
    assert model.encoder.output.shape == (None, 64)
    assert (TrainedModel(model).encode(images()) >= 0).all()


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (27, 20, 1), (5, 9, 2)])
def test_the_strided_model_gives_back_images_of_any_size(shape):
    model = TrainedModel(strided(shape=shape, filters=(8, 6, 4)))
    assert model.decode(model.encode(images(shape))).shape == (3, *shape)


def test_dropout_follows_every_hidden_layer_and_draws_while_training_only():
    model = strided(dropout=0.2)
    assert sum(isinstance(layer, keras.layers.Dropout) for layer in model.encoder.layers) == 4
    assert sum(isinstance(layer, keras.layers.Dropout) for layer in model.decoder.layers) == 3
    once, again = (np.asarray(model(images(), training=True)) for _ in range(2))
    assert not np.array_equal(once, again)
    assert np.array_equal(np.asarray(model(images())), np.asarray(model(images())))


def test_batch_normalisation_stands_before_each_activation_and_its_averages_are_kept():
    model, other = strided(normalization="batch"), strided(normalization="batch")
    assert sum(isinstance(layer, keras.layers.BatchNormalization) for layer in model.encoder.layers) == 4
    for _ in range(3):
        model(images(count=8), training=True)
    weights = named_weights(model)
    assert sum(name.endswith("moving_variance") for name in weights) == 7
    assert not np.array_equal(np.asarray(model(images())), np.asarray(other(images())))
    assign_weights(other, weights)
    assert np.array_equal(np.asarray(model(images())), np.asarray(other(images())))


def test_with_a_divergence_the_strided_model_samples_and_adds_it_to_the_loss():
    model = strided(DIVERGENCE)
    trained = TrainedModel(model)
    mean, log_variance = trained.posterior(images())
    assert mean.shape == log_variance.shape == (3, 64)
    assert np.array_equal(trained.encode(images()), mean)
    model(images(), training=True)
    expected = 0.5 * np.mean(np.sum(0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance), axis=1))
    assert float(model.losses[0]) == pytest.approx(expected, rel=1e-4)


def test_the_dense_model_has_the_published_layers_and_activations():
    settings = ModelSettings(name="dense", widths=(144, 72), code_size=48, code_activation="tanh")
    model = build_model(settings, ObjectiveSettings(), (28, 28, 1))
    found = [
        (layer.units, layer.activation.__name__)
        for network in (model.encoder, model.decoder)
        for layer in network.layers
        if isinstance(layer, keras.layers.Dense)
    ]
    assert found == [(144, "relu"), (72, "relu"), (48, "tanh"), (72, "tanh"), (144, "tanh"), (784, "sigmoid")]
    assert describe({"encoder": model.encoder, "decoder": model.decoder})["parameters"] == 254_704


@pytest.mark.parametrize(
    ("model", "objective"),
    [
        ({"name": "variational"}, {}),
        ({"name": "dense"}, {"penalty": "kl_divergence"}),
        ({"name": "convolutional"}, {"penalty": "kl_divergence"}),
    ],
)
def test_models_that_cannot_have_the_objective_are_refused(model, objective):
    with pytest.raises(ValueError, match="expected 'kl_divergence' always with 'variational'"):
        ExperimentSettings.model_validate({"title": "x", "data": "mnist", "model": model, "objective": objective})


@pytest.mark.parametrize(
    ("training", "told"),
    [
        ({"epochs": 2, "kept_epochs": [1, 3]}, "kept_epochs has 3"),
        ({"decoder_epochs": 1, "patience": 2}, "decoder_epochs is 1"),
        ({"input_noise": 0.1, "input_noise_from": 0.2}, "input_noise_from is 0.2"),
    ],
)
def test_settings_of_the_training_that_contradict_each_other_are_refused(training, told):
    settings = {"title": "x", "data": "mnist", "model": {"name": "dense"}, "training": training}
    with pytest.raises(ValueError, match=told):
        ExperimentSettings.model_validate(settings)


@pytest.mark.parametrize("key", ["data", "title", "profiles.smoke", "embedded"])
def test_embedded_data_change_nothing_but_what_is_trained(key):
    settings = {"title": "x", "data": "mnist", "model": {"name": "dense"}, "embedded": {key: "frey"}}
    with pytest.raises(ValueError, match=f"embedded has the key '{key}'"):
        ExperimentSettings.model_validate(settings)


def test_adam_with_decay_is_adam_on_the_penalised_loss():
    """Two steps from the same start: once by the optimizer's own decay, once with the penalty in the gradient."""
    start, slope = np.array([0.5, -2.0], "float32"), np.array([0.1, 0.3], "float32")
    decayed, plain = (keras.Variable(start) for _ in range(2))
    optimizer, reference = AdamL2(0.1, 0.01), keras.optimizers.Adam(0.1)
    for _ in range(2):
        optimizer.apply([keras.ops.convert_to_tensor(slope)], [decayed])
        gradient = slope + 0.01 * np.asarray(plain)
        reference.apply([keras.ops.convert_to_tensor(gradient)], [plain])
    assert np.asarray(decayed) == pytest.approx(np.asarray(plain), rel=1e-6)
    assert not np.allclose(np.asarray(decayed), start)
