"""What a number was measured on, and the CPU time of a process."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
LIBRARIES = ("faust-streaming", "aiokafka", "msgspec")
_UTIME, _STIME = 11, 12
"""Their places in /proc/PID/stat after the command's name, which may itself hold spaces."""


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, all its threads, user and system (Linux only)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_UTIME]) + int(fields[_STIME])) / TICKS


def resident_mib(pid: int) -> float:
    """Resident memory of a process, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def resident_bytes() -> int:
    """Resident memory of this process."""
    return round(resident_mib(os.getpid()) * 2**20)


def descriptors(pid: int) -> int:
    """How many files and sockets a process has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def describe() -> dict[str, Any]:
    """Describe the machine, the versions, and how busy others keep it at this moment."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_before": round(os.getloadavg()[0], 2),
        "commit": _commit(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _commit() -> str:
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"
