"""One flat family of exceptions; each message says what was found, what was expected and the way out.

Most stages reach this module, so that a new class here makes them all run again, trainings included. One that a
single module raises is better written there, on a class of this family.
"""

from __future__ import annotations


class LatentPressError(Exception):
    """A fault that the user can mend. Printed without a traceback.

    Args:
        message: what is wrong: the file, the key or line, what was found, what was expected.
        hint: the way out, as one sentence or a command.
    """

    exit_status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[type[LatentPressError], tuple[str, str]]:
        # Errors cross process borders; the default reduction would drop the hint.
        return (type(self), (self.message, self.hint))


class UsageError(LatentPressError):
    """An unknown report, section, experiment or option."""

    exit_status = 2


class SettingsError(LatentPressError):
    """A TOML file with a misspelt key, a wrong type or a value out of range."""

    exit_status = 2


class DataError(LatentPressError):
    """A data file that is missing, truncated, of the wrong size or of other content."""


class StoreError(LatentPressError):
    """The store cannot be read or written: no space, no permission, damaged beyond rebuilding."""


class StageError(LatentPressError):
    """A stage's function failed."""


class EscapedImportError(LatentPressError):
    """A stage loaded a project module that its fingerprint does not cover."""


class TemplateError(LatentPressError):
    """A report template that Jinja cannot render."""


class LatexError(LatentPressError):
    """LaTeX refused the document."""


class TexMissingError(LatentPressError):
    """No TeX installation, and no right to make one."""

    exit_status = 4


class ClusterError(LatentPressError):
    """A Dask cluster that cannot do the work: unfit workers, or a scheduler that went away."""


class MirrorError(LatentPressError):
    """A mirror that cannot be reached, read or written."""
