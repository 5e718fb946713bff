"""`dedup warmup`: what else the first run would do, done now, for an image or a slow machine.

In: nothing. Out: on the standard output where compiled kernels lie. A package from a wheel came with them, and there is
nothing to do; without, they are compiled into the installation, which takes a minute, numba and a C compiler.
"""

from __future__ import annotations

import subprocess

import click

from dedup.cli import console
from dedup.errors import FileError
from dedup.native import calling


@click.command()
def warmup() -> None:
    """Compile what is not compiled yet, and say where it is.

    Run it when an image is built, as the user who owns the installation: afterwards nothing is compiled, whoever runs
    it and whether anything can be written.
    """
    console.prepare_process()
    with console.failures():
        if not calling.kernels():
            console.remark("Compiling kernels: a minute of processor time")
            _compile()
        for library in calling.libraries(calling.noted(calling.FOLDER)):
            click.echo(library)


def _compile() -> None:
    """Put the libraries beside the code that loads them."""
    from dedup.native import compiling  # noqa: PLC0415 - what runs needs no compiler

    try:
        compiling.main(calling.FOLDER)
    except (OSError, subprocess.CalledProcessError) as error:
        raise FileError(f"kernels cannot be compiled into {str(calling.FOLDER)!r}: {error}") from error
