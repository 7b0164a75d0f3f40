"""The one exception of every room: a bug. Errors of the outside world live elsewhere."""


class InvariantViolation(Exception):  # noqa: N818 - a bug, not an error of the outside world
    """A bug in this program. Never caught, but where the law itself is on trial (devnet/crash)."""
