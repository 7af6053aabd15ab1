#!/bin/sh
# Makes .venv with the pinned dependencies of requirements/$1.txt and the project itself (editable). `dev` makes what
# tests need besides; `airflow` and `cluster` make environments of their own for the tests that drive Airflow and Ray,
# `docs` one for what builds the documentation, `chart` one with Helm.
set -eu
what=$1
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Windvane needs Python 3.11 or newer; '$python' is $("$python" --version 2>&1). Set PYTHON to another one." >&2
    exit 2
}

has_apt() { command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; }

make_venv() { "$python" -m venv "$1" >/dev/null 2>&1; }

ready_venv() {
    if [ -x "$1/bin/python" ] && "$1/bin/python" -m pip --version >/dev/null 2>&1; then
        return
    fi
    if ! make_venv "$1"; then
        # Debian ships python3 without ensurepip.
        if has_apt; then
            apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
        fi
        rm -rf "$1"
        make_venv "$1" || { echo "'$python -m venv' fails; install your distribution's python3-venv package." >&2; exit 2; }
    fi
}

install() { folder=$1; shift; "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }

# Wheels alone, each file's SHA-256 in the lock: whatever an index serves in its place is refused.
install_locked() {
    folder=$1; shift
    for lock in "$@"; do set -- "$@" -r "requirements/$lock.txt"; shift; done
    install "$folder" --require-hashes --only-binary :all: "$@"
}

if [ "$what" = airflow ] || [ "$what" = chart ] || [ "$what" = docs ]; then
    ready_venv ".venv/$what"
    install_locked ".venv/$what" build # a pip that understands an extra of a package that is pinned without it
    install_locked ".venv/$what" "$what"
    touch ".venv/.$what"
    exit
fi

if [ "$what" = cluster ]; then
    ready_venv .venv/cluster
    install_locked .venv/cluster cluster
    # All else is in .venv already.
    folder='import sysconfig; print(sysconfig.get_path("purelib"))'
    { pwd; .venv/bin/python -c "$folder"; } > "$(.venv/cluster/bin/python -c "$folder")/windvane.pth"
    printf '#!%s\nimport sys\nfrom windvane.cli.main import main\nsys.exit(main())\n' "$(pwd)/.venv/cluster/bin/python" \
        > .venv/cluster/bin/windvane
    chmod +x .venv/cluster/bin/windvane
    touch .venv/.cluster
    exit
fi

ready_venv .venv

# The resource classes of version 3 of the SageMaker SDK cannot live beside version 2. Their environment is made meanwhile.
sdk3=
if [ "$what" = dev ]; then
    ready_venv .venv/sdk3
    install_locked .venv/sdk3 sdk3 &
    sdk3=$!
fi
install_locked .venv build "$what"
install .venv --no-deps --no-build-isolation --no-index --editable .

if [ "$what" = dev ]; then
    # PyTorch, an extra that tests use, is in no lock: its builds have other files, sums and parts on every machine (a
    # build for the processor alone may lie on its disk). It is the one package that a set-up takes without a sum.
    install .venv -r requirements/torch.txt
    wait "$sdk3"

    # Version 2 of the AWS CLI is in no index. Tests that need it are skipped, and named, where it is missing.
    if ! { aws --version; /usr/bin/aws --version; } 2>&1 | grep -q '^aws-cli/2' && has_apt; then
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends awscli; } \
            >/dev/null || echo "apt-get cannot install awscli: tests of the AWS CLI 2 will be skipped." >&2
    fi

    # The console shows requests as commands of curl; tests run them.
    if ! command -v curl >/dev/null 2>&1 && has_apt; then
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends curl; } \
            >/dev/null || echo "apt-get cannot install curl: a test of requests as code will be skipped." >&2
    fi

    # Hosts of tests are network namespaces.
    if ! command -v ip >/dev/null 2>&1 && has_apt; then
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends iproute2; } \
            >/dev/null || echo "apt-get cannot install iproute2: tests of several hosts will be skipped." >&2
    fi

    # Tests of the console drive the distribution's Chromium. Without it they are skipped, and named; in CI they fail.
    if ! .venv/bin/python -m benchmarks.chromium >/dev/null 2>&1 && has_apt; then
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } \
            >/dev/null || echo "apt-get cannot install chromium: tests of the console in a browser will be skipped." >&2
    fi
fi

# LightGBM loads the system's OpenMP library.
if ! .venv/bin/python -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null; then
    if has_apt; then
        apt-get update -qq && apt-get install -y -qq libgomp1 >/dev/null
    else
        echo "libgomp.so.1 is missing; install your distribution's libgomp1 package." >&2
        exit 2
    fi
fi

touch .venv/.core
[ "$what" = core ] || touch .venv/.dev
