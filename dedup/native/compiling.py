"""Compiles the kernels into shared libraries: when a package is built, not when it runs.

In: `dedup.kernels`. Out: in a folder, a library for each level of this kind of processor, and what `calling` needs to
know of their kernels. Takes a minute of processor time, in two processes. numba translates the kernels, LLVM optimises
all of them at once, and a C compiler adds `calls.c`: the system's, or Zig's where it has none. The libraries need no
numba, and no certain version of Python or numpy.

    python -m dedup.native.compiling FOLDER
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from dedup.native import calling, signatures
from dedup.native.signatures import Fields, Items

LEVELS = {"x86_64": ("x86-64-v2", "x86-64-v3")}
"""LLVM's names of processors that libraries are compiled for, the least first; `generic` for kinds not named here."""
NUMBA = {"DEDUP_JIT": "uncached", "NUMBA_OPT": "0", "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
"""What numba is told: all kernels are optimised later, together, and for other processors than this one."""
SHARES = 2
"""Processes; the same everywhere, so that the same libraries come out."""
FLAGS = ("-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror", "-s")

Words: TypeAlias = dict[str, tuple[str, str]]
"""What each kernel takes and returns, as `calls.c` reads it."""


def main(folder: Path) -> None:
    """Compile all, unless it is there.

    Args:
        folder: Where to put the libraries and the notes.

    Raises:
        subprocess.CalledProcessError: The C compiler failed.
    """
    levels = LEVELS.get(calling.machine(), ("generic",))
    there = all((folder / calling.library_name(level)).exists() for level in levels)
    if there and calling.noted(folder).get("source") == calling.source():
        return
    with tempfile.TemporaryDirectory() as work:
        words, parts = _translated()
        for level in levels:
            made = Path(work) / f"{level}.o"
            made.write_bytes(_optimised(parts, words, level))
            _link(made, level, folder / calling.library_name(level))
    notes = {"source": calling.source(), "levels": levels, "kernels": words}
    (folder / calling.NOTES).write_text(json.dumps(notes, indent=1) + "\n", "utf-8")


# --- from Python to LLVM ------------------------------------------------------------------------------------------


def _translated() -> tuple[Words, list[bytes]]:
    """The words of all kernels, and the kernels in LLVM's language; several processes share them out."""
    os.environ.update(NUMBA)  # read when numba is imported
    with ProcessPoolExecutor(SHARES, mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(_translate, range(SHARES), repeat(SHARES)))
    return dict(sorted(one for words, _ in parts for one in words.items())), [code for _, code in parts]


def _translate(share: int, shares: int) -> tuple[Words, bytes]:
    """A share of the kernels: such as stand side by side, for these call the same ones."""
    from dedup import kernels

    entries = [made for made in vars(kernels).values() if signatures.annotated(getattr(made, "py_func", None))]
    made = [_one(kernel) for kernel in entries[len(entries) * share // shares : len(entries) * (share + 1) // shares]]
    return {name: words for name, words, _ in made}, _linked(code for _, _, code in made).as_bitcode()


def _one(kernel: Any) -> tuple[str, tuple[str, str], bytes]:
    """The name of a kernel, its words, and the code of it and all it calls."""
    from numba.core.compiler import Flags, compile_extra
    from numba.core.registry import cpu_target

    name, taken = kernel.py_func.__name__, signatures.takes(kernel.py_func)
    flags, context = Flags(), cpu_target.target_context
    flags.nrt = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    if "fastmath" in kernel.targetoptions:
        flags.fastmath = kernel.targetoptions["fastmath"]
    types = tuple(map(_numba_type, taken))
    made = compile_extra(cpu_target.typing_context, context, kernel.py_func, types, None, flags, {})
    called = context.call_conv.get_function_type(made.signature.return_type, made.fndesc.argtypes)
    starter = _from_slots(name, made.fndesc.llvm_func_name, called.args[2:])
    code = _linked([made.library._final_module.as_bitcode(), starter])  # noqa: SLF001 - numba shows it as text only
    return name, (signatures.word(taken), _returned(made.signature.return_type)), code.as_bitcode()


def _numba_type(one: Any) -> Any:
    """A type as numba has it."""
    from numba import from_dtype, types

    if isinstance(one, Items):
        return types.Array(from_dtype(np.dtype(one.letter)), one.dimensions, "C", readonly=not one.written)
    if isinstance(one, Fields):
        fields = tuple(map(_numba_type, one.types))
        return types.NamedTuple(fields, one.made_by) if one.made_by else types.Tuple(fields)
    return {"i": types.int64, "u": types.uint64, "d": types.float64, "b": types.boolean}[one]


def _returned(kind: Any) -> str:
    """What a kernel returns, as a word."""
    from numba import types

    if isinstance(kind, types.BaseTuple):
        return f"({''.join(map(_returned, kind.types))})"
    if isinstance(kind, types.Array):
        return f"{signatures.letter(np.dtype(str(kind.dtype)))}{kind.ndim}w"
    return {types.none: "-", types.int64: "i", types.uint64: "u", types.float64: "d", types.boolean: "b"}[kind]


def _from_slots(name: str, kernel: str, kinds: tuple[Any, ...]) -> bytes:
    """A function that finds a kernel's arguments in slots of 64 bits, as `calls.c` puts them there."""
    from llvmlite import binding

    types = [_llvm(kind) for kind in kinds]
    declared = ", ".join(["ptr", "ptr", *types])
    given = ", ".join(["ptr %result", "ptr %problem", *(f"{kind} %a{k}" for k, kind in enumerate(types))])
    body = "\n".join(f"{_loaded(k, kind)}" for k, kind in enumerate(types))
    return binding.parse_assembly(
        f"""declare i32 @"{kernel}"({declared})
define i32 @{calling.PREFIX}{name}(ptr %slots, ptr %result, ptr %problem) {{
{body}
%status = call i32 @"{kernel}"({given})
ret i32 %status
}}"""
    ).as_bitcode()


def _llvm(kind: Any) -> str:
    """What LLVM calls a type, as numba writes it down."""
    text = str(kind)
    return "ptr" if text.endswith("*") else text


def _loaded(k: int, kind: str) -> str:
    """A slot as an argument: what is narrower than a slot, but for floating point, is its lower bits."""
    return f"%p{k} = getelementptr i64, ptr %slots, i64 {k}\n%a{k} = load {kind}, ptr %p{k}"


# --- from LLVM to machine code ------------------------------------------------------------------------------------


def _linked(codes: Iterable[bytes]) -> Any:
    """One module of several."""
    from llvmlite import binding

    first, *others = (binding.parse_bitcode(code) for code in codes)
    for other in others:
        first.link_in(other)
    return first


def _optimised(parts: list[bytes], words: Words, level: str) -> bytes:
    """An object file of all kernels, for a level of processors; only what starts them is seen from outside."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    shown = {f"{calling.PREFIX}{name}" for name in words}
    whole = _linked(parts)
    for thing in (*whole.functions, *whole.global_variables):
        if not thing.is_declaration and thing.name not in shown:
            thing.linkage = "internal"
    target = binding.Target.from_default_triple()
    machine = target.create_target_machine(cpu=level, opt=3, reloc="pic", codemodel="default")
    for speed in (
        1,
        3,
    ):  # counts of references that cancel out can be seen when calls are inlined, and then be left out
        tuning = binding.create_pipeline_tuning_options(speed_level=speed)
        builder = binding.create_pass_builder(machine, tuning)
        passes = builder.getModulePassManager()
        passes.add_refprune_pass()
        passes.run(whole, builder)
    return bytes(machine.emit_object(whole))


def _link(kernels: Path, level: str, library: Path) -> None:
    """Add what Python calls, and make it a library."""
    found = shutil.which("cc")
    compiler = [found] if found else [sys.executable, "-m", "ziglang", "cc"]
    named = [f'-DLEVEL="{level}"'] if level != "generic" else []
    calls = str(calling.FOLDER / "calls.c")
    subprocess.run([*compiler, *FLAGS, *named, "-o", str(library), calls, str(kernels), "-lm"], check=True)  # noqa: S603


if __name__ == "__main__":
    main(Path(sys.argv[1]))
