"""C definitions of intrinsics for the host's compiler, made from their names, at any vector length up to 1024 bits.

`emulated(text)` gives a kernel's text with definitions of the intrinsics that it names instead of <riscv_vector.h>.
Elements at and beyond the vector length, and masked-off ones, are filled with ones where the policy leaves them open,
as the emulator is told to.  As large as generated code needs: UnsupportedIntrinsic names what is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from accelcore.errors import AccelcoreError
from accelcore_rvv.intrinsics.lanewise import Lanewise, lanewise
from accelcore_rvv.intrinsics.shapes import Shape, element, typedefs
from accelcore_rvv.intrinsics.slides import broadcast, slide, slide_one

_NAME = re.compile(r"\b__riscv_\w+")
_TYPE = r"[fiu]\d+mf?\d"
_POLICIES = ("_tumu", "_tum", "_tu", "_mu", "_m")
_SUPPORT = r"""
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
static size_t ac_vlen = 256;
#define __RISCV_FRM_RNE 0
#define __RISCV_FRM_RTZ 1
#define __RISCV_FRM_RDN 2
#define __RISCV_FRM_RUP 3
#define __RISCV_FRM_RMM 4
#define __RISCV_VXRM_RNU 0
#define __RISCV_VXRM_RNE 1
#define __RISCV_VXRM_RDN 2
#define __RISCV_VXRM_ROD 3
#define AC_SIGNED(E) ((E)-1 < 0)
#define AC_MOST(E) (AC_SIGNED(E) ? (E)(~(uint64_t)0 >> (65 - 8 * sizeof(E))) : (E)-1)
#define AC_LEAST(E) (AC_SIGNED(E) ? (E)(-(E)AC_MOST(E) - 1) : (E)0)
#define AC_CLAMP(E, x) ({ __typeof__(x) c_ = (x); c_ > (__typeof__(x))AC_MOST(E) ? AC_MOST(E) : \
    (AC_SIGNED(__typeof__(x)) && c_ < (__typeof__(x))AC_LEAST(E)) ? AC_LEAST(E) : (E)c_; })
#define AC_TO_INTEGER(E, r, x, low, high) (x != x ? AC_MOST(E) : r <= (double)(low) ? (E)(low) : \
    r >= (double)(high) ? (E)(high) : (E)r)
static inline double ac_rounded(double x, int mode) {
    switch (mode) {
        case 1: return trunc(x);
        case 2: return floor(x);
        case 3: return ceil(x);
        case 4: return round(x);
        default: return nearbyint(x);
    }
}
static inline __int128 ac_round_shift(__int128 x, int by, int mode) {
    if (!by) return x;
    int half = (int)(x >> (by - 1)) & 1, low = (int)(x >> by) & 1;
    int rest = (x & ((((__int128)1) << (by - 1)) - 1)) != 0;
    int up = mode == 0 ? half : mode == 1 ? half && (rest || low) : mode == 2 ? 0 : !low && (half || rest);
    return (x >> by) + up;
}
"""


class UnsupportedIntrinsic(AccelcoreError):
    """An intrinsic that is not emulated."""


def emulated(text: str) -> str:
    """The text for a host compiler.  Raises UnsupportedIntrinsic."""
    names = [n for n in dict.fromkeys(_NAME.findall(text)) if not n.startswith(("__riscv_vlenb", "__riscv_v_"))]
    functions = [definition(name) for name in names]
    body = re.sub(r"^[ \t]*#[ \t]*include[ \t]*<riscv_vector\.h>.*$", "", text, flags=re.MULTILINE)
    vlenb = "static inline size_t __riscv_vlenb(void) { return ac_vlen / 8; }"
    types = typedefs("\n".join((*functions, text)))
    return "\n".join((_SUPPORT, *types, vlenb, *functions, body))


def definition(name: str) -> str:
    """The C function of one intrinsic."""
    plain = name.removeprefix("__riscv_")
    rm = plain.endswith("_rm")
    plain = plain.removesuffix("_rm")
    policy = next((p for p in _POLICIES if plain.endswith(p)), "")
    plain = plain.removesuffix(policy)
    for pattern, make in _SPECIAL:
        if match := re.fullmatch(pattern, plain):
            return f"static inline {make(name, policy, *match.groups())}"
    match = re.fullmatch(rf"v(\w+?)_(\w+?)_({_TYPE})(?:_b\d+)?", plain)
    if match and (found := lanewise(match[1], match[2], (match[3],))) is not None:
        return _lanewise(name, found, policy, moded=rm or found.mode)
    raise UnsupportedIntrinsic(f"{name} is not emulated", hint="install qemu-user")


def _lanewise(name: str, d: Lanewise, policy: str, *, moded: bool) -> str:
    s = d.result
    kind = f"vbool{s.mask}_t" if d.mask else s.ctype
    masked = "m" in policy
    keeps = "u" in policy or d.destination
    parameters = [f"vbool{s.mask}_t m"] if masked else []
    if keeps and not d.destination:
        parameters.append(f"{kind} old")
    parameters += [f"{o.shape.ctype if o.vector else o.shape.element} p{o.name}" for o in d.operands]
    parameters += ["int mode"] if moded else []
    before = "pd" if d.destination else "old"
    start = f"r = {before};" if policy.startswith("_tu") else "memset(&r, 0xff, sizeof r);"
    off = f"r.v[i] = {before}.v[i];" if policy.endswith("mu") else "memset(&r.v[i], 0xff, sizeof r.v[i]);"
    values = "".join(f"const {o.shape.element} {o.name} = p{o.name}{'.v[i]' if o.vector else ''}; " for o in d.operands)
    guard = f"if (!m.v[i]) {{ {off} continue; }} " if masked else ""
    wide = "double" if s.kind == "f" else f"{'u' if s.kind == 'u' else ''}{'__int128' if s.bits > 32 else 'int64_t'}"
    wide = {"u__int128": "unsigned __int128", "uint64_t": "int64_t"}.get(wide, wide)
    suffix = "f" if s.kind == "f" and s.bits == 32 else ""
    text = re.sub(r"AC_F\((\w+)\)", rf"\1{suffix}", d.text).replace("BITS", str(s.bits))
    text = re.sub(r"\bUE\b", f"uint{s.bits}_t" if s.kind != "f" else s.element, text)
    text = re.sub(r"\bE\b", s.element, re.sub(r"\bW\b", wide, text))
    result = text if d.mask else f"({s.element})({text})"
    mode = "" if moded else "enum { mode = 0 }; "
    return (
        f"static inline {kind} {name}({', '.join(parameters)}, size_t vl) {{ {kind} r; {start} {mode}"
        f"for (size_t i = 0; i < vl; ++i) {{ {guard}{values}r.v[i] = {result}; }} return r; }}"
    )


# Intrinsics with a form of their own: name, policy, what the pattern found -> the definition.

Maker = Callable[..., str]


def _length(name: str, _: str, most: str, bits: str, lmul: str) -> str:
    shape = Shape.parse(f"i{bits}{lmul}")
    longest = f"(ac_vlen << 3 >> {3 - shape.group}) / {bits}"
    if most:
        return f"size_t {name}(void) {{ return {longest}; }}"
    return f"size_t {name}(size_t n) {{ size_t most = {longest}; return n < most ? n : most; }}"


def _access(name: str, policy: str, what: str, kind: str, index: str, text: str, fields: str) -> str:
    """Loads and stores: `what` is l or s, `kind` is e, se, uxei, oxei or a segment's seg2e, sseg2e."""
    s = Shape.parse(text)
    n = int(fields or 1)
    load, vector = what == "l", s.ctype.replace("_t", f"x{fields}_t") if fields else s.ctype
    masked, keeps = "m" in policy, "u" in policy
    parameters = [f"vbool{s.mask}_t m"] if masked else []
    parameters += [f"{vector} old"] if keeps and load else []
    parameters.append(f"{'const ' if load else ''}{s.element} *p")
    step = f"i * {n} * sizeof *p"
    if kind.startswith("s") and kind != "seg":
        parameters.append("ptrdiff_t step")
        step = "(ptrdiff_t)i * step"
    if kind.startswith(("ux", "ox")):
        offsets = Shape("u", int(index), s.scaled(1).group + _log(int(index), s.bits))
        parameters.append(f"{offsets.ctype} at")
        step = "at.v[i]"
    parameters += [] if load else [f"{vector} x"]
    place = f"((char *)p + {step} + k * sizeof *p)"
    inside = ".f[k].v[i]" if fields else ".v[i]"
    move = f"memcpy(&r{inside}, {place}, sizeof *p)" if load else f"memcpy({place}, &x{inside}, sizeof *p)"
    every = f"for (size_t k = 0; k < {n}; ++k)"
    off = f"r{inside} = old{inside}" if policy.endswith("mu") else f"memset(&r{inside}, 0xff, sizeof *p)"
    guard = f"if (!m.v[i]) {{ {f'{every} {off}; ' if load else ''}continue; }} " if masked else ""
    loop = f"for (size_t i = 0; i < vl; ++i) {{ {guard}{every} {move}; }}"
    if not load:
        return f"void {name}({', '.join(parameters)}, size_t vl) {{ {loop} }}"
    start = "r = old;" if policy.startswith("_tu") else "memset(&r, 0xff, sizeof r);"
    return f"{vector} {name}({', '.join(parameters)}, size_t vl) {{ {vector} r; {start} {loop} return r; }}"


def _log(a: int, b: int) -> int:
    return a.bit_length() - b.bit_length()


def _splat(name: str, policy: str, text: str) -> str:
    s = Shape.parse(text)
    old, start = (f"{s.ctype} old, ", "r = old;") if policy else ("", "memset(&r, 0xff, sizeof r);")
    body = f"{s.ctype} r; {start} for (size_t i = 0; i < vl; ++i) r.v[i] = x; return r;"
    return f"{s.ctype} {name}({old}{s.element} x, size_t vl) {{ {body} }}"


def _first(name: str, _: str, text: str) -> str:
    s = Shape.parse(text)
    body = f"{s.ctype} r; memset(&r, 0xff, sizeof r); if (vl) r.v[0] = x; return r;"
    return f"{s.ctype} {name}({s.element} x, size_t vl) {{ {body} }}"


def _taken(name: str, _: str, text: str) -> str:
    s = Shape.parse(text)
    return f"{s.element} {name}({s.ctype} x) {{ return x.v[0]; }}"


def _copied(name: str, policy: str, text: str) -> str:
    s = Shape.parse(text)
    old, start = (f"{s.ctype} old, ", "r = old;") if policy else ("", "memset(&r, 0xff, sizeof r);")
    body = f"{s.ctype} r; {start} for (size_t i = 0; i < vl; ++i) r.v[i] = x.v[i]; return r;"
    return f"{s.ctype} {name}({old}{s.ctype} x, size_t vl) {{ {body} }}"


def _merged(name: str, policy: str, form: str, text: str) -> str:
    s = Shape.parse(text)
    old, start = (f"{s.ctype} old, ", "r = old;") if policy else ("", "memset(&r, 0xff, sizeof r);")
    kind, value = (s.ctype, "b.v[i]") if form == "vvm" else (s.element, "b")
    loop = f"for (size_t i = 0; i < vl; ++i) r.v[i] = m.v[i] ? {value} : a.v[i];"
    return (
        f"{s.ctype} {name}({old}{s.ctype} a, {kind} b, vbool{s.mask}_t m, size_t vl) "
        f"{{ {s.ctype} r; {start} {loop} return r; }}"
    )


def _compressed(name: str, policy: str, text: str) -> str:
    s = Shape.parse(text)
    old, start = (f"{s.ctype} old, ", "r = old;") if policy else ("", "memset(&r, 0xff, sizeof r);")
    loop = "for (size_t i = 0, k = 0; i < vl; ++i) if (m.v[i]) r.v[k++] = a.v[i];"
    body = f"{s.ctype} r; {start} {loop} return r;"
    return f"{s.ctype} {name}({old}{s.ctype} a, vbool{s.mask}_t m, size_t vl) {{ {body} }}"


def _numbered(name: str, _: str, text: str) -> str:
    s = Shape.parse(text)
    body = f"memset(&r, 0xff, sizeof r); for (size_t i = 0; i < vl; ++i) r.v[i] = ({s.element})i; return r;"
    return f"{s.ctype} {name}(size_t vl) {{ {s.ctype} r; {body} }}"


_MASKS = {"and": "a.v[i] & b.v[i]", "or": "a.v[i] | b.v[i]", "xor": "a.v[i] ^ b.v[i]", "nand": "!(a.v[i] & b.v[i])",
          "nor": "!(a.v[i] | b.v[i])", "xnor": "a.v[i] == b.v[i]", "andn": "a.v[i] & !b.v[i]",
          "orn": "a.v[i] | !b.v[i]", "not": "!a.v[i]", "mv": "a.v[i]", "set": "1", "clr": "0"}  # fmt: skip


def _mask(name: str, _: str, op: str, form: str, ratio: str) -> str:
    kind = f"vbool{ratio}_t"
    operands = {"and": f"{kind} a, {kind} b, ", "not": f"{kind} a, ", "mv": f"{kind} a, ", "set": "", "clr": ""}
    given = operands.get(op, operands["and"] if form == "mm" else "")
    loop = f"for (size_t i = 0; i < vl; ++i) r.v[i] = {_MASKS[op]};"
    return f"{kind} {name}({given}size_t vl) {{ {kind} r; memset(&r, 1, sizeof r); {loop} return r; }}"


def _counted(name: str, _: str, op: str, ratio: str) -> str:
    if op == "cpop":
        body = "unsigned long n = 0; for (size_t i = 0; i < vl; ++i) n += m.v[i]; return n;"
        return f"unsigned long {name}(vbool{ratio}_t m, size_t vl) {{ {body} }}"
    body = "for (size_t i = 0; i < vl; ++i) if (m.v[i]) return (long)i; return -1;"
    return f"long {name}(vbool{ratio}_t m, size_t vl) {{ {body} }}"


_LESS, _MORE = "x < t ? x : t", "x > t ? x : t"
_REDUCED = {"sum": "t + x", "usum": "t + x", "osum": "t + x", "and": "t & x", "or": "t | x", "xor": "t ^ x",
            "min": _LESS, "minu": _LESS, "max": _MORE, "maxu": _MORE}  # fmt: skip


def _reduced(name: str, policy: str, float_: str, op: str, text: str, one: str) -> str:
    s, r = Shape.parse(text), Shape.parse(one)
    value = _REDUCED[op]
    if float_ and op in ("min", "max"):
        value = f"f{op}{'f' if s.bits == 32 else ''}(t, x)"
    mask, guard = (f"vbool{s.mask}_t m, ", "if (!m.v[i]) continue; ") if policy == "_m" else ("", "")
    loop = f"for (size_t i = 0; i < vl; ++i) {{ {guard}const {r.element} x = a.v[i]; t = ({r.element})({value}); }}"
    return (
        f"{r.ctype} {name}({mask}{s.ctype} a, {r.ctype} b, size_t vl) {{ {r.ctype} r; memset(&r, 0xff, sizeof r); "
        f"{r.element} t = b.v[0]; {loop} if (vl) r.v[0] = t; return r; }}"
    )


def _reinterpreted(name: str, _: str, source: str, target: str) -> str:
    s, t = Shape.parse(source), Shape.parse(target)
    return f"{t.ctype} {name}({s.ctype} a) {{ {t.ctype} r; memcpy(&r, &a, sizeof r); return r; }}"


def _field(name: str, _: str, text: str, fields: str, __: str) -> str:
    s = Shape.parse(text)
    return f"{s.ctype} {name}({s.ctype.replace('_t', f'x{fields}_t')} t, size_t k) {{ return t.f[k]; }}"


def _created(name: str, _: str, text: str, fields: str) -> str:
    s = Shape.parse(text)
    kind = s.ctype.replace("_t", f"x{fields}_t")
    given = [f"{s.ctype} x{k}" for k in range(int(fields))]
    body = " ".join(f"r.f[{k}] = x{k};" for k in range(int(fields)))
    return f"{kind} {name}({', '.join(given)}) {{ {kind} r; {body} return r; }}"


_SPECIAL: tuple[tuple[str, Maker], ...] = (
    (r"vsetvl(max)?_e(\d+)(mf?\d)", _length),
    (rf"v(l|s)(s?seg|[uo]x(?:seg)?|s?)(?:\d)?e(?:i)?(\d+)_v_({_TYPE})(?:x(\d))?", _access),
    (rf"v(?:mv_v_x|fmv_v_f)_({_TYPE})", _splat),
    (rf"v(?:mv_s_x|fmv_s_f)_({_TYPE})", _first),
    (rf"v(?:mv_x_s|fmv_f_s)_({_TYPE})_[fiu]\d+", _taken),
    (rf"vmv_v_v_({_TYPE})", _copied),
    (rf"vf?merge_(vvm|vxm|vfm)_({_TYPE})", _merged),
    (rf"vcompress_vm_({_TYPE})", _compressed),
    (rf"vslide(up|down)_vx_({_TYPE})", slide),
    (rf"v(?:slide1(?=\w+_vx)|fslide1(?=\w+_vf))(up|down)_v[xf]_({_TYPE})", slide_one),
    (rf"vrgather_vx_({_TYPE})", broadcast),
    (rf"vid_v_({_TYPE})", _numbered),
    (r"vm(and|or|xor|nand|nor|xnor|andn|orn|not|mv|set|clr)_(mm|m)_b(\d+)", _mask),
    (r"v(cpop|first)_m_b(\d+)", _counted),
    (rf"v(f?)w?red(\w+?)_vs_({_TYPE})_({_TYPE})", _reduced),
    (rf"vreinterpret_v_({_TYPE})_({_TYPE})", _reinterpreted),
    (rf"vget_v_({_TYPE})x(\d)_({_TYPE})", _field),
    (rf"vcreate_v_({_TYPE})x(\d)", _created),
)

__all__ = ["UnsupportedIntrinsic", "definition", "element", "emulated"]
