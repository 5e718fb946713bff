# shellcheck shell=bash
# How the checks of this folder that make environments of their own begin: each sources it in the root of the project.
# Gives `work`, a folder that goes when the check ends; `uv`, that of this machine or one in `work`; and what is below.
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
export UV_CACHE_DIR=${UV_CACHE_DIR:-${HOME:=$work}/.cache/uv} UV_NO_PROGRESS=1

say() { printf '\n== %s\n' "$*"; }

uv=$(command -v uv || true)
if [[ -z $uv ]]; then
    python3 -m venv "$work/uv"
    "$work/uv/bin/pip" install --quiet uv
    uv=$work/uv/bin/uv
fi

# Put the wheel of DEDUP_WHEEL, or a new one, into "$work/dist".
put_wheel() {
    if [[ -n ${DEDUP_WHEEL:-} ]]; then
        mkdir "$work/dist"
        cp "$DEDUP_WHEEL" "$work/dist"
    else
        "$uv" build --quiet --wheel --out-dir "$work/dist" .
    fi
}

# The path of a Python of this machine, of version $1; nothing where there is none.
python_here() {
    local path
    for path in "$(command -v "python$1" || true)" "$HOME"/.pyenv/versions/"$1"*/bin/python; do
        if [[ -x $path && $("$path" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) == "$1" ]]; then
            echo "$path"
            return
        fi
    done
}
