"""What Prometheus reads from a node, by the names that the field uses."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Gauge, generate_latest


class NodeMetrics:
    """Gauges that are read when somebody asks; one registry per node, none global.

    Parameters
    ----------
    read
        Gives the current value of every gauge by name.
    """

    def __init__(self, read: Callable[[], Mapping[str, float]]) -> None:
        self._read = read
        self._registry = CollectorRegistry()
        self._gauges: dict[str, Gauge] = {}

    def render(self) -> bytes:
        """Return the text of `/metrics`."""
        for name, value in self._read().items():
            if name not in self._gauges:
                text = name.removeprefix("strikenet_").replace("_", " ")
                self._gauges[name] = Gauge(name, text, registry=self._registry)
            self._gauges[name].set(value)
        return generate_latest(self._registry)
