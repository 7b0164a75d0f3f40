"""The sockets between roles and the world: protocols of what the shell offers, and its errors."""


class RollupError(Exception):
    """Base of everything the shell raises on purpose."""


class InputError(RollupError):
    """The user gave something wrong: tell them and go on."""


class TemporaryError(RollupError):
    """The world is not ready: try again, with a deadline."""


class ReorgError(RollupError):
    """L1 changed under a decision: rewind and derive again."""


class CriticalError(RollupError):
    """Going on could lose money or truth: stop the process."""


class InvariantViolation(RollupError):  # noqa: N818 - the name of the house for a bug
    """A bug: never caught."""
