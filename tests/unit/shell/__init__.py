"""Tests of the shell: settings, command line, logs, metrics, topics."""
