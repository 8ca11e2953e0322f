"""Landlock: which files a process and its descendants may touch, and nothing of the network or of other processes.

The rules only ever take rights away, need no privilege, and cannot be lifted again.  Source: the kernel's
Documentation/userspace-api/landlock.rst and uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import stat

from . import kernel

# LANDLOCK_ACCESS_FS_* bits by the ABI that brought them.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_FIRST = (1 << 13) - 1  # execute .. make_sym
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_MAKE_CHAR, _MAKE_SOCK, _MAKE_FIFO, _MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 10, 1 << 11

_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_READING = _EXECUTE | _READ_FILE | _READ_DIR
_BIND_TCP_CONNECT_TCP = 3  # ABI 4
_SCOPE_ABSTRACT_UNIX_AND_SIGNAL = 3  # ABI 6
_RULE_PATH_BENEATH = 1


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def abi() -> int:
    """Version of the interface that this kernel speaks; 0 when there is none."""
    try:
        return kernel.syscall("landlock_create_ruleset", None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def ruleset(reads: list[str], writes: list[str]) -> int:
    """A rule set as a descriptor for `enforce`; paths that do not exist are left out.

    reads: files and folders to read and execute.  writes: those in which files may be made, changed and removed too.
    OSError when Landlock is absent.
    """
    version = abi()
    if version < 1:
        raise OSError("landlock: not offered by this kernel")
    handled = _FIRST | (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    handled |= _IOCTL_DEV if version >= 5 else 0
    net = _BIND_TCP_CONNECT_TCP if version >= 4 else 0
    scoped = _SCOPE_ABSTRACT_UNIX_AND_SIGNAL if version >= 6 else 0
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = _Ruleset(handled, net, scoped)
    fd = kernel.syscall("landlock_create_ruleset", ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    writing = handled & ~(_MAKE_CHAR | _MAKE_BLOCK | _MAKE_SOCK | _MAKE_FIFO)
    for path in reads:
        _allow(fd, path, _READING & handled)
    for path in writes:
        _allow(fd, path, writing)
    return fd


def _allow(ruleset_fd: int, path: str, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # nothing there: nothing to allow
    try:
        mode = os.fstat(parent).st_mode
        if stat.S_ISCHR(mode):
            rights |= _WRITE_FILE  # /dev/null and its like; the list is ours
        allowed = rights if stat.S_ISDIR(mode) else rights & _ON_FILES
        rule = _PathBeneath(allowed, parent)
        kernel.syscall(
            "landlock_add_rule", ctypes.c_int(ruleset_fd), ctypes.c_int(_RULE_PATH_BENEATH), ctypes.byref(rule),
            ctypes.c_uint32(0),
        )  # fmt: skip
    finally:
        os.close(parent)


def enforce(ruleset_fd: int) -> None:
    """Confine this process from now on.  Needs no_new_privs."""
    kernel.syscall("landlock_restrict_self", ctypes.c_int(ruleset_fd), ctypes.c_uint32(0))
    os.close(ruleset_fd)
