"""How docstrings are shown: types once, names in backticks as links, and nothing taken for what it is not."""

from __future__ import annotations

import builtins
import re
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.domains.python import PythonDomain

ARRAY = re.compile(r"~?numpy\.ndarray\[~?tuple\[~?(?:typing\.)?Any, \.\.\.\], ~?numpy\.dtype\[~?numpy\.(\w+)\]\]")
FIELD_NUMBER = re.compile(r"Alias for field number \d+")


def without(_: Sphinx, what: str, __: str, thing: Any, ___: Any, signature: str | None, ____: Any) -> Any:
    """No signature where the docstring of a class tells nothing of its arguments: its attributes say the same."""
    return ("", "") if signature and what == "class" and "Args:" not in (thing.__doc__ or "") else None


def as_it_stands(_: Sphinx, what: str, __: str, ___: Any, ____: Any, lines: list[str]) -> None:
    """The docstring of an attribute begins with no type before a colon, as napoleon has it, but with its shape."""
    if lines and FIELD_NUMBER.fullmatch(lines[0]):
        lines.clear()  # Python's own words for what has none
    if what in {"attribute", "data", "property"}:
        lines.insert(0, "\\ ")  # napoleon looks at the first line only; this one shows nothing


def short(text: str) -> str:
    """`NDArray[int64]`, as the code has it, for what Python makes of that."""
    return ARRAY.sub(r"NDArray[\1]", text)


def with_short_types(_: Sphinx, __: str, ___: str, ____: Any, _____: Any, lines: list[str]) -> None:
    """Of attributes, which napoleon has made fields."""
    lines[:] = map(short, lines)


class Short:
    """A directive of a Python name, with short types."""

    def run(self) -> list[nodes.Node]:
        """The signature is an argument, the type of an attribute an option."""
        self.arguments = list(map(short, self.arguments))
        self.options = {name: short(one) if isinstance(one, str) else one for name, one in self.options.items()}
        return super().run()  # type: ignore[misc]


def exactly(_: Sphinx, document: nodes.document) -> None:
    """A name is a link to what it names from where it stands, and never to another thing that ends like it."""
    for one in list(document.findall(pending_xref)):
        one.attributes.pop("refspecific", None)
        if one.get("reftype") == "class" and hasattr(builtins, one["reftarget"]):
            one.replace_self(nodes.Text(one["reftarget"]))  # `bytes` is no attribute of that name
    for text in list(document.findall(nodes.Text)):
        if text == " -- ":  # Sphinx's own, between a parameter and what is said of it
            text.parent.replace(text, nodes.Text(": "))


def plain(_: Sphinx, __: Any, lines: list[str]) -> None:
    """What a command says of itself is no markup: a `*` is one."""
    lines[:] = [line.replace("*", r"\*") for line in lines]


def setup(app: Sphinx) -> dict[str, Any]:
    """For Sphinx."""
    app.connect("autodoc-process-signature", without)
    app.connect("autodoc-process-docstring", as_it_stands, priority=400)  # before napoleon
    app.connect("autodoc-process-docstring", with_short_types, priority=600)
    for name, kind in PythonDomain.directives.items():
        app.add_directive_to_domain("py", name, type(kind.__name__, (Short, kind), {}), override=True)
    app.connect("doctree-read", exactly)
    app.connect("sphinx-click-process-description", plain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
