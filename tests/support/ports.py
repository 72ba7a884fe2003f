"""Which ports a process listens on, from the kernel's own tables: what it says of itself may be wrong."""

from pathlib import Path

LISTENING = "0A"
IPV4_DIGITS = 8


def listening_ports(pid: int | str = "self") -> set[tuple[str, int]]:
    """Address and port of each listening TCP socket of a process."""
    sockets = _sockets(Path(f"/proc/{pid}/fd"))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            cells = line.split()
            if cells[3] == LISTENING and f"socket:[{cells[9]}]" in sockets:
                host, _, port = cells[1].partition(":")
                found.add((_readable(host), int(port, 16)))
    return found


def _sockets(folder: Path) -> set[str]:
    names = set()
    for link in folder.iterdir():
        try:
            names.add(link.readlink().name)
        except FileNotFoundError:
            continue  # closed since
    return names


def _readable(hexadecimal: str) -> str:
    if len(hexadecimal) > IPV4_DIGITS:
        return hexadecimal
    return ".".join(str(byte) for byte in reversed(bytes.fromhex(hexadecimal)))
