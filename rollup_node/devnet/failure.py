"""What can go wrong on the stage only; the rest of the shell errors are in `ports`."""

from rollup_node.ports import RollupError, TemporaryError


class DevnetError(RollupError):
    """Something about the devnet failed; the message is one line for the user."""


class NotReadyError(TemporaryError):
    """Something did not happen before its deadline, or no devnet is running."""


class RevertedError(DevnetError):
    """An L1 transaction reverted, or the rollup refused a transaction."""

    exit_code = 7

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class DisagreementError(DevnetError):
    """Nodes disagree about a state root."""

    exit_code = 8
