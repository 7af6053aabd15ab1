#!/bin/sh
# Makes .venv with the pinned dependencies of requirements/$1.txt and the project itself (editable).
set -eu
what=$1
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Windvane needs Python 3.11 or newer; '$python' is $("$python" --version 2>&1). Set PYTHON to another one." >&2
    exit 2
}

make_venv() { "$python" -m venv .venv >/dev/null 2>&1; }

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    if ! make_venv; then
        # Debian ships python3 without ensurepip.
        if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
            apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
        fi
        rm -rf .venv
        make_venv || { echo "'$python -m venv' fails; install your distribution's python3-venv package." >&2; exit 2; }
    fi
fi

.venv/bin/python -m pip install --quiet --disable-pip-version-check -r "requirements/$what.txt" hatchling editables
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .

# PyTorch, an extra that tests use, is not in the lock: its builds have other names, and other parts, on every machine.
if [ "$what" = dev ]; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/torch.txt
fi

# LightGBM loads the system's OpenMP library.
if ! .venv/bin/python -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null; then
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        apt-get update -qq && apt-get install -y -qq libgomp1 >/dev/null
    else
        echo "libgomp.so.1 is missing; install your distribution's libgomp1 package." >&2
        exit 2
    fi
fi

touch .venv/.core
[ "$what" = core ] || touch .venv/.dev
