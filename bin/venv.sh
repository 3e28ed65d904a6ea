# Sourced by the commands beside it: makes .venv, and installs what a requirements file names when that has changed.

here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$here/.venv"

say() { printf '%s\n' "$*"; }
give_up() { printf '%s\n' "$*" >&2; exit 1; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local name
    for name in "${PYTHON:-}" python3.13 python3.12 python3.11 python3 python; do
        if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 && new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    return 1
}

# One at a time where flock(1) exists: two installers in one .venv spoil it.
one_at_a_time() {
    command -v flock >/dev/null 2>&1 || return 0
    exec 9<"$here/requirements.txt"
    flock -n 9 && return 0
    say "Another command is preparing .venv. Waiting for it."
    flock 9
}

make_venv() {
    if [ -x "$venv/bin/python" ] && new_enough "$venv/bin/python"; then return 0; fi
    local python
    python="$(find_python)" || give_up "Leitstand needs Python 3.11 or newer, and found $(python3 --version 2>/dev/null || echo none). Install one, or name it: PYTHON=/path/to/python3.11 $0"
    say "Making .venv with $("$python" --version)."
    "$python" -m venv --clear "$venv" || give_up "Python could not make .venv. On Debian and Ubuntu its venv module is a package of its own: apt-get install python3-venv"
}

fingerprint() { cat "$here"/requirements*.txt | cksum; "$venv/bin/python" --version; }

# install FILE: from that requirements file, unless exactly this has been installed already.
install() {
    local stamp="$venv/installed-$1" wanted
    one_at_a_time
    make_venv
    wanted="$(fingerprint)"
    if [ "$wanted" != "$(cat "$stamp" 2>/dev/null)" ]; then
        say "Installing what $1 names into .venv (the first time this takes about a minute)."
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -r "$here/$1" ||
            give_up "Installing has failed; pip says why above. Mostly it is the network: check it (behind a mirror or a proxy set PIP_INDEX_URL or HTTPS_PROXY), then run $0 again. To start afresh, delete $venv."
        printf '%s\n' "$wanted" >"$stamp"
    fi
    exec 9>&-
}
