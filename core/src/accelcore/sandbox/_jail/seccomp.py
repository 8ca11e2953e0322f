"""A seccomp filter: system calls that nothing in a sandbox needs are refused.

The list is of denials, because what a compiler or an interpreter needs differs from machine to machine.  Numbers are
from the kernel's unistd headers: (x86-64, aarch64), None where a machine lacks the call.  On other machines there is
no table and `install` raises OSError, so that the sandbox reports the layer as off.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

from . import kernel

Numbers = dict[str, tuple["int | None", "int | None"]]

PROCESSES: Numbers = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "kcmp": (312, 272), "pidfd_getfd": (438, 438), "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}  # fmt: skip
NAMESPACES: Numbers = {
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
}  # fmt: skip
MACHINE_WIDE: Numbers = {
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224),
    "swapoff": (168, 225), "acct": (163, 89), "quotactl": (179, 60), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266), "syslog": (103, 116),
    "vhangup": (153, 58), "personality": (135, 92), "modify_ldt": (154, None), "iopl": (172, None),
    "ioperm": (173, None), "lookup_dcookie": (212, 18), "sethostname": (170, 161), "setdomainname": (171, 162),
    "fanotify_init": (300, 262),
}  # fmt: skip
METADATA: Numbers = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None),
    "utimensat": (280, 88), "futimesat": (261, None), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "mknod": (133, None), "mknodat": (259, 33),
}  # fmt: skip
NETWORK: Numbers = {
    "socket": (41, 198), "socketpair": (53, 199), "bind": (49, 200), "connect": (42, 203), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    "recvfrom": (45, 207), "recvmsg": (47, 212), "recvmmsg": (299, 243),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "semget": (64, 190), "semop": (65, 193),
    "semtimedop": (220, 192), "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "mq_open": (240, 180),
}  # fmt: skip
FORKS: Numbers = {"fork": (57, None), "vfork": (58, None)}
PROGRAMS: Numbers = {"execve": (59, 221), "execveat": (322, 281)}
# What a computing kernel has no use for: handlers and timers that run code later, priorities, anonymous files.
DEFERRED: Numbers = {
    "rt_sigaction": (13, 134), "sigaltstack": (131, 132), "setitimer": (38, 103), "alarm": (37, None),
    "timer_create": (222, 107), "timer_settime": (223, 110), "timerfd_create": (283, 85), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "inotify_init": (253, None), "inotify_init1": (294, 26), "eventfd": (284, None),
    "eventfd2": (290, 19), "signalfd": (282, None), "signalfd4": (289, 74), "seccomp": (317, 277),
    "prctl": (157, 167), "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274), "sched_setparam": (142, 118), "setpriority": (141, 140), "setrlimit": (160, 164),
}  # fmt: skip
CLONE: Numbers = {"clone": (56, 220)}
CLONE3: Numbers = {"clone3": (435, 435)}
TGKILL: Numbers = {"tgkill": (234, 131)}
KILL: Numbers = {"kill": (62, 129)}

_AUDIT_ARCH = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32_BIT = 0x40000000
_NEW_NAMESPACES = 0x7E020080  # CLONE_NEW*: user, pid, net, ipc, uts, cgroup, mount, time
_CLONE_THREAD = 0x00010000

# Classic BPF (linux/filter.h) over struct seccomp_data {nr, arch, ip, args[6]}.
_LOAD, _JEQ, _JGE, _JSET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NR, _ARCH, _ARGUMENT_0 = 0, 4, 16
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000

Instruction = tuple[int, int, int, int]


def program(*, fork: bool, threads: bool, exec_: bool, metadata: bool, deferred: bool, kill: bool) -> list[Instruction]:
    """The filter as (code, jump if true, jump if false, constant) rows.

    fork, threads, exec_, metadata, deferred: whether new processes, new threads, execve, changes of modes and owners,
    handlers and timers are allowed.  kill: a refused call ends the process with SIGSYS instead of EPERM.
    """
    if kernel.MACHINE not in _AUDIT_ARCH or sys.byteorder != "little":
        raise OSError(errno.ENOSYS, f"seccomp: no table of system calls for {kernel.MACHINE}")
    column, arch = _AUDIT_ARCH[kernel.MACHINE]
    refuse = _KILL_PROCESS if kill else _ERRNO | errno.EPERM
    denied: Numbers = {**PROCESSES, **NAMESPACES, **MACHINE_WIDE, **NETWORK}
    for allowed, group in ((fork, FORKS), (exec_, PROGRAMS), (metadata, METADATA), (deferred, DEFERRED)):
        denied |= {} if allowed else group
    rows: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH), (_JEQ, 1, 0, arch), (_RETURN, 0, 0, _KILL_PROCESS), (_LOAD, 0, 0, _NR),
    ]  # fmt: skip
    if kernel.MACHINE == "x86_64":
        rows += [(_JGE, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL_PROCESS)]
    for numbers in denied.values():
        if (number := numbers[column]) is not None:
            rows += [(_JEQ, 0, 1, number), (_RETURN, 0, 0, refuse)]
    # glibc falls back to clone, whose flags a filter can see, when clone3 does not exist.
    rows += _when(CLONE3, column, [(_RETURN, 0, 0, _ERRNO | errno.ENOSYS if fork or threads else refuse)])
    rows += _when(CLONE, column, _clone(fork, threads, refuse))
    own = [(_LOAD, 0, 0, _ARGUMENT_0), (_JEQ, 0, 1, os.getpid()), (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, refuse)]
    if not fork:  # raise(), abort() and emulators signal the process itself; its number is known when it cannot fork
        rows += _when(TGKILL, column, own)
    rows += _when(KILL, column, [(_RETURN, 0, 0, refuse)] if fork else own)
    return [*rows, (_RETURN, 0, 0, _ALLOW)]


def _when(call: Numbers, column: int, then: list[Instruction]) -> list[Instruction]:
    """`then`, which ends in a return, for one call; the accumulator holds the number before and after."""
    ((_, numbers),) = call.items()
    number = numbers[column]
    return [] if number is None else [(_JEQ, 0, len(then), number), *then]


def _clone(fork: bool, threads: bool, refuse: int) -> list[Instruction]:
    if not fork and not threads:
        return [(_RETURN, 0, 0, refuse)]
    rows: list[Instruction] = [(_LOAD, 0, 0, _ARGUMENT_0), (_JSET, 0, 1, _NEW_NAMESPACES), (_RETURN, 0, 0, refuse)]
    if not fork:
        rows += [(_JSET, 1, 0, _CLONE_THREAD), (_RETURN, 0, 0, refuse)]
    return [*rows, (_RETURN, 0, 0, _ALLOW)]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install(rows: list[Instruction]) -> None:
    """Put the filter on this process and its descendants.  Needs no_new_privs."""
    data = b"".join(struct.pack("=HBBI", *row) for row in rows)
    buffer = ctypes.create_string_buffer(data, len(data))
    filter_ = _Program(len(rows), ctypes.cast(buffer, ctypes.c_void_p))
    kernel.prctl(kernel.PR_SET_SECCOMP, kernel.SECCOMP_MODE_FILTER, ctypes.byref(filter_))
