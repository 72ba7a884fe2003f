"""The oracle: reads the topics alone, never the worker, and lets ``judging`` compare them with the log."""

from agents.lane.core import CoreFactory
from streams.tables import app_id
from streams.topics import Catalogue

from .judging import Held, Log, Verdict, judge_log, whole
from .topics import committed, each, ends, read_topic

__all__ = ["Verdict", "judge", "read_log"]


def judge(bootstrap: str, topics: Catalogue, core: CoreFactory, held: Held = whole) -> Verdict:
    """Execute the log again, up to the last committed cut, and compare it with what stands on the topics.

    Args:
        bootstrap: The broker; the workers must have ended or be idle.
        topics: The catalogue.
        core: Makes a core, given the number of its partition.
        held: What of a row is compared.
    """
    return judge_log(read_log(bootstrap, topics), core, held)


def read_log(bootstrap: str, topics: Catalogue) -> Log:
    """Read all topics of an installation, and what its workers have committed."""
    count, group = topics.control.partitions, app_id(topics.prefix)
    names = [topic.name for topic in topics.inputs]
    outputs = (topics.signals, *topics.commands.values(), topics.rejects)
    return Log(
        topics=topics,
        inputs=[read_topic(bootstrap, name, count) for name in names],
        control=read_topic(bootstrap, topics.control.name, count),
        changelog=read_topic(bootstrap, topics.changelog.name, count),
        outputs=[
            record
            for topic in outputs
            for record in each(read_topic(bootstrap, topic.name, topic.partitions))
        ],
        done={name: committed(bootstrap, group, name, count) for name in (*names, topics.control.name)},
        ends={name: ends(bootstrap, name, count) for name in names},
    )
