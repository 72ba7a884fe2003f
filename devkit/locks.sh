#!/bin/sh
# Resolves pyproject.toml into the three locks: for all platforms, with hashes, and naming no host or path.
set -eu
cd "$(dirname "$0")/.."

if ! command -v uv > /dev/null; then
    echo "make locks needs uv (pip install uv); nothing else does" >&2
    exit 1
fi

# dev first, with what it already pins kept where pyproject.toml allows; the smaller ones take their pins from it
resolve() {
    lock=$1
    shift
    uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --output-file "$lock" "$@"
}
resolve requirements-dev.lock --group dev ${UPGRADE:+--upgrade}
resolve requirements-demo.lock --group embedded --constraint requirements-dev.lock
resolve requirements.lock --constraint requirements-dev.lock
