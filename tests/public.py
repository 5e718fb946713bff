"""What is public: the names of the package's front rooms and of its lower layer, read from the modules themselves."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
from types import ModuleType
from typing import Any, NamedTuple

import dedup
from dedup import integrations
from dedup.errors import MissingExtraError


class Name(NamedTuple):
    """A public name."""

    name: str
    """With its module, as it is imported."""
    module: ModuleType
    thing: Any

    @property
    def home(self) -> str:
        """Where it is defined; several modules may export it."""
        return f"{getattr(self.thing, '__module__', self.module.__name__)}.{self.name.rpartition('.')[2]}"


def upper() -> list[ModuleType]:
    """The package, its front rooms, and the frameworks that it is a part of."""
    rooms = ("dedup", "dedup.nightly", "dedup.index", "dedup.spark", "dedup.files", "dedup.errors", "dedup.events")
    frameworks = (f"{integrations.__name__}.{one.name}" for one in pkgutil.iter_modules(integrations.__path__))
    return list(filter(None, map(there, (*rooms, "dedup.report", *frameworks))))


def there(name: str) -> ModuleType | None:
    """A module; None where the extra that it needs is not installed."""
    try:
        return importlib.import_module(name)
    except MissingExtraError:
        assert not os.environ.get("CI"), f"the extra of {name} must be installed"
        return None


def lower() -> list[ModuleType]:
    """The modules that the package's docstring lists as its lower layer."""
    listed = re.findall(r"`(dedup\.(?:stages|evidence)\.\w+)`", dedup.__doc__ or "")
    return list(map(importlib.import_module, dict.fromkeys(listed)))


def exported(module: ModuleType) -> list[str]:
    """What a module says it exports, else the functions and classes that are defined in it."""
    own = [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and callable(thing) and getattr(thing, "__module__", "") == module.__name__
    ]
    return list(vars(module).get("__all__", own))


def names() -> list[Name]:
    """Every public name once; what only a type checker sees, protocols and aliases, is none."""
    found: dict[str, Name] = {}
    for module in (*upper(), *lower()):
        for name in exported(module):
            one = Name(f"{module.__name__}.{name}", module, getattr(module, name))
            if not getattr(one.thing, "_is_protocol", False) and not hasattr(one.thing, "__args__"):
                found.setdefault(one.home, one)
    return list(found.values())
