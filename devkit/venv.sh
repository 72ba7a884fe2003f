#!/bin/sh
# Gives .venv what a lock file names: `sh devkit/venv.sh runtime|demo|dev`. Does nothing, and quickly, when it has it already.
#
# The one thing that runs before there is a virtual environment: so POSIX sh, and nothing but a Python to start from.
# Everything is installed by its hash and from wheels only, so that no code of a package runs while it is installed.
set -eu
cd "$(dirname "$0")/.."

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

lock_of() {
    case $1 in
        runtime) echo requirements.lock ;;
        demo | dev) echo "requirements-$1.lock" ;;
        *) fail "usage: sh devkit/venv.sh runtime|demo|dev" ;;
    esac
}

# The stamp is a copy of the lock that was installed, made last: an interrupted install is no install.
has() {
    cmp -s "$(lock_of "$1")" ".venv/holdfast-$1.lock"
}

# dev contains demo contains runtime, with the same pins (a test holds this)
satisfied() {
    case $1 in
        runtime) has runtime || has demo || has dev ;;
        demo) has demo || has dev ;;
        dev) has dev ;;
    esac
}

# A name on the PATH may be a shim for a version that is not there, so each is asked and not only looked up.
find_python() {
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
            if "$candidate" -c 'import ensurepip, venv' 2> /dev/null; then
                echo "$candidate"
                return
            fi
            without_venv=$candidate
        fi
    done
    if [ -n "${without_venv:-}" ]; then
        fail "$without_venv cannot make virtual environments: its modules venv and ensurepip are missing." \
            "On Debian and Ubuntu they are the package python3-venv."
    fi
    fail "Holdfast needs Python 3.11 or newer, and found none (looked for: ${PYTHON:-python3.13 python3.12 python3.11 python3})." \
        "Install one, or name it: make PYTHON=/path/to/python3 …"
}

level=${1:-}
lock=$(lock_of "$level")
# a .venv whose Python was removed or upgraded away is no use to anybody
if .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
    if satisfied "$level"; then exit 0; fi
else
    python=$(find_python)
    echo "Making .venv with $("$python" --version)" >&2
    rm -rf .venv
    "$python" -m venv .venv
fi

echo "Installing $lock into .venv" >&2
.venv/bin/python -m pip --version > /dev/null 2>&1 || .venv/bin/python -m ensurepip > /dev/null
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all: -r "$lock"
cp "$lock" ".venv/holdfast-$level.lock"
