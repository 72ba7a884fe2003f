"""The closed list of metrics: names, labels and a sentence each.

What is not here cannot be exported (``agents/adapters/metrics.py`` refuses it), and ``docs/metrics.md``
is held in step by a test. Labels have few values by construction: topics, kinds, channels, partitions;
never a customer.
"""

from typing import Final, Literal, NamedTuple

MetricKind = Literal["counter", "gauge", "histogram"]


class Metric(NamedTuple):
    """One metric.

    Attributes:
        name: as exported; counters end in ``_total``, times are in seconds, sizes in bytes.
        kind: counter, gauge or histogram.
        sentence: what it says, and when to worry.
        labels: label names in order.
        buckets: upper bounds, for histograms.
    """

    name: str
    kind: MetricKind
    sentence: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_SHORT_TIMES: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_SIZES: Final = (0.0, 1.0, 10.0, 100.0, 500.0, 1000.0, 2500.0, 5000.0, 10000.0)

RECORDS: Final = Metric(
    "holdfast_records_total",
    "counter",
    "Input records by outcome since this process started; a cut carried out again counts again.",
    ("topic", "outcome"),
)
RECORD_BYTES: Final = Metric(
    "holdfast_record_bytes_total",
    "counter",
    "Bytes of these records, keys and values; as with them, a cut carried out again counts again.",
    ("topic", "outcome"),
)
ACCOUNTED: Final = Metric(
    "holdfast_accounted_records",
    "gauge",
    "Records of an input's partition by outcome, from the first on, each once; together all that was read.",
    ("topic", "partition", "outcome"),
)
ACCOUNTED_BYTES: Final = Metric(
    "holdfast_accounted_bytes",
    "gauge",
    "Bytes of the records accounted, keys and values; the accounts move with the partition.",
    ("topic", "partition", "outcome"),
)
REJECTS: Final = Metric(
    "holdfast_rejects_total",
    "counter",
    "Records that could not be used and went to the rejects topic, by reason; a jump: a producer's fault.",
    ("reason",),
)
SIGNALS: Final = Metric(
    "holdfast_signals_total",
    "counter",
    "Signals acknowledged by Kafka, by action: opened, closed, retracted; what is sent again does not count.",
    ("action",),
)
COMMANDS: Final = Metric(
    "holdfast_commands_total",
    "counter",
    "Commands acknowledged by Kafka, by channel; what is sent again does not count.",
    ("channel",),
)
CUTS: Final = Metric(
    "holdfast_cuts_total",
    "counter",
    "Cuts, by result: executed, or void (a former owner's, or written where another came first).",
    ("result",),
)
CUT_SECONDS: Final = Metric(
    "holdfast_cut_seconds",
    "histogram",
    "Time of a cut, until all its rows and effects are acknowledged.",
    (),
    _SHORT_TIMES,
)
CUT_RECORDS: Final = Metric(
    "holdfast_cut_records",
    "histogram",
    "Input records in one cut; at the maximum there is a backlog.",
    (),
    _SIZES,
)
STALL_SECONDS: Final = Metric(
    "holdfast_stall_seconds",
    "histogram",
    "Time for which a portion of a cut kept the event loop to itself; long ones delay heartbeats too.",
    (),
    _SHORT_TIMES,
)
TICKS: Final = Metric(
    "holdfast_ticks_total",
    "counter",
    "Tick records read, by result: answered, or ignored (with the wall clock, or not above the last one).",
    ("result",),
)
FACTS: Final = Metric(
    "holdfast_facts_total",
    "counter",
    "Policies, offers, population facts and source states learnt from control, by kind.",
    ("kind",),
)
POLICIES_REFUSED: Final = Metric(
    "holdfast_policies_refused_total",
    "counter",
    "Published policies that a partition could not use; the one before stays in force, the log says why.",
)
POLICY_PUBLISHED: Final = Metric(
    "holdfast_policy_published",
    "gauge",
    "1 when the policy in force was published, 0 when it is the built-in default.",
    ("partition",),
)
ACCEPTED_LOSSES: Final = Metric(
    "holdfast_accepted_losses_total",
    "counter",
    "Topic partitions (or commits of one) that were lost, and a person accepted that; the log names each.",
    ("topic",),
)
SKIPPED_OFFSETS: Final = Metric(
    "holdfast_skipped_offsets_total",
    "counter",
    "Offsets skipped after an accepted loss, as far as their number is known; not of a topic made anew.",
    ("topic",),
)
PARTITIONS: Final = Metric("holdfast_partitions", "gauge", "Partitions that this worker owns.")
READY: Final = Metric(
    "holdfast_ready", "gauge", "1 when all owned partitions are recovered and running, else 0; as /readyz."
)
PARTITION_TIME: Final = Metric(
    "holdfast_partition_time_seconds",
    "gauge",
    "The partition's own time, in seconds since 1970; with the wall clock a second or two behind now.",
    ("partition",),
)
PARTITION_EPOCH: Final = Metric(
    "holdfast_partition_epoch",
    "gauge",
    "Epoch of this owner of the partition; it grows with each owner.",
    ("partition",),
)
LAG: Final = Metric(
    "holdfast_lag_records",
    "gauge",
    "Input records at the brokers that are not applied yet; growing without end means too few workers.",
    ("partition",),
)
UNCOMMITTED: Final = Metric(
    "holdfast_uncommitted_records",
    "gauge",
    "Input records applied whose offsets are not committed yet; growing means that commits fail.",
    ("partition",),
)
UNACCOUNTED: Final = Metric(
    "holdfast_unaccounted_records",
    "gauge",
    "Offsets applied that have neither a record with an outcome nor a hole; not 0: the worker ends with 71.",
    ("partition",),
)
AUDITS: Final = Metric(
    "holdfast_audits_total",
    "counter",
    "Looks at all ledgers that found nothing missing; standing still: nobody looks.",
)
CUSTOMERS: Final = Metric("holdfast_customers", "gauge", "Customers with a row in memory.", ("partition",))
RECOVERY_SECONDS: Final = Metric(
    "holdfast_recovery_seconds", "gauge", "How long the last recovery of this worker took."
)
RECOVERED: Final = Metric(
    "holdfast_recovered_records_total", "counter", "Changelog records read in recoveries of this process."
)
RESENT: Final = Metric(
    "holdfast_resent_effects_total",
    "counter",
    "Effects sent again after a recovery, byte for byte as before.",
)
REBALANCES: Final = Metric(
    "holdfast_rebalances_total",
    "counter",
    "Assignments of partitions received; frequent ones mean unstable workers.",
)
LOG_LINES_DROPPED: Final = Metric(
    "holdfast_log_lines_dropped_total",
    "counter",
    "Log lines not written because the same message came too often.",
)
# Of the process, named by the Prometheus client; absent where /proc is.
PROCESS_CPU: Final = Metric(
    "holdfast_process_cpu_seconds_total", "counter", "Processor time that the process has used."
)
PROCESS_RESIDENT: Final = Metric(
    "holdfast_process_resident_memory_bytes", "gauge", "Memory that the process holds; rows are most of it."
)
PROCESS_VIRTUAL: Final = Metric(
    "holdfast_process_virtual_memory_bytes",
    "gauge",
    "Address space of the process; large values are harmless.",
)
PROCESS_START: Final = Metric(
    "holdfast_process_start_time_seconds", "gauge", "When the process started, in seconds since 1970."
)
PROCESS_FILES: Final = Metric("holdfast_process_open_fds", "gauge", "Open files and sockets; should be flat.")
PROCESS_FILES_MAX: Final = Metric("holdfast_process_max_fds", "gauge", "Most files and sockets it may open.")

PROCESS: Final = (
    PROCESS_CPU,
    PROCESS_RESIDENT,
    PROCESS_VIRTUAL,
    PROCESS_START,
    PROCESS_FILES,
    PROCESS_FILES_MAX,
)  # fmt: skip - one group, one line
"""Collected by the client from the operating system, not by us."""

SOURCE_HELD: Final = Metric(
    "holdfast_source_held",
    "gauge",
    "1 while a source is said to be quiet or in a burst: nobody falls silent by it. 0 when it is well.",
    ("source",),
)
SOURCE_SHARE: Final = Metric(
    "holdfast_source_share",
    "gauge",
    "Events of a source over the policy's outage window, as a share of the usual; only while it is judged.",
    ("source",),
)
POPULATION_VERSION: Final = Metric(
    "holdfast_population_version",
    "gauge",
    "Version of the population's fact that the population role put in force.",
)
POPULATION_CUSTOMERS: Final = Metric(
    "holdfast_population_customers",
    "gauge",
    "Customers with two gaps or more that the prior of a stream was learnt from; it is not known below 30.",
    ("stream",),
)
POPULATION_DRIFT: Final = Metric(
    "holdfast_population_drift",
    "gauge",
    "How far the gaps of the last weeks lie from what was predicted, 0 to 1; above 0.1 look at the rhythm.",
    ("stream",),
)

METRICS: Final = (
    RECORDS,
    RECORD_BYTES,
    ACCOUNTED,
    ACCOUNTED_BYTES,
    REJECTS,
    SIGNALS,
    COMMANDS,
    CUTS,
    CUT_SECONDS,
    CUT_RECORDS,
    STALL_SECONDS,
    TICKS,
    FACTS,
    POLICIES_REFUSED,
    POLICY_PUBLISHED,
    ACCEPTED_LOSSES,
    SKIPPED_OFFSETS,
    PARTITIONS,
    READY,
    PARTITION_TIME,
    PARTITION_EPOCH,
    LAG,
    UNCOMMITTED,
    UNACCOUNTED,
    AUDITS,
    CUSTOMERS,
    RECOVERY_SECONDS,
    RECOVERED,
    RESENT,
    REBALANCES,
    LOG_LINES_DROPPED,
    SOURCE_HELD,
    SOURCE_SHARE,
    POPULATION_VERSION,
    POPULATION_CUSTOMERS,
    POPULATION_DRIFT,
    *PROCESS,
)  # fmt: skip - read as a list
"""All metrics, in the order of the documentation."""
