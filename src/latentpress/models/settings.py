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

    name: Literal["convolutional", "variational"]
    code_size: PositiveInt = 128
    code_activation: Literal["linear", "sigmoid"] = "linear"
    hidden: PositiveInt = 256
    """Units of each hidden layer of the fully connected model; the convolutional one has fixed widths."""
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

    optimizer: Literal["adam", "adamw", "muon_decoder"] = "adamw"
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
    input_shift: NonNegative = 0.0
    """The largest shift of the encoder's input along each axis while training, in pixels."""
    input_scale: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The largest magnification or reduction of it, as a natural logarithm: 0.1 is about a tenth."""
    input_rotation: Annotated[float, Field(ge=0, le=180)] = 0.0
    """The largest rotation of it to either side, in degrees."""
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

    @model_validator(mode="after")
    def _penalty_fits_model(self) -> ExperimentSettings:
        if (self.objective.penalty == "kl_divergence") != (self.model.name == "variational"):
            raise ValueError(
                f"objective.penalty is {self.objective.penalty!r} and model.name is {self.model.name!r}; "
                "expected 'kl_divergence' with 'variational' and only there"
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
        if self.training.decoder_epochs and self.model.name == "variational":
            raise ValueError(
                f"training.decoder_epochs is {self.training.decoder_epochs} and model.name is 'variational'; "
                "expected 0: its decoder learns from codes that are drawn anew in every step"
            )
        return self


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
