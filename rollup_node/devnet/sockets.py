"""Ports of the loopback interface: free ones, and who holds a busy one."""

import socket
from pathlib import Path

from rollup_node.ports import PortInUseError

HOST = "127.0.0.1"


def url_of(port: int) -> str:
    """Return where a program of this devnet listens."""
    return f"http://{HOST}:{port}"


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on right now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def check_free(port: int, user: str) -> None:
    """Raise unless `port` can be bound.

    Raises
    ------
    PortInUseError
        If it cannot; the message names the process that listens, when it can be known.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            holder = holder_of(port) or error.strerror
            raise PortInUseError(f"port {port}, needed by {user}, is in use: {holder}") from None


def holder_of(port: int) -> str | None:
    """Return name and pid of the process that listens on `port`; `None` if it cannot be known."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not inodes:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        try:
            links = {str(link.readlink()) for link in (process / "fd").iterdir()}
            name = (process / "comm").read_text("utf-8").strip()
        except OSError:
            continue
        if inodes & links:
            return f"{name} (pid {process.name})"
    return None


def _listening_inodes(port: int) -> list[str]:
    """Read Linux's socket tables; other systems have none and give an empty list."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                found.append(fields[9])
    return found
