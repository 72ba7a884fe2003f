"""Where settings come from and which source wins; every value remembers its origin.

A key is a dotted path (``kafka.bootstrap_servers``). In a file it is a table and a name, in the environment
``HOLDFAST_KAFKA__BOOTSTRAP_SERVERS``, as a flag ``--set kafka.bootstrap_servers=…``. Each secret may also be
given as ``<key>_file``: the path of a file that holds it.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from ..errors import ConfigurationError
from .kinds import DURATION
from .model import Settings

PREFIX: Final = "HOLDFAST_"
DEFAULT_FILE: Final = Path("holdfast.toml")
NOT_SETTINGS: Final = {
    "HOLDFAST_CONFIG": "the settings file to read instead of holdfast.toml",
    "HOLDFAST_DATA": "tests and bench: the folder of the histories that are no part of the project",
    "HOLDFAST_FAULTS": "tests: how many faults are tried: quick, all or long",
    "HOLDFAST_FAULT_SEED": "tests: the seed of the fault suite's schedules",
    "HOLDFAST_REQUIRE_DATA": "tests: fail instead of skip when those histories are not there",
    "HOLDFAST_REQUIRE_KAFKA": "tests: fail instead of skip when no Apache Kafka can be started",
    "HOLDFAST_SCENARIOS": "tests: `all` plays every scenario on a real Kafka",
}
# Kubernetes puts these into every container beside a service called "holdfast…"; they are nobody's mistake.
_SERVICE_LINK: Final = re.compile(r"_SERVICE_(HOST|PORT)(_\w+)?$|_PORT_\d+_(TCP|UDP)(_\w+)?$")
_LINK_VALUE: Final = re.compile(r"^(tcp|udp)://")


class _Given(NamedTuple):
    value: object
    origin: str


class Loaded(NamedTuple):
    """Settings, and for each key where its value came from (keys that are absent have their default)."""

    settings: Settings
    origins: dict[str, str]


def fields(model: type[BaseModel] = Settings, prefix: str = "") -> dict[str, FieldInfo]:
    """All settings by dotted key, in the order of the model."""
    found: dict[str, FieldInfo] = {}
    for name, info in model.model_fields.items():
        section = info.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            found |= fields(section, f"{prefix}{name}.")
        else:
            found[prefix + name] = info
    return found


def is_secret(info: FieldInfo) -> bool:
    """Whether the setting's value must never be shown."""
    return info.annotation is SecretStr or SecretStr in get_args(info.annotation)


def is_duration(info: FieldInfo) -> bool:
    """Whether the setting is a duration: int milliseconds inside, text for people."""
    return DURATION in info.metadata


def variable(key: str) -> str:
    """The environment variable of a key."""
    return PREFIX + key.replace(".", "__").upper()


def load(
    flags: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None, file: Path | None = None
) -> Settings:
    """Read the settings; see ``load_with_origins``."""
    return load_with_origins(flags, environ, file).settings


def load_with_origins(
    flags: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None, file: Path | None = None
) -> Loaded:
    """Read the settings of this process.

    Args:
        flags: dotted key → text, the strongest source.
        environ: the environment; the process's own by default.
        file: the settings file; by default ``HOLDFAST_CONFIG``, else ``holdfast.toml`` if it exists.

    Raises:
        ConfigurationError: an unknown key, values that do not fit (all at once), an unreadable file.
    """
    env = os.environ if environ is None else environ
    given: dict[str, _Given] = {}
    for source in (_from_file(env, file), _from_environment(env), _from_flags(flags or {})):
        given |= _with_secrets_read(source)
    try:
        settings = Settings.model_validate(_nested(given))
    except ValidationError as error:
        raise ConfigurationError(_faults(error, given)) from None  # the cause would quote values
    return Loaded(settings, {key: found.origin for key, found in given.items()})


def _from_file(env: Mapping[str, str], file: Path | None) -> dict[str, _Given]:
    named = file or (Path(env["HOLDFAST_CONFIG"]) if env.get("HOLDFAST_CONFIG") else None)
    path = named or DEFAULT_FILE
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named is None:
            return {}
        raise ConfigurationError(f"the settings file {path} does not exist") from None
    except OSError as error:
        raise ConfigurationError(f"the settings file {path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"the settings file {path} is no TOML: {_place(error)}") from None
    return _flat(document, str(path))


def _place(error: UnicodeDecodeError | tomllib.TOMLDecodeError) -> str:
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _flat(table: Mapping[str, object], origin: str, prefix: str = "") -> dict[str, _Given]:
    found: dict[str, _Given] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found |= _flat(value, origin, f"{prefix}{name}.")
        else:
            _check_key(prefix + name, f"{origin}: {prefix}{name}", str)
            found[prefix + name] = _Given(value, origin)
    return found


def _from_environment(env: Mapping[str, str]) -> dict[str, _Given]:
    found: dict[str, _Given] = {}
    for name, value in env.items():
        if not name.startswith(PREFIX) or name in NOT_SETTINGS or _is_service_link(name, value):
            continue
        key = name.removeprefix(PREFIX).lower().replace("__", ".")
        _check_key(key, f"environment: {name}", variable)
        found[key] = _Given(value, f"environment {name}")
    return found


def _is_service_link(name: str, value: str) -> bool:
    return bool(_SERVICE_LINK.search(name) or (name.endswith("_PORT") and _LINK_VALUE.match(value)))


def _from_flags(flags: Mapping[str, str]) -> dict[str, _Given]:
    for key in flags:
        _check_key(key, f"flag: {key}", str)
        if key in _secret_keys():
            raise ConfigurationError(
                f"{key} is a secret: on a command line every process of this machine can read it",
                f"use {variable(key)}_FILE or {variable(key)}",
            )
    return {key: _Given(value, "flag") for key, value in flags.items()}


def _secret_keys() -> set[str]:
    return {key for key, info in fields().items() if is_secret(info)}


def _check_key(key: str, where: str, spelt: Callable[[str], str]) -> None:
    known = {*fields(), *(f"{name}_file" for name in _secret_keys())}
    if key in known:
        return
    nearest = difflib.get_close_matches(
        key.replace("_", "."), [name.replace("_", ".") for name in known], 1, 0.5
    )
    hint = next((name for name in known if nearest and name.replace("_", ".") == nearest[0]), None)
    raise ConfigurationError(
        f"{where} is no setting",
        f"did you mean {spelt(hint)}?" if hint else "`config show` lists all settings",
    )


def _with_secrets_read(source: dict[str, _Given]) -> dict[str, _Given]:
    """Replace each ``<secret>_file`` by what the file holds."""
    plain: dict[str, _Given] = {}
    for key, found in source.items():
        base = key.removesuffix("_file")
        if base == key or base not in _secret_keys():
            plain[key] = found
            continue
        if base in source:
            raise ConfigurationError(f"both {base} and {key} are given ({found.origin})", "keep one of them")
        plain[base] = _Given(_secret_file(base, Path(str(found.value))), f"file named by {found.origin}")
    return plain


def _secret_file(key: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigurationError(
            f"the file {path} with the secret {key} cannot be read: {error.strerror}"
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"the file {path} with the secret {key} is not UTF-8 text") from None


def _nested(given: Mapping[str, _Given]) -> dict[str, object]:
    document: dict[str, object] = {}
    for key, found in given.items():
        *sections, name = key.split(".")
        table = document
        for section in sections:
            inner = table.setdefault(section, {})
            assert isinstance(inner, dict)
            table = inner
        table[name] = found.value
    return document


def _faults(error: ValidationError, given: Mapping[str, _Given]) -> str:
    secrets = _secret_keys()
    lines = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        text = fault["msg"].removeprefix("Value error, ")
        key = ".".join(str(part) for part in fault["loc"])
        found = given.get(key)
        if found is None:
            lines.append(text)  # a rule about several settings: the text names them
        else:
            value = "" if key in secrets else f" = {found.value!r}"
            lines.append(f"{key}{value} ({found.origin}): {text}")
    return "\n  ".join(["the settings do not fit:", *lines])
