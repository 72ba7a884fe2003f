"""Prometheus metrics of one process, from the closed list of ``streams/metrics.py``.

The registry is our own, so that no library adds metrics behind our back, and two workers in one test
process do not collide. Counting is done once per cut, not per record: the price per event is nothing.
"""

from collections.abc import Callable, Mapping
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from streams.metrics import METRICS, PROCESS, Metric

CONTENT_TYPE: Final = prometheus_client.CONTENT_TYPE_LATEST


class Metrics:
    """What one process counts and exports; a metric that is not in the catalogue raises ``KeyError``."""

    def __init__(self) -> None:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(namespace="holdfast", registry=self.registry)
        self._counters: dict[Metric, Counter] = {}
        self._gauges: dict[Metric, Gauge] = {}
        self._histograms: dict[Metric, Histogram] = {}
        self._refresh: list[Callable[[], None]] = []
        for metric in METRICS:
            if metric not in PROCESS:
                self._register(metric)

    def add(self, metric: Metric, amount: float = 1, labels: Mapping[str, str] | None = None) -> None:
        """Add to a counter."""
        counter = self._counters[metric]
        (counter.labels(**labels) if labels else counter).inc(amount)

    def set(self, metric: Metric, value: float, labels: Mapping[str, str] | None = None) -> None:
        """Set a gauge."""
        gauge = self._gauges[metric]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def observe(self, metric: Metric, value: float) -> None:
        """Put a value into a histogram."""
        self._histograms[metric].observe(value)

    def forget(self, metric: Metric, labels: Mapping[str, str]) -> None:
        """Stop exporting a gauge's value, for a partition that moved to another worker; absent is fine."""
        gauge = self._gauges[metric]
        try:
            gauge.remove(*(labels[name] for name in metric.labels))
        except KeyError:
            return

    def on_render(self, refresh: Callable[[], None]) -> None:
        """Call something before each answer, to set gauges that nobody keeps up to date."""
        self._refresh.append(refresh)

    def render(self) -> bytes:
        """Everything in Prometheus' text form."""
        for refresh in self._refresh:
            refresh()
        return generate_latest(self.registry)

    def _register(self, metric: Metric) -> None:
        match metric.kind:
            case "counter":
                self._counters[metric] = Counter(
                    metric.name, metric.sentence, metric.labels, registry=self.registry
                )
            case "gauge":
                self._gauges[metric] = Gauge(
                    metric.name, metric.sentence, metric.labels, registry=self.registry
                )
            case "histogram":
                self._histograms[metric] = Histogram(
                    metric.name,
                    metric.sentence,
                    metric.labels,
                    registry=self.registry,
                    buckets=metric.buckets,
                )
