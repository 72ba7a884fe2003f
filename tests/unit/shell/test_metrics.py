"""Metrics come from a closed list, and nothing else is exported."""

import re

import pytest

from agents.adapters.metrics import Metrics
from streams import metrics as catalogue
from streams.metrics import METRICS, PROCESS, Metric


def exported(metrics: Metrics) -> set[str]:
    """The names as Prometheus sees them, a histogram's parts as one."""
    names = re.findall(r"^(\w+)[{ ]", metrics.render().decode(), re.MULTILINE)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


@pytest.fixture
def filled() -> Metrics:
    """Every metric with a value."""
    metrics = Metrics()
    for metric in METRICS:
        labels = dict.fromkeys(metric.labels, "1")
        match metric.kind:
            case _ if metric in PROCESS:
                pass
            case "counter":
                metrics.add(metric, 2, labels)
            case "gauge":
                metrics.set(metric, 2, labels)
            case "histogram":
                metrics.observe(metric, 2)
    return metrics


def test_what_is_exported_is_the_catalogue(filled: Metrics) -> None:
    assert exported(filled) == {metric.name for metric in METRICS}


def test_names_begin_with_ours_and_are_there_once() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    assert all(name.startswith("holdfast_") for name in names)


def test_every_constant_is_in_the_list() -> None:
    constants = {value for value in vars(catalogue).values() if isinstance(value, Metric)}
    assert constants == set(METRICS)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_name_says_what_it_is(metric: Metric) -> None:
    assert (metric.kind == "counter") == metric.name.endswith("_total")
    assert (metric.kind == "histogram") == bool(metric.buckets)
    assert metric.sentence.endswith(".")
    assert not {"customer", "customer_id", "key"} & set(metric.labels)


def test_a_metric_that_is_not_in_the_catalogue_is_refused() -> None:
    with pytest.raises(KeyError):
        Metrics().add(Metric("holdfast_made_up_total", "counter", "Made up."))


def test_a_partition_that_moved_away_is_exported_no_more() -> None:
    metrics = Metrics()
    metrics.set(catalogue.LAG, 5, {"partition": "3"})
    assert 'holdfast_lag_records{partition="3"} 5.0' in metrics.render().decode()
    metrics.forget(catalogue.LAG, {"partition": "3"})
    metrics.forget(catalogue.LAG, {"partition": "3"})
    assert 'partition="3"' not in metrics.render().decode()


def test_two_workers_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.set(catalogue.PARTITIONS, 8)
    assert "holdfast_partitions 0.0" in other.render().decode()
