"""What any bytes may do to the readers, to stores and to texts: coverage-guided fuzzing with atheris.

`python -m tests.fuzz --seconds 300` shares the time among all targets and fails on a find, which it keeps in a file;
`python -m tests.fuzz --replay TARGET FILE` shows what it does. A find is any exception that is no `DedupError`, a read
out of range, more memory than `ONE_TAKES`, or an input that takes longer than `SLOW`. A target is a row of `TARGETS`:
its first inputs are made by the generators of the tests, none is kept here. `edits` says how a store is changed.
"""
