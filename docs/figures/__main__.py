"""Draw figures and say what is in them: `python docs/figures threshold weights`, or all of them without a name."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

from drawing import svg

HERE = Path(__file__).parent
NAMES = sorted({file.stem for file in HERE.glob("*.py")} - {"__main__", "corpora", "drawing", "tables"})


def main() -> None:
    """Write an SVG for each name, and print what it says."""
    parser = argparse.ArgumentParser(prog="python docs/figures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--out", type=Path, default=HERE, help="the folder to write to; else that of this file")
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(NAMES)):
        parser.error(f"no figure is called {unknown[0]!r}; there are {', '.join(NAMES)}")
    names = given.names or NAMES
    for name in names:
        figure, lines = import_module(name).draw()
        (given.out / f"{name}.svg").write_text(svg(figure), "utf-8")
        print(*lines, *([""] if name != names[-1] else []), sep="\n")  # a line between figures


if __name__ == "__main__":
    main()
