"""Settings come from four places, the strongest wins, and nothing that nobody meant passes."""

import itertools
from collections.abc import Mapping
from pathlib import Path

import pytest

from agents.errors import ConfigurationError
from agents.settings import Loaded, Settings, load_with_origins
from agents.settings.kinds import format_duration, is_loopback
from agents.settings.sources import fields, is_secret, variable

PLANTED = "planted-secret-4711"
SOURCES = ("file", "environment", "flag")
PRESENT = [chosen for size in range(4) for chosen in itertools.combinations(SOURCES, size)]
EXAMPLES = {
    "kafka.bootstrap_servers": "kafka-1:9093,kafka-2:9093",
    "kafka.security_protocol": "SASL_SSL",
    "kafka.allow_plaintext": "false",
    "kafka.ssl_cafile": "ca.pem",
    "kafka.ssl_certfile": "cert.pem",
    "kafka.ssl_keyfile": "key.pem",
    "kafka.sasl_mechanism": "PLAIN",
    "kafka.sasl_username": "holdfast",
    "kafka.sasl_password": PLANTED,
    "kafka.instance_id": "pod-1",
    "kafka.session_timeout": "15s",
    "kafka.heartbeat_interval": "4s",
    "kafka.rebalance_timeout": "20s",
    "kafka.request_timeout": "30s",
    "kafka.commit_interval": "500ms",
    "redis.url": "rediss://:secret@redis.example/0",
    "topics.prefix": "brand",
    "topics.partitions": "16",
    "topics.replication_factor": "3",
    "clock": "external",
    "clock_hold": "1m",
    "cut.every": "100ms",
    "cut.looks": "3",
    "cut.lead": "4ms",
    "cut.max_records": "1000",
    "watchdog": "60s",
    "inbox": "30000",
    "admin.host": "0.0.0.0",
    "admin.port": "8080",
    "admin.url": "http://worker-1:6067",
    "admin.token": PLANTED,
    "logs.format": "json",
    "logs.level": "debug",
    "data_dir": "/tmp/holdfast",
}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(
    toml: str = "", environ: Mapping[str, str] | None = None, flags: Mapping[str, str] | None = None
) -> Loaded:
    if toml:
        Path("holdfast.toml").write_text(toml, encoding="utf-8")
    return load_with_origins(flags, environ or {})


def refusal(
    toml: str = "", environ: Mapping[str, str] | None = None, flags: Mapping[str, str] | None = None
) -> str:
    with pytest.raises(ConfigurationError) as refused:
        loaded(toml, environ, flags)
    assert refused.value.exit_code == 64
    return str(refused.value)


class TestPrecedence:
    @pytest.mark.parametrize("present", PRESENT, ids="+".join)
    def test_the_strongest_source_present_wins_and_is_named_as_the_origin(
        self, present: tuple[str, ...]
    ) -> None:
        found = loaded(
            '[topics]\nprefix = "file"' if "file" in present else "",
            {"HOLDFAST_TOPICS__PREFIX": "environment"} if "environment" in present else {},
            {"topics.prefix": "flag"} if "flag" in present else {},
        )
        assert found.settings.topics.prefix == (present[-1] if present else "holdfast")
        origin = found.origins.get("topics.prefix", "default")
        assert origin.startswith(
            {"file": "holdfast.toml"}.get(present[-1], present[-1]) if present else "default"
        )

    def test_sources_are_merged_setting_by_setting(self) -> None:
        found = loaded(
            '[kafka]\ninstance_id = "pod-1"\nsession_timeout = "20s"',
            {"HOLDFAST_KAFKA__SESSION_TIMEOUT": "15s"},
        ).settings.kafka
        assert (found.instance_id, found.session_timeout) == ("pod-1", 15_000)

    def test_another_file_may_be_named_by_the_environment(self) -> None:
        Path("other.toml").write_text('clock = "external"', encoding="utf-8")
        assert loaded(environ={"HOLDFAST_CONFIG": "other.toml"}).settings.clock == "external"

    def test_a_named_file_that_is_missing_is_refused_and_the_default_file_may_be_missing(self) -> None:
        assert loaded().settings == Settings()
        assert "nowhere.toml does not exist" in refusal(environ={"HOLDFAST_CONFIG": "nowhere.toml"})

    def test_every_setting_can_be_given_in_the_environment(self) -> None:
        assert EXAMPLES.keys() == fields().keys()
        found = loaded(environ={variable(key): text for key, text in EXAMPLES.items()})
        assert found.origins == {key: f"environment {variable(key)}" for key in EXAMPLES}


class TestWhatNobodyMeant:
    @pytest.mark.parametrize(
        ("environ", "nearest"),
        [
            ({"HOLDFAST_KAFKA__BOOTSTRAP_SERVER": "a:1"}, "HOLDFAST_KAFKA__BOOTSTRAP_SERVERS"),
            ({"HOLDFAST_KAFKA_BOOTSTRAP_SERVERS": "a:1"}, "HOLDFAST_KAFKA__BOOTSTRAP_SERVERS"),
            ({"HOLDFAST_ADMIN_PORT": "80"}, "HOLDFAST_ADMIN__PORT"),
            ({"HOLDFAST_CLOCK__HOLD": "1s"}, "HOLDFAST_CLOCK_HOLD"),
            ({"HOLDFAST_CUT_EVERY": "1s"}, "HOLDFAST_CUT__EVERY"),
        ],
    )
    def test_an_unknown_variable_is_refused_with_the_nearest_one(
        self, environ: dict[str, str], nearest: str
    ) -> None:
        assert f"did you mean {nearest}?" in refusal(environ=environ)

    def test_an_unknown_key_of_a_file_is_refused_with_the_nearest_one(self) -> None:
        text = refusal('[kafka]\nbootstrap = "a:1"')
        assert "holdfast.toml: kafka.bootstrap is no setting" in text
        assert "kafka.bootstrap_servers" in text

    def test_an_unknown_flag_is_refused_with_the_nearest_one(self) -> None:
        assert "did you mean topics.prefix?" in refusal(flags={"topic.prefix": "x"})

    def test_what_kubernetes_sets_for_a_service_of_our_name_is_not_ours(self) -> None:
        service = {
            "HOLDFAST_SERVICE_HOST": "10.0.0.1",
            "HOLDFAST_SERVICE_PORT": "80",
            "HOLDFAST_PORT": "tcp://10.0.0.1:80",
            "HOLDFAST_PORT_80_TCP_ADDR": "10.0.0.1",
            "HOLDFAST_ADMIN_SERVICE_PORT_HTTP": "80",
        }
        assert loaded(environ=service).settings == Settings()

    def test_values_that_do_not_fit_are_all_named_with_their_origin(self) -> None:
        text = refusal("[topics]\npartitions = 0", {"HOLDFAST_CUT__EVERY": "soon", "HOLDFAST_CLOCK": "moon"})
        assert "topics.partitions = 0 (holdfast.toml)" in text
        assert "cut.every = 'soon' (environment HOLDFAST_CUT__EVERY): is no duration" in text
        assert "clock = 'moon' (environment HOLDFAST_CLOCK): Input should be 'wall' or 'external'" in text

    @pytest.mark.parametrize("value", ["5", "-5s", "5 minutes", "", "1.5s"])
    def test_a_duration_needs_a_whole_number_and_a_unit(self, value: str) -> None:
        assert "is no duration" in refusal(environ={"HOLDFAST_CLOCK_HOLD": value})

    def test_a_number_in_a_file_is_no_duration(self) -> None:
        assert "is no duration" in refusal("clock_hold = 30")

    @pytest.mark.parametrize("value", ["kafka", "kafka:", ":9092", "kafka:0", "kafka:99999", ","])
    def test_a_broker_address_needs_host_and_port(self, value: str) -> None:
        assert "kafka.bootstrap_servers" in refusal(environ={"HOLDFAST_KAFKA__BOOTSTRAP_SERVERS": value})

    def test_a_file_that_is_no_toml_is_refused_with_the_line(self) -> None:
        assert "line 2" in refusal("[kafka]\n=")

    def test_timeouts_that_do_not_fit_each_other_are_refused(self) -> None:
        assert "a third" in refusal(environ={"HOLDFAST_KAFKA__HEARTBEAT_INTERVAL": "6s"})
        assert "above kafka.session_timeout" in refusal(environ={"HOLDFAST_KAFKA__REQUEST_TIMEOUT": "10s"})


class TestTransport:
    def test_plain_text_over_the_network_needs_a_word(self) -> None:
        away = {"HOLDFAST_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9092,kafka.example:9092"}
        assert "kafka.allow_plaintext" in refusal(environ=away)
        allowed = loaded(environ=away | {"HOLDFAST_KAFKA__ALLOW_PLAINTEXT": "true"}).settings.kafka
        assert allowed.bootstrap == "127.0.0.1:9092,kafka.example:9092"

    def test_sasl_needs_user_and_password(self) -> None:
        assert "kafka.sasl_username" in refusal(environ={"HOLDFAST_KAFKA__SECURITY_PROTOCOL": "SASL_SSL"})

    def test_sasl_without_tls_does_not_exist(self) -> None:
        assert "kafka.security_protocol" in refusal(
            environ={"HOLDFAST_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT"}
        )

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "holdfast.example"])
    def test_an_admin_server_that_others_reach_needs_a_token(self, host: str) -> None:
        assert "admin.token" in refusal(environ={"HOLDFAST_ADMIN__HOST": host})
        both = {"HOLDFAST_ADMIN__HOST": host, "HOLDFAST_ADMIN__TOKEN": PLANTED}
        assert loaded(environ=both).settings.admin.host == host

    def test_a_token_that_can_be_guessed_is_refused(self) -> None:
        assert "16 ASCII characters" in refusal(environ={"HOLDFAST_ADMIN__TOKEN": "short"})

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST"])
    def test_loopback_is_recognised(self, host: str) -> None:
        assert is_loopback(host)

    @pytest.mark.parametrize("host", ["", "0.0.0.0", "localhost.example", "1270.0.0.1", "::2"])
    def test_what_is_not_loopback_is_not_taken_for_it(self, host: str) -> None:
        assert not is_loopback(host)


class TestSecrets:
    KEYS = tuple(key for key, info in fields().items() if is_secret(info))

    def test_there_are_three(self) -> None:
        assert self.KEYS == ("kafka.sasl_password", "redis.url", "admin.token")

    @pytest.mark.parametrize("key", KEYS)
    def test_a_secret_may_lie_in_a_file(self, key: str) -> None:
        Path("secret").write_text(f"{PLANTED}\n", encoding="utf-8")
        found = loaded(environ={f"{variable(key)}_FILE": "secret"})
        section, name = key.split(".")
        assert getattr(getattr(found.settings, section), name).get_secret_value() == PLANTED
        assert found.origins == {key: f"file named by environment {variable(key)}_FILE"}

    @pytest.mark.parametrize("key", KEYS)
    def test_a_secret_is_in_no_text_of_the_settings(self, key: str) -> None:
        settings = loaded(environ={variable(key): PLANTED}).settings
        assert PLANTED not in f"{settings!r} {settings} {settings.model_dump()}"

    @pytest.mark.parametrize("key", KEYS)
    def test_a_secret_is_in_no_error_whatever_else_is_wrong(self, key: str) -> None:
        environ = {variable(key): PLANTED, "HOLDFAST_CUT__EVERY": "x", "HOLDFAST_ADMIN__PORT": "x"}
        assert PLANTED not in refusal(environ=environ)

    def test_a_secret_that_does_not_fit_is_not_quoted(self) -> None:
        assert "tökén-that-is-long-enough" not in refusal(
            environ={"HOLDFAST_ADMIN__TOKEN": "tökén-that-is-long-enough"}
        )

    def test_a_secret_is_refused_on_the_command_line(self) -> None:
        text = refusal(flags={"admin.token": PLANTED})
        assert "HOLDFAST_ADMIN__TOKEN_FILE" in text
        assert PLANTED not in text

    def test_a_secret_and_a_file_for_it_in_one_source_are_refused(self) -> None:
        both = {"HOLDFAST_ADMIN__TOKEN": PLANTED, "HOLDFAST_ADMIN__TOKEN_FILE": "secret"}
        assert "keep one of them" in refusal(environ=both)

    def test_a_secret_file_that_cannot_be_read_is_named(self) -> None:
        assert "nowhere" in refusal(environ={"HOLDFAST_ADMIN__TOKEN_FILE": "nowhere"})

    def test_a_stronger_source_wins_over_a_weaker_secret_file(self) -> None:
        Path("secret").write_text("weaker-secret-0815", encoding="utf-8")
        found = loaded(
            '[admin]\ntoken_file = "secret"', {"HOLDFAST_ADMIN__TOKEN": PLANTED}
        ).settings.admin.token
        assert found is not None
        assert found.get_secret_value() == PLANTED


class TestTheInbox:
    def test_holds_what_may_stand_between_two_ticks_when_the_clock_is_external(self) -> None:
        assert loaded().settings.inbox_bound == 20_000
        assert loaded(environ={"HOLDFAST_CLOCK": "external"}).settings.inbox_bound == 100_000


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0s"), (6, "6ms"), (1_500, "1500ms"), (12_000, "12s"), (60_000, "1m"), (86_400_000, "1d")],
)
def test_a_duration_is_shown_in_the_largest_unit_that_divides_it(milliseconds: int, text: str) -> None:
    assert format_duration(milliseconds) == text
