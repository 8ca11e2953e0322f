"""What a sandboxed process may do, as values.

A policy names rights, not mechanisms; `accelcore.sandbox._jail` enforces them by whatever the machine offers and the
result of a run says which layers held.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace

SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime",
)  # fmt: skip
"""Programs and libraries of the system: nothing in them is secret."""


@dataclass(frozen=True)
class Policy:
    """Rights of a child.  No policy grants network, other processes, devices, or the caller's environment.

    fork, threads: may start processes, threads.
    system: may read and execute SYSTEM.  python: may read this interpreter and its packages.
    reads: further files and folders to read and execute.
    write_cwd: may write in its working folder; otherwise nowhere but in `scratch`.
    scratch: bytes of a private /tmp that vanishes with the child; 0 for none.
    proc: sees /proc (of its own pid namespace).
    env: names of the caller's environment variables that are passed on.
    memory: bytes of address space, the smaller of this and the limits' counts.  file_size: bytes of one file.
    processes: at most so many.  files: open descriptors.
    """

    name: str
    fork: bool = False
    threads: bool = False
    system: bool = True
    python: bool = False
    reads: tuple[str, ...] = ()
    write_cwd: bool = False
    scratch: int = 0
    proc: bool = False
    env: tuple[str, ...] = ("LANG", "LC_ALL")
    memory: int = 4 << 30
    file_size: int = 64 << 20
    processes: int = 64
    files: int = 256

    def reading(self, *paths: str | os.PathLike[str]) -> Policy:
        """The same policy with further readable files and folders."""
        return replace(self, reads=(*self.reads, *(os.path.abspath(p) for p in paths)))

    def readable(self) -> tuple[str, ...]:
        """All paths that may be read, those of the interpreter among them."""
        python = _interpreter() if self.python else ()
        return (*(SYSTEM if self.system else ()), *python, *self.reads)


def _interpreter() -> tuple[str, ...]:
    """Folders that running this Python with its packages needs.

    The folder of the running script and the working folder are left out, though they are on sys.path: they are where
    people keep their work.  So are the home folder and what it lies in.
    """
    prefixes = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
    script = os.path.dirname(os.path.abspath(sys.argv[0])) if sys.argv and sys.argv[0] else os.getcwd()
    home = os.path.expanduser("~")
    private = {os.getcwd(), script, home}
    packages = [os.path.abspath(p) for p in sys.path if p and os.path.isdir(p)]
    open_ones = [p for p in packages if p not in private and not (home + "/").startswith(p.rstrip("/") + "/")]
    return tuple(dict.fromkeys((*(os.path.abspath(p) for p in prefixes), *open_ones)))


COMPILER = Policy(
    "compiler", fork=True, threads=True, write_cwd=True, scratch=256 << 20, proc=True, processes=1024, files=1024
)
"""A compiler or another trusted tool on foreign text: starts its parts, reads the system, writes its folder.

Drivers and linkers start a thread per core, several builds may run beside each other, and where no user namespace can
be had they all count against one user id: the limit only has to end a fork bomb.
"""

KERNEL = Policy("kernel", files=64)
"""Foreign machine code: computes on one thread, and nothing else."""

PYTHON = Policy("python", threads=True, python=True, scratch=64 << 20, proc=True, memory=8 << 30, files=1024)
"""Foreign Python, or a simulator that foreign text drives: no processes, no folder but a private /tmp."""
