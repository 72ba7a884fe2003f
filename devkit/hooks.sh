#!/bin/sh
# Installs the git hooks of .pre-commit-config.yaml, where that makes sense, and says so where it does not.
set -eu
cd "$(dirname "$0")/.."

if [ -n "${CI:-}" ]; then
    echo "CI: no git hooks"
elif [ "$(git rev-parse --show-toplevel 2> /dev/null || true)" != "$(pwd -P)" ]; then
    echo "Not the root of a git clone: no git hooks"
elif [ -n "$(git config core.hooksPath || true)" ]; then
    echo "This clone has a core.hooksPath of its own: no git hooks"
else
    .venv/bin/pre-commit install --install-hooks
fi
