"""`doctor`: what is installed, usable, missing or broken, with the command that mends it."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accelcore.registry import KINDS, Registry, registry


@dataclass(frozen=True)
class Finding:
    """One thing that was examined.  state: "ok", "missing" (not needed for all), "weak", "broken"."""

    group: str
    name: str
    state: str
    text: str
    mend: str = ""

    def json(self) -> dict[str, str]:
        """All fields."""
        return {"group": self.group, "name": self.name, "state": self.state, "text": self.text, "mend": self.mend}


@dataclass(frozen=True)
class Diagnosis:
    """Everything that doctor found."""

    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """0 when a kernel can be compiled and judged here and no plugin is broken, else 1."""
        usable = any(f.group == "targets" and f.state == "ok" for f in self.findings)
        return 0 if usable and not any(f.state == "broken" for f in self.findings) else 1

    def json(self) -> dict[str, Any]:
        """The object of `doctor --json`."""
        return {"ok": self.exit_code == 0, "findings": [f.json() for f in self.findings]}


def examine(*, attacks: bool = True) -> Diagnosis:
    """Look at everything; `attacks` tries the sandbox's attack table."""
    found = registry()
    parts = (_system(), _compilers(), _sandbox(attacks=attacks), _plugins(found), _heavy(found), _broken(found))
    return Diagnosis(tuple(finding for part in parts for finding in part))


def _system() -> Iterator[Finding]:
    from accelcore import API, __version__

    yield Finding("system", "accelcore", "ok", f"{__version__}, plugin API {API}")
    state = "ok" if sys.version_info >= (3, 11) else "broken"
    yield Finding("system", "python", state, f"{platform.python_version()} at {sys.executable}")
    tested = platform.system() == "Linux" and platform.machine() == "x86_64"
    name = f"{platform.system()} {platform.machine()}"
    yield Finding("system", "platform", "ok" if tested else "weak", name if tested else f"{name}: untested")


def _compilers() -> Iterator[Finding]:
    from accelcore.cgen.toolchain import compilers

    found = compilers()
    for one in found:
        yield Finding("compilers", one.name, "ok", f"{one.identity} at {' '.join(one.command)}")
    if not found:
        mend = "apt install gcc, or pip install ziglang"
        yield Finding("compilers", "C compiler", "missing", "no gcc, clang or ziglang: C kernels cannot be built", mend)


def _sandbox(*, attacks: bool) -> Iterator[Finding]:
    from accelcore.errors import AccelcoreError

    try:
        from accelcore.sandbox.level import isolation

        found = isolation()
    except (AccelcoreError, ImportError, OSError) as error:
        yield Finding("sandbox", "level", "weak", f"cannot be probed: {error}")
        return
    state = "weak" if found.mend else "ok"
    layers = ", ".join(found.layers) or "no layer is available"
    yield Finding("sandbox", "level", state, f"{found.level}: {layers}", found.mend)
    yield Finding("sandbox", "start-up", "ok", f"{found.milliseconds:.0f} ms for a child")
    if attacks:
        yield from _attacks()


def _attacks() -> Iterator[Finding]:
    """The sandbox's own attack table: what a kernel might try, and whether it was held."""
    from accelcore.sandbox.attacks import try_all

    for name, held, text in try_all():
        yield Finding("attacks", name, "ok" if held else "weak", text)


def _plugins(found: Registry) -> Iterator[Finding]:
    for kind in KINDS:
        for offer in found.offers(kind):
            yield _one(kind, offer.item, offer.owner)


def _one(kind: str, item: Any, owner: str) -> Finding:
    """Whether one plugin object is usable; a `missing()` that raises is the plugin's fault."""
    try:
        missing = list(item.missing())
    except Exception as error:  # noqa: BLE001  # somebody else's code; doctor must not die of what it examines
        text = f"its missing() raised {type(error).__name__}: {error}"
        return Finding(kind, item.name, "broken", text, f"report it to the authors of {owner}")
    if missing:
        return Finding(kind, item.name, "missing", f"{item.about} ({owner})", "; ".join(missing))
    return Finding(kind, item.name, "ok", f"{item.about} ({owner})")


def _heavy(found: Registry) -> Iterator[Finding]:
    """Plugins that slow down every command, because importing them imports something heavy; each in its own child."""
    from concurrent.futures import ThreadPoolExecutor

    modules = {type(o.item).__module__.partition(".")[0]: o.owner for o in found.offers() if o.plugin != "builtin"}
    with ThreadPoolExecutor(4) as pool:
        heavies = list(pool.map(_heavy_of, modules))
    for (module, owner), heavy in zip(modules.items(), heavies, strict=True):
        if heavy:
            text = f"importing it imports {', '.join(heavy)}, which slows down every command"
            yield Finding("plugins", module, "weak", text, f"report it to the authors of {owner}")


def _heavy_of(module: str) -> tuple[str, ...]:
    """Nothing where the module cannot be imported alone, as one that was registered by a running program."""
    from accelcore.testing.light import heavy_imports

    try:
        return heavy_imports(module)
    except (RuntimeError, OSError, subprocess.SubprocessError):
        return ()


def _broken(found: Registry) -> Iterator[Finding]:
    for problem in found.problems():
        yield Finding("broken plugins", f"{problem.plugin} ({problem.owner})", "broken", problem.what, problem.hint)
