"""The networks have the shapes of the assignment's tables and no hidden faults."""

import keras
import numpy as np
import pytest

from latentpress.errors import SettingsError
from latentpress.models.contractive import ContractiveAutoencoder
from latentpress.models.description import describe, forward_flops
from latentpress.models.jacobian import exact_jacobian, jacobian_products
from latentpress.models.loading import TrainedModel, assign_weights, build_model, named_weights
from latentpress.models.settings import ModelSettings, ObjectiveSettings

MNIST, FREY = (28, 28, 1), (28, 20, 1)
OBJECTIVES = {
    "plain": ("linear", ObjectiveSettings()),
    "sparse": ("sigmoid", ObjectiveSettings(penalty="kl_sparsity", weight=1e-3)),
    "contractive": ("linear", ObjectiveSettings(penalty="contractive", weight=1e-3)),
}


def convolutional(variant="plain", seed=0):
    activation, objective = OBJECTIVES[variant]
    return build_model(ModelSettings(name="convolutional", code_activation=activation), objective, MNIST, seed=seed)


def variational(beta=1.0):
    objective = ObjectiveSettings(reconstruction="bernoulli", penalty="kl_divergence", beta=beta)
    return build_model(ModelSettings(name="variational", code_size=20), objective, FREY)


def images(shape=MNIST, count=3):
    return np.random.default_rng(0).random((count, *shape)).astype("float32")


def test_convolutional_shapes_are_those_of_the_assignment():
    model = convolutional()
    shapes = [layer.output.shape[1:] for layer in (*model.encoder.layers, *model.decoder.layers)]
    assert shapes == [
        (28, 28, 1), (28, 28, 64), (14, 14, 64), (14, 14, 128), (7, 7, 128), (7, 7, 256), (3, 3, 256), (2304,), (128,),
        (128,), (2304,), (3, 3, 256), (6, 6, 128), (12, 12, 64), (24, 24, 1), (28, 28, 1), (28, 28, 1),
    ]  # fmt: skip


def test_output_frame_is_not_forced_blank():
    """Padding after a valid convolution would leave the outer three pixels at a constant."""
    model = convolutional()
    codes = np.random.default_rng(1).normal(size=(50, 128)).astype("float32") * 20
    decoded = TrainedModel(model).decode(codes)
    assert decoded[:, 2].std() > 0


@pytest.mark.parametrize("variant", OBJECTIVES)
def test_variants_share_one_network_and_differ_in_the_loss_only(variant):
    plain, other = convolutional(), convolutional(variant)
    assert named_weights(plain).keys() == named_weights(other).keys()
    other(images(), training=True)
    assert len(other.losses) == (0 if variant == "plain" else 1)


def test_sparse_penalty_is_on_the_activations_that_the_decoder_sees():
    model = convolutional("sparse")
    codes = np.asarray(model.encoder(images()))
    assert codes.min() > 0
    assert codes.max() < 1
    assert np.allclose(np.asarray(model(images())), np.asarray(model.decoder(codes)), atol=1e-6)


def test_other_image_sizes_are_refused_with_a_way_out():
    with pytest.raises(SettingsError, match="28×28 images, found 28×20") as caught:
        build_model(ModelSettings(name="convolutional"), ObjectiveSettings(), FREY)
    assert "variational" in caught.value.hint


def test_initial_weights_follow_from_the_seed():
    same, again, other = (named_weights(convolutional(seed=seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(same[name], again[name]) for name in same)
    assert not np.array_equal(same["code/kernel"], other["code/kernel"])


def test_weights_restore_the_same_function():
    first, second = convolutional(seed=1), convolutional(seed=2)
    assign_weights(second, named_weights(first))
    assert np.array_equal(np.asarray(first(images())), np.asarray(second(images())))


def test_jacobian_products_are_columns_of_the_exact_jacobian():
    model = convolutional()
    x, v = images(count=2), np.random.default_rng(3).normal(size=(2, *MNIST)).astype("float32")
    J = exact_jacobian(model.encoder, x)
    assert J.shape == (2, 128, 784)
    products = np.asarray(jacobian_products(model.encoder, *map(keras.ops.convert_to_tensor, (x, v))))
    assert products == pytest.approx(np.einsum("ncp,np->nc", J, v.reshape(2, -1)), rel=1e-3, abs=1e-4)


def test_contractive_penalty_of_a_sigmoid_layer_is_the_one_derived_by_hand():
    """For z = s(Wx), ‖J‖² = Σ_j (z_j(1 − z_j))² Σ_i W_ij² (Rifai et al. 2011, equation 4)."""
    layer = keras.layers.Dense(6, activation="sigmoid", kernel_initializer=keras.initializers.GlorotNormal(seed=0))
    x = np.random.default_rng(4).normal(size=(3, 10)).astype("float32")
    z = np.asarray(layer(x))
    by_hand = ((z * (1 - z)) ** 2 * (np.asarray(layer.kernel) ** 2).sum(0)).sum(1)
    network = keras.Sequential([keras.layers.Input((10,)), layer])
    exact = (exact_jacobian(network, x) ** 2).sum((1, 2))
    assert exact == pytest.approx(by_hand, rel=1e-4)


def sigmoid_autoencoder(weight=1.0, share=1.0, vicinity=0.0, code=6):
    """A contractive autoencoder of one sigmoid layer, as in Rifai et al. (2011), on images of 4×3 pixels."""
    layers = keras.layers
    kernel = keras.initializers.GlorotNormal(seed=0)
    encoder = keras.Sequential(
        [
            layers.Input((4, 3, 1)),
            layers.Flatten(),
            layers.Dense(code, activation="sigmoid", kernel_initializer=kernel, name="code"),
        ]
    )
    decoder = keras.Sequential([layers.Input((code,)), layers.Dense(12), layers.Reshape((4, 3, 1))])
    objective = ObjectiveSettings(penalty="contractive", weight=weight, share=share, vicinity=vicinity)
    return ContractiveAutoencoder(objective, seed=1, encoder=encoder, decoder=decoder)


def sigmoid_norms(model, x):
    """Squared norms by hand: Σ_j (z_j(1 − z_j))² Σ_i W_ij²."""
    z = np.asarray(model.encoder(x), "float64")
    kernel = np.asarray(model.encoder.get_layer("code").kernel, "float64")
    return ((z * (1 - z)) ** 2 * (kernel**2).sum(0)).sum(1)


@pytest.mark.parametrize("share", [1.0, 0.25])
def test_contractive_objective_is_on_average_the_ratio_of_hand_derived_norm_and_spread(share):
    x = images((4, 3, 1), 64)
    model = sigmoid_autoencoder(weight=0.5, share=share)
    found = []
    for _ in range(150):
        model(x, training=True)
        found.append(float(model.losses[0]))
    spread = np.var(np.asarray(model.encoder(x), "float64"), axis=0).sum()
    expected = 0.5 * sigmoid_norms(model, x[: int(64 * share)]).mean() / spread
    error = np.std(found) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(expected, abs=4 * error)
    assert error < 0.04 * expected


def test_in_the_vicinity_the_norm_is_averaged_over_noise_of_every_size_up_to_the_largest():
    x = images((4, 3, 1), 64)
    model = sigmoid_autoencoder(vicinity=4.0)
    found = []
    for _ in range(200):
        model(x, training=True)
        found.append(float(model.losses[0]))
    rng = np.random.default_rng(8)
    drawn = [x + rng.uniform(0, 4.0, (64, 1, 1, 1)) * rng.normal(size=x.shape) for _ in range(300)]
    spread = np.var(np.asarray(model.encoder(x), "float64"), axis=0).sum()
    expected = np.mean([sigmoid_norms(model, places).mean() for places in drawn]) / spread
    error = np.std(found) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(expected, abs=4 * error)
    assert expected < 0.9 * sigmoid_norms(model, x).mean() / spread, "the noise makes no difference here"


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the batch Jacobian is TensorFlow's")
@pytest.mark.parametrize("kind", ["sigmoid", "convolutional"])
def test_exact_jacobian_is_tensorflow_s_batch_jacobian(kind):
    import tensorflow as tf

    encoder = sigmoid_autoencoder().encoder if kind == "sigmoid" else convolutional().encoder
    x = images(encoder.input_shape[1:], 2)
    with tf.GradientTape(persistent=True) as tape:
        inputs = tf.convert_to_tensor(x)
        tape.watch(inputs)
        codes = encoder(inputs, training=False)
    reference = np.asarray(tape.batch_jacobian(codes, inputs, experimental_use_pfor=False)).reshape(
        2, codes.shape[1], -1
    )
    assert exact_jacobian(encoder, x) == pytest.approx(reference, rel=1e-4, abs=1e-6)


def test_sparse_objective_adds_its_weight_times_the_divergence_once_whatever_the_batch():
    model = convolutional("sparse")
    for count in (3, 8):
        x = images(count=count)
        model(x, training=True)
        means = np.asarray(model.encoder(x), "float64").mean(0)
        target = 0.05
        by_hand = np.sum(target * np.log(target / means) + (1 - target) * np.log((1 - target) / (1 - means)))
        assert float(model.losses[0]) == pytest.approx(1e-3 * by_hand, rel=1e-4)


def test_variational_model_adds_beta_times_the_summed_divergence():
    x = images(FREY)
    model, doubled = variational(beta=1.0), variational(beta=2.0)
    assign_weights(doubled, named_weights(model))
    model(x)
    doubled(x)
    mean, log_variance = TrainedModel(model).posterior(x)
    summed = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(1).mean()
    assert float(model.losses[0]) == pytest.approx(summed, rel=1e-4)
    assert float(doubled.losses[0]) == pytest.approx(2 * summed, rel=1e-4)


def test_variational_code_is_the_mean_outside_training_and_random_inside():
    x, model = images(FREY), variational()
    assert np.array_equal(np.asarray(model(x)), np.asarray(model(x)))
    assert not np.array_equal(np.asarray(model(x, training=True)), np.asarray(model(x, training=True)))
    assert TrainedModel(model).encode(x).shape == (3, 20)


def test_described_parameters_are_those_that_keras_counts():
    for model in (convolutional(), variational()):
        parts = {"encoder": model.encoder, "bottleneck": model.bottleneck, "decoder": model.decoder}
        described = describe(parts)
        assert described["parameters"] == model.encoder.count_params() + model.decoder.count_params()


def test_described_operations_are_those_counted_by_hand():
    model = variational()
    described = describe({"encoder": model.encoder, "bottleneck": model.bottleneck, "decoder": model.decoder})
    assert described["flops_per_image"] == 2 * (560 * 256 + 256 * 40 + 20 * 256 + 256 * 560)
    assert forward_flops(convolutional().encoder.layers[1]) == 2 * 9 * 64 * 28 * 28


def with_faults(objective=None, **model):
    activation = "sigmoid" if objective and objective.penalty == "kl_sparsity" else "linear"
    settings = ModelSettings(name="convolutional", code_activation=activation, **model)
    return build_model(settings, objective or ObjectiveSettings(), MNIST)


def test_padding_after_the_last_convolution_leaves_a_blank_frame_of_three_pixels():
    late, early = (np.asarray(with_faults(padding=padding)(images())) for padding in ("late", "early"))
    assert late.shape == early.shape == (3, 28, 28, 1)
    frame = np.ones((28, 28), bool)
    frame[3:-3, 3:-3] = False
    assert (late[:, frame] == 0).all()
    assert (late[:, ~frame] > 0).all()
    assert (early > 0).all()


def test_a_random_last_kernel_is_no_identity_and_leaves_all_other_weights_as_they_were():
    random, identity = (named_weights(with_faults(last_kernel=kind)) for kind in ("random", "identity"))
    assert random.keys() == identity.keys()
    different = {name for name in random if not np.array_equal(random[name], identity[name])}
    assert different == {"output/kernel", "output/bias"}
    assert np.count_nonzero(identity["output/kernel"]) == 1
    assert np.count_nonzero(random["output/kernel"]) == 9


def test_a_penalty_beside_the_code_does_not_depend_on_the_code():
    objective = ObjectiveSettings(penalty="kl_sparsity", weight=1e-3, penalised="beside")
    beside, right = with_faults(objective), convolutional("sparse")
    assert named_weights(beside).keys() - named_weights(right).keys() == {"beside/kernel", "beside/bias"}
    assign_weights(right, named_weights(beside))
    assert np.array_equal(np.asarray(beside.encoder(images())), np.asarray(right.encoder(images())))

    def loss_after(model, name, value):
        weights = named_weights(model)
        assign_weights(model, {**weights, name: np.full_like(weights[name], value)})
        model(images(), training=True)
        return float(model.losses[0])

    assert loss_after(beside, "code/bias", 0.0) == loss_after(beside, "code/bias", 3.0)
    assert loss_after(beside, "beside/bias", 0.0) != loss_after(beside, "beside/bias", 3.0)
    assert loss_after(right, "code/bias", 0.0) != loss_after(right, "code/bias", 3.0)


def test_the_contractive_penalty_is_an_estimate_of_the_jacobian_that_is_named():
    x = images(count=4)
    for penalised in ("encoder", "decoder"):
        objective = ObjectiveSettings(
            penalty="contractive", weight=1.0, share=1.0, contraction="norm", penalised=penalised
        )
        model = with_faults(objective, code_size=6)
        drawn = TrainedModel(model).contractive_penalty(x, 60)
        places = x if penalised == "encoder" else np.asarray(model.encoder(x))
        exact = exact_jacobian(model.encoder, x) if penalised == "encoder" else decoder_jacobian(model.decoder, places)
        norm = np.square(exact).sum((1, 2)).mean()
        assert abs(drawn.mean() - norm) < 4 * drawn.std(ddof=1) / np.sqrt(len(drawn))


def decoder_jacobian(decoder, codes):
    """Column by column, from products with the units of the code."""
    units = np.eye(codes.shape[1], dtype="float32")
    convert = keras.ops.convert_to_tensor
    columns = [
        jacobian_products(decoder, convert(codes), convert(np.broadcast_to(unit, codes.shape).copy())) for unit in units
    ]
    return np.stack([np.asarray(column).reshape(len(codes), -1) for column in columns], axis=-1)


def test_the_ratio_is_the_norm_over_the_spread_of_the_codes():
    x = images(count=4)
    drawn = {}
    for contraction in ("norm", "ratio"):
        objective = ObjectiveSettings(penalty="contractive", weight=1.0, share=1.0, contraction=contraction)
        model = with_faults(objective, code_size=6)
        drawn[contraction] = TrainedModel(model).contractive_penalty(x, 2)
    spread = np.var(np.asarray(model.encoder(x)), axis=0).sum()
    # The codes of an untrained encoder hardly spread, so that what keeps the ratio finite counts.
    assert drawn["ratio"] == pytest.approx(drawn["norm"] / (spread + 1e-6), rel=1e-4)


def test_products_with_the_decoder_s_jacobian_are_its_directional_derivatives():
    model = with_faults(code_size=6)
    codes, v = (np.random.default_rng(seed).normal(size=(2, 6)).astype("float32") for seed in (5, 6))
    products = TrainedModel(model).decoder_jacobian_products(codes, v)
    assert products.shape == (2, 784)
    expected = np.einsum("npc,nc->np", decoder_jacobian(model.decoder, codes), v)
    assert products == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_an_averaged_divergence_is_the_summed_one_over_the_dimensions():
    x, summed = images(FREY), variational()
    objective = ObjectiveSettings(reconstruction="bernoulli", penalty="kl_divergence", divergence="mean")
    averaged = build_model(ModelSettings(name="variational", code_size=20), objective, FREY)
    assign_weights(averaged, named_weights(summed))
    summed(x)
    averaged(x)
    assert float(averaged.losses[0]) == pytest.approx(float(summed.losses[0]) / 20, rel=1e-5)
