"""Tests that ask a Spark of several processes, all of them the same."""
