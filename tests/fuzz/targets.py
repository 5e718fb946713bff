"""The table of what is fuzzed."""

from __future__ import annotations

from . import files, redis_values, stores, texts

TARGETS = files.TARGETS | stores.TARGETS | redis_values.TARGETS | texts.TARGETS
