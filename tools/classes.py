"""Classes of things of which one stands for all: disjoint sets, for the tables that are built."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable


class Classes:
    """Characters that are compared as one, made of pairs."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._parents: dict[str, str] = {}
        for left, right in pairs:
            self.join(left, right)

    def root(self, one: str) -> str:
        """One of the class of a character, the same for all of it."""
        while (parent := self._parents.setdefault(one, one)) != one:
            one = parent
        return one

    def join(self, left: str, right: str) -> None:
        """Make one class of those of both."""
        self._parents[self.root(right)] = self.root(left)

    def lists(self) -> list[list[str]]:
        """All classes."""
        found: dict[str, list[str]] = defaultdict(list)
        for one in self._parents:
            found[self.root(one)].append(one)
        return [sorted(members) for members in found.values()]
