"""Peaks and bandwidths of one thread of this machine: measured once by a small C program, then read from the cache."""

from __future__ import annotations

import json
import os
from pathlib import Path

from accelcore.cgen import toolchain
from accelcore.errors import AccelcoreError, MissingTool
from accelcore.values import Limits, Machine, Memory, Status, digest_of

_WIDTH = {"avx512": 64, "avx2": 32}
_DRAM = 192 << 20  # bytes read to reach main memory, or twice the last cache where that is more and at most 1 GiB
_SHARED = 16 << 20  # bytes read to reach a last cache that is larger than that
_VERSION = 2


def measured(isa: str) -> Machine:
    """The machine under this instruction set.  Without a compiler: its name and caches, without rates."""
    caches = cache_sizes()
    try:
        rates = _rates(isa, caches)
    except AccelcoreError:
        rates = {}
    peaks = tuple((dtype, rates[dtype]) for dtype in ("f32", "f64", "u16") if dtype in rates)
    memories = [Memory(name, size, rates.get(name, 0.0)) for name, size in caches]
    memories.append(Memory("DRAM", 0, rates.get("DRAM", 0.0)))
    facts = (("isa", isa), ("threads", "1"), ("features", " ".join(sorted(_telling()))))
    return Machine(toolchain.cpu_name(), peaks, tuple(m for m in memories if m.bandwidth or not rates), facts)


def _telling() -> list[str]:
    wanted = ("avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_vnni", "avx512_bf16", "avx512_fp16")
    return [name for name in wanted if name in toolchain.cpu_features()]


def cache_sizes() -> list[tuple[str, int]]:
    """(name, bytes) of the data caches of one core, from near to far, as Linux tells them; empty elsewhere."""
    found = []
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            kind, level = (folder / "type").read_text().strip(), (folder / "level").read_text().strip()
            text = (folder / "size").read_text().strip()
        except OSError:
            continue
        if kind in ("Data", "Unified"):
            scale = {"K": 1 << 10, "M": 1 << 20}.get(text[-1:], 1)
            found.append((f"L{level}", int(text.rstrip("KMG")) * scale))
    return found


def _rates(isa: str, caches: list[tuple[str, int]]) -> dict[str, float]:
    from accelcore.cache import cache_folder

    one = toolchain.compiler()
    source = (Path(__file__).parent / "probe.c").read_text()
    key = digest_of(_VERSION, toolchain.cpu_name(), one.identity, isa, source, caches)[:24]
    file = cache_folder() / f"machine-{key}.json"
    try:
        return {str(k): float(v) for k, v in json.loads(file.read_text()).items()}
    except (OSError, ValueError):
        pass
    rates = _measure(isa, caches, one, source)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(rates))
        os.replace(temporary, file)
    except OSError:
        pass  # measured again next time
    return rates


def _measure(isa: str, caches: list[tuple[str, int]], one: toolchain.Compiler, source: str) -> dict[str, float]:
    from accelcore.sandbox import KERNEL, run_child

    limits = Limits(seconds=60)
    flags = ("-O2", "-march=native") if isa == "avx512" else ("-O2", "-mavx2", "-mfma")
    text = f"#define WIDTH {_WIDTH[isa]}\n{source}"
    built = toolchain.compile_program(one, text, flags, limits)
    if built.path is None:
        raise MissingTool("the machine's probe did not compile", hint=built.log[:200])
    # Half of a cache is what a program can count on keeping there; of a last cache that many cores share, less.
    sizes = {name: min(size // 2, _SHARED) for name, size in caches}
    last = max((size for _, size in caches), default=0)
    sizes["DRAM"] = min(max(_DRAM, 2 * last), 1 << 30)
    words = [str(size) for size in sizes.values()]
    done = run_child([str(built.path), *words], KERNEL.reading(built.path), limits)
    if done.status is not Status.OK:
        raise MissingTool("the machine's probe did not run", hint=done.text[:200])
    lines = dict(line.split() for line in done.stdout.decode().splitlines())
    rates = {name: float(lines[name]) for name in ("f32", "f64", "u16") if name in lines}
    return rates | {name: float(lines[str(size)]) for name, size in sizes.items() if str(size) in lines}
