"""What can go wrong on the stage; each failure carries the exit code of the command it ends."""


class DevnetError(Exception):
    """Something about the devnet failed; the message is one line for the user."""

    exit_code = 1


class UsageError(DevnetError):
    """The user named something that does not exist or gave a value out of range."""

    exit_code = 2


class EnvironmentMissingError(DevnetError):
    """The machine lacks what the devnet needs: a tool, a file, permission, space."""

    exit_code = 3


class PortBusyError(DevnetError):
    """A port of the devnet is taken, or a devnet is already running in the run directory."""

    exit_code = 4


class NotReadyError(DevnetError):
    """Something did not happen before its deadline, or no devnet is running."""

    exit_code = 5


class RevertedError(DevnetError):
    """An L1 transaction reverted, or the rollup refused a transaction."""

    exit_code = 7

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class DisagreementError(DevnetError):
    """Nodes disagree about a state root."""

    exit_code = 8
