"""The file system that a sandboxed process sees: an empty root with only what its policy names, made of bind mounts.

Runs in a fresh mount namespace, in the process that will not run foreign code, with the right to mount (root, or the
owner of a fresh user namespace).  Needs open_tree and mount_setattr (Linux 5.12); OSError otherwise, and the caller
goes on without this layer.
"""

from __future__ import annotations

import os
import stat

from . import kernel

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_STAGE = "/usr"  # any folder that exists everywhere; hidden by our tmpfs in this namespace only


def build(reads: list[str], writes: list[str], *, scratch: int, proc: bool) -> None:
    """Enter the new root.

    reads, writes: absolute paths.  scratch: bytes of a private /tmp, 0 for none.  proc: mount /proc (of the pid
    namespace of this process) where the kernel permits it.
    """
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    links, places = _resolve([*DEVICES, *reads], writes)
    trees = {path: kernel.clone_tree(path, read_only=path not in writes) for path in places}
    kernel.mount("accelcore", _STAGE, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755,size=1m")
    try:
        _populate(trees, links, scratch=scratch, proc=proc)
    except OSError:
        kernel.detach(_STAGE)
        raise
    os.chdir(_STAGE)
    kernel.syscall("pivot_root", b".", b".")  # stacks the old root on the new one, then takes it off
    kernel.detach(".")
    os.chdir("/")


def _populate(trees: dict[str, int], links: dict[str, str], *, scratch: int, proc: bool) -> None:
    """Fill the staged root, then make it read-only; the trees keep their own modes."""
    if scratch:
        os.mkdir(_STAGE + "/tmp")
        options = f"mode=1777,size={scratch},nr_inodes=4096"
        kernel.mount("scratch", _STAGE + "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
    for path, tree in trees.items():
        _place(_STAGE + path, directory=stat.S_ISDIR(os.fstat(tree).st_mode))
        kernel.attach_tree(tree, _STAGE + path)
    for link, target in links.items():
        if not os.path.lexists(_STAGE + link):
            os.makedirs(os.path.dirname(_STAGE + link), exist_ok=True)
            os.symlink(target, _STAGE + link)
    if proc:
        _mount_proc(_STAGE + "/proc")
    flags = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("none", _STAGE, None, flags)


def _resolve(reads: list[str], writes: list[str]) -> tuple[dict[str, str], list[str]]:
    """Symbolic links to recreate, and real paths to bind, parents first and without those inside a parent."""
    links: dict[str, str] = {}
    real: set[str] = set()
    for path in (*reads, *writes):
        if os.path.exists(path):
            _follow(os.path.abspath(path), links)
            real.add(os.path.realpath(path))
    places: list[str] = []
    for path in sorted(real):
        inside = any(path == p or path.startswith(p + "/") for p in places)
        if not inside or path in writes:
            places.append(path)
    return links, places


def _follow(path: str, links: dict[str, str]) -> None:
    """Record the first symbolic link on the way to `path`, then those on the way from there."""
    parts = path.split("/")
    for at in range(2, len(parts) + 1):
        prefix = "/".join(parts[:at])
        if os.path.islink(prefix):
            target = os.path.join(os.path.dirname(prefix), os.readlink(prefix))
            links.setdefault(prefix, os.path.normpath(target))
            _follow(os.path.normpath("/".join([target, *parts[at:]])), links)
            return


def _place(path: str, *, directory: bool) -> None:
    """An empty mount point, unless a bind mount of a parent already shows one."""
    if os.path.lexists(path):
        return
    os.makedirs(path if directory else os.path.dirname(path), exist_ok=True)
    if not directory:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def _mount_proc(path: str) -> None:
    os.makedirs(path, exist_ok=True)
    try:
        kernel.mount("proc", path, "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    except OSError:
        os.rmdir(path)  # containers mask /proc, and a masked one may not be mounted anew: go without
