#!/usr/bin/env bash
# wordllama 0.4.0.post1 ships its weights and its tokenizer, and `WordLlama.load()` finds the weights alone: it looks for the
# tokenizer in a folder `tokenizer` of the package, which has it in `tokenizers`. Without a network it fails, and
# with `disable_download=True` it says that the file is not there. With the package's own folder as `cache_dir`, for a cache
# has a folder `tokenizers`, the shipped files are enough. Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'wordllama==0.4.0.post1' 'tokenizers==0.23.3' 'safetensors==0.8.0' 2>"$work/pip.log" ||
    { cat "$work/pip.log"; exit 1; }
HOME=$work "$work/venv/bin/python" - 2>"$work/log" <<'PYTHON' || { cat "$work/log"; exit 1; }
import sys
from importlib.metadata import version
from pathlib import Path

import wordllama

print("wordllama", version("wordllama"), "on Python", sys.version.split()[0])
package = Path(wordllama.__file__).parent
for file in sorted([*package.glob("weights/*.safetensors"), *package.glob("tokenizer*/*.json")]):
    print("shipped:", file.relative_to(package))
try:
    wordllama.WordLlama.load(disable_download=True)
except FileNotFoundError as error:
    said = str(error)
    print("load(disable_download=True):", said)
else:
    sys.exit("load() finds it")
model = wordllama.WordLlama.load(cache_dir=package, disable_download=True)
vectors = model.embed(["a pot of tea", "tea in a pot"], norm=True)
print("load(cache_dir=its own folder):", vectors.shape, f"cosine {vectors[0] @ vectors[1]:.2f}")
sys.exit(not ("l2_supercat_tokenizer_config.json" in said and vectors.shape == (2, 256)))
PYTHON
