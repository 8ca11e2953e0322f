"""Linux system calls that Python does not offer, through ctypes.  Importing this needs no Linux.

Every function raises OSError with the kernel's error number.  Constants are from the kernel's uapi headers, named as
there.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from typing import Any

MACHINE = platform.machine()

# Numbers of the generic table (aarch64 and later ports; since Linux 5.1 new calls have one number everywhere).
_NEW = {
    "open_tree": 428,
    "move_mount": 429,
    "mount_setattr": 442,
    "landlock_create_ruleset": 444,
    "landlock_add_rule": 445,
    "landlock_restrict_self": 446,
}
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
MS_REC, MS_PRIVATE = 16384, 1 << 18
MNT_DETACH = 2
AT_FDCWD, AT_EMPTY_PATH, AT_RECURSIVE = -100, 0x1000, 0x8000
OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH = 1, 4
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID = 1, 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP = 1, 4, 22
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
SECCOMP_MODE_FILTER = 2

_libc: ctypes.CDLL | None = None


def libc() -> ctypes.CDLL:
    """The C library of this process."""
    global _libc
    if _libc is None:
        _libc = ctypes.CDLL(None, use_errno=True)
    return _libc


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(name: str, *args: object) -> int:
    """A call by number: `name` is one of those in this file."""
    number = _PIVOT_ROOT.get(MACHINE) if name == "pivot_root" else _NEW.get(name)
    if number is None:
        raise OSError(errno.ENOSYS, f"{name}: no number known on {MACHINE}")
    call = libc().syscall
    call.restype = ctypes.c_long
    return _checked(call(ctypes.c_long(number), *args), name)


def unshare(flags: int) -> None:
    """Move this process (for pid namespaces: its next children) into new namespaces."""
    _checked(_symbol("unshare")(flags), "unshare")


def prctl(option: int, argument: int = 0, *rest: object) -> None:
    """prctl(2)."""
    arguments = (ctypes.c_ulong(argument), *(rest or (ctypes.c_ulong(0),)))
    padding = (ctypes.c_ulong(0),) * (4 - len(arguments))
    _checked(_symbol("prctl")(ctypes.c_int(option), *arguments, *padding), "prctl")


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """mount(2)."""
    result = _symbol("mount")(
        source.encode(), target.encode(), kind.encode() if kind else None, ctypes.c_ulong(flags), data.encode()
    )
    _checked(result, f"mount on {target}")


def detach(target: str) -> None:
    """umount2(2) with MNT_DETACH."""
    _checked(_symbol("umount2")(target.encode(), MNT_DETACH), "umount2")


class _MountAttr(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns_fd"))


def clone_tree(path: str, *, read_only: bool) -> int:
    """A detached copy of the mounts at and below `path`, as a file descriptor."""
    flags = OPEN_TREE_CLONE | os.O_CLOEXEC | AT_RECURSIVE
    tree = syscall("open_tree", ctypes.c_int(AT_FDCWD), path.encode(), ctypes.c_uint(flags))
    attributes = _MountAttr(set=MOUNT_ATTR_NOSUID | (MOUNT_ATTR_RDONLY if read_only else 0))
    try:
        syscall(
            "mount_setattr", ctypes.c_int(tree), b"", ctypes.c_uint(AT_EMPTY_PATH | AT_RECURSIVE),
            ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)),
        )  # fmt: skip
    except OSError:
        os.close(tree)
        raise
    return tree


def attach_tree(tree: int, path: str) -> None:
    """Put a detached tree at `path`, and close its descriptor."""
    try:
        syscall(
            "move_mount", ctypes.c_int(tree), b"", ctypes.c_int(AT_FDCWD), path.encode(),
            ctypes.c_uint(MOVE_MOUNT_F_EMPTY_PATH),
        )  # fmt: skip
    finally:
        os.close(tree)


def drop_capabilities() -> None:
    """Give up all capabilities, for good where no_new_privs is on."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    _checked(_symbol("capset")(header, (ctypes.c_uint32 * 6)()), "capset")


def _symbol(name: str) -> Any:
    try:
        return getattr(libc(), name)
    except AttributeError:
        raise OSError(errno.ENOSYS, f"{name}: not on this system") from None
