"""What an experiment file may say; light enough to be read without Keras."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

PositiveInt = Annotated[int, Field(gt=0, strict=True)]
Fraction = Annotated[float, Field(gt=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]


class Settings(BaseModel):
    """A frozen group of settings that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSettings(Settings):
    """The network: which base model, and its sizes."""

    name: Literal["convolutional", "dense", "strided", "variational"]
    code_size: PositiveInt = 128
    """Of the strided model, the size follows from the filters and the images."""
    code_activation: Literal["linear", "relu", "sigmoid", "tanh"] = "linear"
    hidden: PositiveInt = 256
    """Units of each hidden layer of the variational model; the convolutional one has fixed widths."""
    widths: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (144, 72)
    """Units of the dense model's hidden layers, from the image to the code; its decoder has them in reverse."""
    filters: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (128, 64, 32, 16)
    """Of the strided model's convolutions, from the image to the code; its decoder mirrors them."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The share of a strided model's activations that is set to zero after each layer, while training."""
    normalization: Literal["none", "batch"] = "none"
    """Between the strided model's convolutions and their activations."""
    padding: Literal["early", "late"] = "early"
    """Before the convolutional decoder's last convolution, or, a fault, after it, which leaves a blank frame."""
    last_kernel: Literal["identity", "random"] = "identity"
    """How the convolutional decoder's last convolution starts; from a random start, a fault, it hardly trains."""


class ObjectiveSettings(Settings):
    """What the training minimises: a reconstruction loss, and at most one penalty."""

    reconstruction: Literal["mse", "bernoulli", "gaussian"] = "mse"
    """Mean over the pixels, or the negative log likelihood of an image whose pixels are drawn from such
    distributions; the Gaussian ones share one variance, at any time the most likely one (a sigma-VAE)."""
    penalty: Literal["none", "kl_sparsity", "contractive", "kl_divergence"] = "none"
    weight: NonNegative = 0.0
    target: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """The mean activation that the sparsity penalty pulls each unit towards."""
    share: Fraction = 0.25
    """The fraction of every batch on which the contractive penalty is estimated."""
    vicinity: NonNegative = 0.0
    """The contractive penalty is taken at images with Gaussian noise, whose standard deviation is drawn for each
    image, uniform from 0 to this; with 0, at the images themselves."""
    penalised: Literal["encoder", "decoder", "beside"] = "encoder"
    """What the penalty looks at: the encoder, or, each a fault, the decoder's Jacobian in place of the encoder's
    (contractive), or units beside the code that the decoder never sees (sparse)."""
    contraction: Literal["ratio", "norm"] = "ratio"
    """The contractive penalty: the squared norm of the Jacobian over the spread of the codes, or the norm alone."""
    beta: NonNegative = 1.0
    """The factor of the Kullback-Leibler term of a variational model."""
    divergence: Literal["sum", "mean"] = "sum"
    """Over the dimensions of a variational model's code; the mean, a fault, is another model than is stated."""


class TrainingSettings(Settings):
    """How the objective is minimised."""

    optimizer: Literal["adam", "adam_l2", "adamw", "muon_decoder"] = "adamw"
    """With weight_decay, ``adam_l2`` adds half of it times the squared weights to the loss, ``adamw`` shrinks the
    weights, and ``adam`` does neither."""
    epochs: Annotated[int, Field(ge=0, strict=True)] = 2
    images: PositiveInt | None = None
    """At most so many training images, the first, and the same share of the validation images; all where absent."""
    batch_size: PositiveInt = 64
    peak_rate: Annotated[float, Field(gt=0)] = 2e-3
    schedule: Literal["constant", "one_cycle"] = "one_cycle"
    warm_up: Fraction = 0.15
    """The fraction of all steps in which the one-cycle rate rises."""
    weight_decay: NonNegative = 1e-4
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    input_noise: NonNegative = 0.0
    """Standard deviation of the Gaussian noise added to the encoder's input while training."""
    input_noise_from: NonNegative | None = None
    """Where given, the deviation is drawn for each image, uniform from this to input_noise."""
    input_clip: bool = False
    """Whether what the encoder sees while training is clipped to [0, 1], noise and all."""
    input_shift: NonNegative = 0.0
    """The largest shift of the encoder's input along each axis while training, in pixels."""
    input_scale: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The largest magnification or reduction of it, as a natural logarithm: 0.1 is about a tenth."""
    input_rotation: Annotated[float, Field(ge=0, le=180)] = 0.0
    """The largest rotation of it to either side, in degrees."""
    patience: PositiveInt | None = None
    """Early stopping: so many epochs without a smaller validation loss end the training, and the weights are those of
    the epoch where it was smallest. Where absent, all epochs are run, and the weights are those of the last."""
    kept_epochs: tuple[PositiveInt, ...] = ()
    """Epochs whose weights are kept, too, to show what the model did then."""
    decoder_epochs: Annotated[int, Field(ge=0, strict=True)] = 0
    """Epochs that follow, in which the decoder alone is trained, on the codes of the finished encoder."""
    decoder_batch_size: PositiveInt = 128
    decoder_rate: Annotated[float, Field(gt=0)] = 4e-3
    """Peak rate of these epochs: Muon on the decoder, one cycle of their own."""


class ExperimentSettings(Settings):
    """One file of ``experiments/``."""

    title: str
    data: str
    model: ModelSettings
    objective: ObjectiveSettings = ObjectiveSettings()
    training: TrainingSettings = TrainingSettings()
    profiles: dict[str, dict[str, Any]] = {}
    """Profile to dotted keys and the values that they take in it: ``smoke = { "training.epochs" = 1 }``."""
    embedded: dict[str, Any] = {}
    """Dotted keys and the values that they take on embedded data, in profiles that do not change them."""

    @model_validator(mode="after")
    def _penalty_fits_model(self) -> ExperimentSettings:
        if self.model.name not in VARIATIONAL[self.objective.penalty == "kl_divergence"]:
            raise ValueError(
                f"objective.penalty is {self.objective.penalty!r} and model.name is {self.model.name!r}; "
                "expected 'kl_divergence' always with 'variational', perhaps with 'strided', and nowhere else"
            )
        if self.objective.penalty == "kl_sparsity" and self.model.code_activation != "sigmoid":
            raise ValueError(
                f"objective.penalty 'kl_sparsity' needs model.code_activation 'sigmoid', "
                f"found {self.model.code_activation!r}"
            )
        needed = {"decoder": "contractive", "beside": "kl_sparsity"}.get(
            self.objective.penalised, self.objective.penalty
        )
        if self.objective.penalty != needed:
            raise ValueError(
                f"objective.penalised is {self.objective.penalised!r} and objective.penalty is "
                f"{self.objective.penalty!r}; expected 'decoder' with 'contractive' or 'beside' with 'kl_sparsity'"
            )
        if self.training.decoder_epochs and self.objective.penalty == "kl_divergence":
            raise ValueError(
                f"training.decoder_epochs is {self.training.decoder_epochs} and objective.penalty is 'kl_divergence'; "
                "expected 0: such a decoder learns from codes that are drawn anew in every step"
            )
        return self

    @model_validator(mode="after")
    def _embedded_changes_what_is_trained(self) -> ExperimentSettings:
        wrong = [key for key in self.embedded if key.split(".")[0] not in ("model", "objective", "training")]
        if wrong:
            raise ValueError(
                f"embedded has the key {wrong[0]!r}; expected keys of model, objective and training alone, such as "
                "'training.images'"
            )
        return self

    @model_validator(mode="after")
    def _epochs_exist(self) -> ExperimentSettings:
        training = self.training
        late = [epoch for epoch in training.kept_epochs if epoch > training.epochs]
        if late:
            raise ValueError(
                f"training.kept_epochs has {late[0]} and training.epochs is {training.epochs}; expected no epoch that "
                "is not run"
            )
        if training.decoder_epochs and (training.patience or training.kept_epochs):
            raise ValueError(
                f"training.decoder_epochs is {training.decoder_epochs}; expected 0 with training.patience or "
                "training.kept_epochs, which are of encoder and decoder trained together"
            )
        if training.input_noise_from is not None and training.input_noise_from > training.input_noise:
            raise ValueError(
                f"training.input_noise_from is {training.input_noise_from:g} and training.input_noise is "
                f"{training.input_noise:g}; expected the smaller one first"
            )
        return self


VARIATIONAL = {True: ("variational", "strided"), False: ("convolutional", "dense", "strided")}
"""Models that can be trained with a Kullback-Leibler divergence, and without one."""

OBJECTIVE_MODULES = {
    "none": "latentpress.models.plain",
    "kl_sparsity": "latentpress.models.sparse",
    "contractive": "latentpress.models.contractive",
    "kl_divergence": "latentpress.models.plain",  # the variational model adds its own divergence
}
"""The module that attaches each penalty to a base model."""


def late_modules(model: ModelSettings, objective: ObjectiveSettings) -> tuple[str, str]:
    """The two modules that these settings choose by name: the base model's and the objective's."""
    return f"latentpress.models.{model.name}", OBJECTIVE_MODULES[objective.penalty]
