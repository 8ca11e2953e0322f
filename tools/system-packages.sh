#!/bin/sh
# The one place that installs system packages: Debian and Ubuntu, and only where it may (as root, or passwordless sudo).
# Elsewhere it says what is missing and goes on: the suite skips what needs it, and tests/skips.txt lists those tests.
set -u
wanted="gcc libc6-dev bubblewrap"
missing=""
for package in $wanted; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "not a Debian system: please install by hand:$missing" >&2
    exit 0
fi
sudo=""
if [ "$(id -u)" -ne 0 ]; then
    if sudo -n true 2>/dev/null; then
        sudo="sudo"
    else
        echo "missing system packages:$missing (apt-get install$missing); going on without" >&2
        exit 0
    fi
fi
options="-o DPkg::Lock::Timeout=300 -qq"
$sudo apt-get $options update >/dev/null
# The word splitting of the two lists is wanted.
$sudo env DEBIAN_FRONTEND=noninteractive apt-get $options install -y --no-install-recommends $missing >/dev/null ||
    echo "could not install:$missing; going on without" >&2
