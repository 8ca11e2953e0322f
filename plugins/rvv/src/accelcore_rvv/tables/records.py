"""Records of two and four fields without segment accesses, for CPUs that move segments one element at a time.

A record of two fields is one element of twice the width: what is loaded as it lies in memory is split by narrowing
shifts, and put together by a widening sum, low + high, and (2**bits - 1) high on top of it.  Four fields take two such
steps.  Loads and stores keep the width of the fields, since arrays need not be aligned to more.
"""

from __future__ import annotations

from collections.abc import Iterator

from accelcore_rvv.tables.memory import Table
from accelcore_rvv.tables.registers import BITS, FLOATS, INTEGERS, LARGEST, ctype, exists, reinterpreted, shapes, suffix

_TYPES = {"f": "float", "i": "int{}_t", "u": "uint{}_t"}


def moves() -> Table:
    """Templates of the roles `segment` and `unsegment` that call the helpers."""
    table: Table = {}
    for n, dtype, lanes in _shapes():
        table[f"segment{n}", dtype, lanes] = f"ac_split{n}_{suffix(dtype, lanes)}({{p}}, ac_vl)"
        table[f"unsegment{n}", dtype, lanes] = f"ac_join{n}_{suffix(dtype, lanes)}({{p}}, {{v}}, ac_vl)"
    return table


def helpers() -> dict[str, str]:
    """The C functions by name."""
    found: dict[str, str] = {}
    for n, dtype, lanes in _shapes():
        s = suffix(dtype, lanes)
        found[f"ac_split{n}_{s}"] = _split(n, dtype, lanes)
        found[f"ac_join{n}_{s}"] = _join(n, dtype, lanes)
    return found


def _shapes() -> Iterator[tuple[int, str, int]]:
    """(fields, dtype, lanes) that fit: a record has an integer of its width, all fields at most eight registers."""
    for n in (2, 4):
        for dtype, lanes in shapes((*FLOATS, *INTEGERS)):
            wide = n * BITS[dtype]
            if wide <= 64 and exists(dtype, n * lanes) and lanes * wide <= 64 * LARGEST and exists(f"u{wide}", lanes):
                yield n, dtype, lanes


def _split(n: int, dtype: str, lanes: int) -> str:
    s, bits, whole = suffix(dtype, lanes), BITS[dtype], f"u{n * BITS[dtype]}"
    loaded = reinterpreted(f"__riscv_vle{bits}_v_{suffix(dtype, n * lanes)}(p, {n} * vl)", dtype, f"u{bits}", n * lanes)
    records = suffix(whole, lanes)
    lines = [
        f"    const {ctype(whole, lanes)} all = "
        f"__riscv_vreinterpret_v_{suffix(f'u{bits}', n * lanes)}_{records}({loaded});"
    ]
    parts, width = ["all"], n * bits // 2
    while width >= bits:
        halves = [f"__riscv_vnsrl_wx_{suffix(f'u{width}', lanes)}({p}, {at}, vl)" for p in parts for at in (0, width)]
        if width > bits:
            lines += [f"    const {ctype(f'u{width}', lanes)} h{k} = {half};" for k, half in enumerate(halves)]
            halves = [f"h{k}" for k in range(len(halves))]
        parts, width = halves, width // 2
    fields = ", ".join(reinterpreted(part, f"u{bits}", dtype, lanes) for part in parts)
    head = f"static inline {ctype(dtype, lanes)[:-2]}x{n}_t ac_split{n}_{s}(const {_element(dtype)} *p, size_t vl) {{"
    return "\n".join((head, *lines, f"    return __riscv_vcreate_v_{s}x{n}({fields});\n}}"))


def _join(n: int, dtype: str, lanes: int) -> str:
    s, bits = suffix(dtype, lanes), BITS[dtype]
    parts = [reinterpreted(f"__riscv_vget_v_{s}x{n}_{s}(v, {k})", dtype, f"u{bits}", lanes) for k in range(n)]
    lines, width = list[str](), bits
    while len(parts) > 1:
        wide, names = f"u{2 * width}", list[str]()
        w, most = suffix(wide, lanes), f"{2**width - 1:#x}"
        for k in range(0, len(parts), 2):
            low, high, name = parts[k], parts[k + 1], f"w{2 * width}_{k // 2}"
            total = f"__riscv_vwaddu_vv_{w}({low}, {high}, vl)"
            lines.append(
                f"    const {ctype(wide, lanes)} {name} = __riscv_vwmaccu_vx_{w}({total}, {most}, {high}, vl);"
            )
            names.append(name)
        parts, width = names, 2 * width
    stored = f"__riscv_vreinterpret_v_{suffix(f'u{width}', lanes)}_{suffix(f'u{bits}', n * lanes)}({parts[0]})"
    stored = reinterpreted(stored, f"u{bits}", dtype, n * lanes)
    head = f"static inline void ac_join{n}_{s}({_element(dtype)} *p, {ctype(dtype, lanes)[:-2]}x{n}_t v, size_t vl) {{"
    return "\n".join((head, *lines, f"    __riscv_vse{bits}_v_{suffix(dtype, n * lanes)}(p, {stored}, {n} * vl);\n}}"))


def _element(dtype: str) -> str:
    return "double" if dtype == "f64" else _TYPES[dtype[0]].format(BITS[dtype])
