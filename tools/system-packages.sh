#!/bin/sh
# The one place that installs system packages: Debian and Ubuntu, and only where it may (as root, or passwordless sudo).
# Elsewhere it says what is missing and goes on: the suite skips what needs it, and tests/skips.txt lists those tests.
set -u
# A host compiler and a sandbox; a browser for the report's tests; the emulator and the C library that RISC-V programs are
# linked with.
wanted="gcc libc6-dev bubblewrap chromium qemu-user libc6-dev-riscv64-cross gcc-riscv64-linux-gnu
g++-riscv64-linux-gnu"
# LLVM cross-compiles for RISC-V vectors and models CPUs; the first of these versions that there is.
versions="22 21 20 19"

has() { dpkg -s "$1" >/dev/null 2>&1; }

missing=""
for package in $wanted; do
    has "$package" || missing="$missing $package"
done
llvm=""
for version in $versions; do
    has "clang-$version" && has "lld-$version" && has "llvm-$version" && llvm="$version" && break
done
[ -z "$missing" ] && [ -n "$llvm" ] && exit 0
[ -z "$llvm" ] && named="$missing clang lld llvm" || named="$missing"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "not a Debian system: please install by hand:$named" >&2
    exit 0
fi
sudo=""
if [ "$(id -u)" -ne 0 ]; then
    if sudo -n true 2>/dev/null; then
        sudo="sudo"
    else
        echo "missing system packages:$named (apt-get install$named); going on without" >&2
        exit 0
    fi
fi
options="-o DPkg::Lock::Timeout=300 -qq"
$sudo apt-get $options update >/dev/null
if [ -z "$llvm" ]; then
    for version in $versions; do
        if apt-cache show "clang-$version" "lld-$version" "llvm-$version" >/dev/null 2>&1; then
            missing="$missing clang-$version lld-$version llvm-$version"
            break
        fi
    done
fi
# The word splitting of the lists is wanted.
install() {
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get $options install -y --no-install-recommends "$@" >/dev/null
}
# All at once; where one of them cannot be had, the others one by one.
# shellcheck disable=SC2086
install $missing && exit 0
for package in $missing; do
    install "$package" || echo "could not install $package; going on without" >&2
done
exit 0
