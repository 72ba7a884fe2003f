"""The workshop keeps its word: what make offers exists, what it installs is pinned, a refusal says why."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
LOCKS = {"runtime": "requirements.lock", "demo": "requirements-demo.lock", "dev": "requirements-dev.lock"}
TARGETS = {
    name
    for name in re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split()
    if not name.startswith("venv-")
}


def pins(level: str) -> dict[str, str]:
    """Name to pinned version of one lock."""
    text = (ROOT / LOCKS[level]).read_text()
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=env | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def imported(folder: Path) -> set[str]:
    """The first names of everything that the modules of a folder import from elsewhere."""
    nodes = [node for file in folder.rglob("*.py") for node in ast.walk(ast.parse(file.read_text()))]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    dotted = {
        node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
    return {name.partition(".")[0] for name in plain | dotted}


class TestMake:
    def test_alone_lists_every_target_with_a_sentence(self) -> None:
        shown = run("make")
        listed = dict(re.findall(r"^  make (\S+) +(\S.*)$", shown.stdout, re.MULTILINE))
        assert shown.returncode == 0
        assert listed.keys() == TARGETS

    def test_offers_what_the_readme_and_ci_promise(self) -> None:
        assert {"setup", "demo", "test", "check", "lint", "types", "bench", "kafka", "help"} <= TARGETS

    def test_hands_the_options_of_the_demo_on(self) -> None:
        shown = run("make", "-n", "demo", "KAFKA=real", "DATA=my file.csv").stdout
        assert '-m devkit.demo --kafka "real" --data "my file.csv"' in shown

    def test_check_requires_a_real_kafka_and_runs_every_other_check_first(self) -> None:
        shown = run("make", "-n", "check").stdout
        assert [
            word for word in ("ruff check", "ruff format", "mypy", "lint-imports") if word not in shown
        ] == []
        assert (
            shown.rstrip().splitlines()[-1].startswith("HOLDFAST_REQUIRE_KAFKA=1 .venv/bin/python -m pytest")
        )

    def test_is_what_every_git_hook_calls(self) -> None:
        hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
        assert {hook["entry"] for hook in hooks} <= {f"make {target}" for target in TARGETS}

    def test_is_what_ci_ends_with(self) -> None:
        script = ROOT / ".ci" / "run"
        assert os.access(script, os.X_OK)
        assert script.read_text().rstrip().splitlines()[-1] == "make check"


class TestCI:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        """A project whose `make` only says what it was told of the data."""
        (tmp_path / "project" / ".ci").mkdir(parents=True)
        shutil.copy(ROOT / ".ci" / "run", tmp_path / "project" / ".ci")
        (tmp_path / "bin").mkdir()
        for tool in ("make", "java", "mvn", "python3"):
            fake = tmp_path / "bin" / tool
            says = 'echo "required: ${HOLDFAST_REQUIRE_DATA:-no}"' if tool == "make" else ":"
            fake.write_text(f"#!/bin/sh\n{says}\n")
            fake.chmod(0o755)
        return tmp_path / "project"

    def ci(self, project: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        path = f"{project.parent / 'bin'}:{os.environ['PATH']}"
        given = {"HOLDFAST_DATA": "", "HOLDFAST_REQUIRE_DATA": "", "PATH": path} | environment
        return run(project / ".ci" / "run", cwd=project, **given)

    def test_requires_the_history_where_there_is_a_place_for_it(self, project: Path) -> None:
        (project.parent / "shared").mkdir()
        assert self.ci(project).stdout == "required: 1\n"

    def test_requires_the_history_where_its_folder_is_named(self, project: Path) -> None:
        assert self.ci(project, HOLDFAST_DATA="elsewhere").stdout == "required: 1\n"

    def test_says_so_where_the_proof_on_a_history_is_skipped(self, project: Path) -> None:
        told = self.ci(project)
        assert told.stdout == "required: no\n"
        assert "the proof on a real history is skipped" in told.stderr


class TestTheLocks:
    @pytest.mark.parametrize("level", LOCKS)
    def test_name_no_host_and_no_path(self, level: str) -> None:
        text = (ROOT / LOCKS[level]).read_text()
        assert not re.search(r"/|@|index-url|find-links|trusted-host", text)

    @pytest.mark.parametrize("level", LOCKS)
    def test_pin_every_package_with_hashes(self, level: str) -> None:
        entries = re.split(r"\n(?=\S)", (ROOT / LOCKS[level]).read_text().strip())
        assert entries
        assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []

    def test_contain_one_another_with_the_same_pins(self) -> None:
        assert pins("runtime").items() <= pins("demo").items() <= pins("dev").items()
        assert len(pins("runtime")) < len(pins("demo")) < len(pins("dev"))

    def test_fit_the_project_file(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())
        groups = project["dependency-groups"]
        asked = {
            "runtime": project["project"]["dependencies"],
            "demo": groups["embedded"],
            "dev": [line for line in groups["dev"] if isinstance(line, str)],
        }
        for level, lines in asked.items():
            for requirement in map(Requirement, lines):
                assert requirement.specifier.contains(pins(level)[requirement.name]), requirement

    @pytest.mark.parametrize("package", ["agents", "streams"])
    def test_hold_what_is_deployed_imports(self, package: str) -> None:
        named = {canonicalize_name(name) for name in pins("runtime")}
        distributions = packages_distributions()
        for root in imported(ROOT / package) - sys.stdlib_module_names - {"agents", "streams"}:
            assert named & {canonicalize_name(name) for name in distributions[root]}, root


class TestTheEnvironmentScript:
    @pytest.fixture
    def bare(self, tmp_path: Path) -> Path:
        """A machine with the few tools of POSIX that the script needs, and no Python."""
        (tmp_path / "bin").mkdir()
        for tool in ("sh", "dirname", "cmp", "cp", "rm"):
            (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
        project = tmp_path / "project"
        (project / "devkit").mkdir(parents=True)
        shutil.copy(ROOT / "devkit" / "venv.sh", project / "devkit")
        for lock in LOCKS.values():
            shutil.copy(ROOT / lock, project)
        return project

    def bring(self, project: Path, level: str) -> subprocess.CompletedProcess[str]:
        path = str(project.parent / "bin")
        return run(f"{path}/sh", "devkit/venv.sh", level, cwd=project, PATH=path, PYTHON="")

    def python(self, project: Path, script: str, name: str = "python3") -> None:
        fake = project.parent / "bin" / name
        fake.write_text(f"#!{shutil.which('sh')}\n{script}\n")
        fake.chmod(0o755)

    def test_says_what_is_missing_where_there_is_no_python(self, bare: Path) -> None:
        told = self.bring(bare, "demo")
        assert told.returncode == 1
        assert "needs Python 3.11 or newer, and found none" in told.stderr

    def test_passes_over_a_python_that_is_too_old_or_only_a_shim(self, bare: Path) -> None:
        self.python(bare, "exit 127", "python3.13")
        self.python(bare, "exit 1")
        assert "found none" in self.bring(bare, "demo").stderr

    def test_names_the_package_where_python_cannot_make_environments(self, bare: Path) -> None:
        self.python(bare, 'case "$2" in *ensurepip*) exit 1 ;; esac')
        told = self.bring(bare, "demo")
        assert told.returncode == 1
        assert "python3-venv" in told.stderr

    def test_does_nothing_when_a_larger_lock_is_installed_and_unchanged(self, bare: Path) -> None:
        (bare / ".venv" / "bin").mkdir(parents=True)
        (bare / ".venv" / "bin" / "python").symlink_to(sys.executable)
        shutil.copy(bare / LOCKS["dev"], bare / ".venv" / "holdfast-dev.lock")
        for level in LOCKS:
            quiet = self.bring(bare, level)
            assert (quiet.returncode, quiet.stderr) == (0, "")

    def test_knows_no_other_level(self, bare: Path) -> None:
        assert "usage" in self.bring(bare, "everything").stderr


class TestTheRulesOfStreams:
    @pytest.mark.parametrize(
        "line",
        [
            "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)",
            "import time\n\nNOW = time.time()",
            "import random\n\nCHANCE = random.random()",
            "import os\n\nHOME = os.environ",
            'print("heard")',
            'open("file")',
        ],
    )
    def test_refuse_a_clock_chance_and_the_world(self, line: str) -> None:
        checked = subprocess.run(
            [
                sys.executable,
                "-m",
                "ruff",
                "check",
                "--output-format=concise",
                "--stdin-filename=streams/new.py",
                "-",
            ],
            cwd=ROOT,
            input=f'"""New."""\n\n{line}\n',
            capture_output=True,
            text=True,
            check=False,
        )
        assert re.search(r"TID251|T201|PTH123", checked.stdout), checked.stdout
