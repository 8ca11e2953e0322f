"""Definitions of slides and of a lane in all others (RISC-V vector specification 1.0, sections 16.3 and 16.4).

A lane that comes from beyond the longest vector of its type is zero; below a slide up stands what the destination held.
"""

from __future__ import annotations

from accelcore_rvv.intrinsics.shapes import Shape


def slide(name: str, policy: str, way: str, text: str) -> str:
    """vslideup and vslidedown by any number of lanes."""
    s = Shape.parse(text)
    if way == "up":
        parameters, start, value = f"{s.ctype} old, {s.ctype} a", "r = old;", "if (i >= n) r.v[i] = a.v[i - n];"
    else:
        old, start = _start(s, policy)
        longest = f"(ac_vlen << 3 >> {3 - s.group}) / {s.bits}"
        parameters, value = f"{old}{s.ctype} a", f"r.v[i] = n < {longest} - i ? a.v[i + n] : 0;"
    tail = _tail() if way == "up" and not policy else ""
    body = f"{s.ctype} r; {start} for (size_t i = 0; i < vl; ++i) {{ {value} }} {tail}return r;"
    return f"{s.ctype} {name}({parameters}, size_t n, size_t vl) {{ {body} }}"


def slide_one(name: str, policy: str, way: str, text: str) -> str:
    """vslide1up, vslide1down: the lane that becomes free takes a scalar."""
    s = Shape.parse(text)
    old, start = _start(s, policy)
    value = "i ? a.v[i - 1] : x" if way == "up" else "i + 1 < vl ? a.v[i + 1] : x"
    body = f"{s.ctype} r; {start} for (size_t i = 0; i < vl; ++i) r.v[i] = {value}; return r;"
    return f"{s.ctype} {name}({old}{s.ctype} a, {s.element} x, size_t vl) {{ {body} }}"


def broadcast(name: str, policy: str, text: str) -> str:
    """vrgather with a scalar index: one lane in all."""
    s = Shape.parse(text)
    old, start = _start(s, policy)
    longest = f"(ac_vlen << 3 >> {3 - s.group}) / {s.bits}"
    loop = f"for (size_t i = 0; i < vl; ++i) r.v[i] = at < {longest} ? a.v[at] : 0;"
    return f"{s.ctype} {name}({old}{s.ctype} a, size_t at, size_t vl) {{ {s.ctype} r; {start} {loop} return r; }}"


def _start(s: Shape, policy: str) -> tuple[str, str]:
    """The parameter for the old value, and how the result begins."""
    return (f"{s.ctype} old, ", "r = old;") if policy else ("", "memset(&r, 0xff, sizeof r);")


def _tail() -> str:
    """Ones beyond the vector length."""
    return "if (vl) memset(r.v + vl, 0xff, sizeof r - vl * sizeof *r.v); "
