"""The loads and stores of a step as C functions: `load(s, n)` and `store(s, n)` do the n-th of a step."""

from __future__ import annotations

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr
from accelcore.ir.simplify import simplify
from accelcore_gemmini.lowering.ctext import Names, bare, field, number_text, place_text
from accelcore_gemmini.lowering.frame import block
from accelcore_gemmini.lowering.nest import Axis, Nest, guard_slope
from accelcore_gemmini.lowering.reads import Read
from accelcore_gemmini.moves.schedule import Schedule

_STATES = 3  # load states of the accelerator
_MVIN = ("gemmini_extended_mvin", "gemmini_extended_mvin2", "gemmini_extended_mvin3")

_SIDE = """\
/* What is done beside a step's computes: loads of the next step, stores of the tile before. */
typedef struct {
    const step *next, *done;
    int64_t plain, loads, loaded, stores, stored, all; /* plain: loads that do not write the accumulator */
} work;

static int work_left(const work *w) { return w->loaded < w->loads || w->stored < w->stores; }

/* The next of them.  What writes the accumulator waits for the stores that read it. */
static void side(work *w) {
    const int stores = w->stored < w->stores, loads = w->loaded < (stores ? w->plain : w->loads);
    if (stores && (!loads || w->stored * w->plain <= w->loaded * w->stores)) store(w->done, w->stored++);
    else load(w->next, w->loaded++);
}"""


class Moves:
    """Text of the functions that move data for one nest."""

    def __init__(self, nest: Nest, schedule: Schedule, names: Names) -> None:
        self.nest, self.schedule, self.names = nest, schedule, names
        self.terms = nest.result.terms
        self.shared = len(self.terms) + (2 if nest.a else 0) > _STATES
        """Whether several reads share the last load state, which is then configured before every load."""

    def functions(self) -> list[str]:
        """All of them, in the order in which they need each other."""
        made = [self._rows_of()]
        kinds = []
        if self.nest.a is not None and self.nest.b is not None:
            made += [self._load_a(self.nest.a), self._load_b(self.nest.b)]
            kinds += [("load_a", self._count_a()), ("load_b", self._count_b())]
        made += [self._load_term(at, term) for at, term in enumerate(self.terms)]
        firsts = [(f"load_{at}", self._count_c(self._wide(term))) for at, term in enumerate(self.terms)]
        if not self.terms and not self.schedule.overwrite:
            made.append(self._load_zeros())
            firsts = [("load_zeros", self._count_c("1"))]
        made += [self._dispatch(kinds, firsts), self._store()]
        if self.schedule.buffers == 2:
            made.append(_SIDE)
        return made

    # Configuration.

    def configuration(self) -> list[str]:
        """The statements before the first step."""
        r, n = self.nest.result, self.nest
        scale = scale_text(r.scale)
        activation = "RELU" if r.relu else "NO_ACTIVATION"
        turned = f"{int(n.a_turned)}, {int(n.b_turned)}"
        size = self._bytes(r.target.stride(n.rows.variable), r.target.dtype)
        held = "WEIGHT_STATIONARY" if n.weights_held else "OUTPUT_STATIONARY"
        lines = [f"gemmini_extended_config_ex({held}, NO_ACTIVATION, 0, 1, {turned});"]
        lines += [f"gemmini_extended_config_st({size}, {activation}, {scale});"]
        if not self.schedule.hoist:
            return lines
        if n.a is not None and n.b is not None:
            lines += [self._config_a(n.a), self._config_b(n.b)]
        if not self.shared:
            lines += [self._config_term(at, term) for at, term in enumerate(self.terms)]
        if not self.terms and not self.schedule.overwrite:
            lines.append(self._config_zeros())
        return lines

    def _config_a(self, a: Read) -> str:
        stride = a.stride(self.nest.depth.variable if self.nest.a_turned else self.nest.rows.variable)
        return self._config(stride, a.dtype, 0, "DEPTH * DIM" if self.nest.a_turned else "DIM", self._state(0))

    def _config_b(self, b: Read) -> str:
        stride = b.stride(self.nest.cols.variable if self.nest.b_turned else self.nest.depth.variable)
        return self._config(stride, b.dtype, 0, "COLS * DIM" if self.nest.b_turned else "DIM", self._state(1))

    def _config_term(self, at: int, term: Read) -> str:
        stride, shrunk = term.stride(self.nest.rows.variable), int(term.dtype == "i8")
        return self._config(stride, term.dtype, shrunk, "DIM", self._term_state(at))

    def _config_zeros(self) -> str:
        return f"gemmini_extended4_config_ld(0, MVIN_SCALE_IDENTITY, 0, DIM, {self._state(2)});"

    def _config(self, stride: Expr, dtype: str, shrunk: int, blocks: str, state: int) -> str:
        size = self._bytes(stride, dtype)
        return f"gemmini_extended4_config_ld({size}, MVIN_SCALE_IDENTITY, {shrunk}, {blocks}, {state});"

    def _bytes(self, stride: Expr, dtype: str) -> str:
        size, text = (DTYPES[dtype].bits or 8) // 8, bare(number_text(stride, self.names.of))
        return text if size == 1 else f"({text}) * {size}"

    def _state(self, wanted: int) -> int:
        return wanted if self.schedule.hoist else 0

    def _term_state(self, at: int) -> int:
        return self._state(min(at + (2 if self.nest.a else 0), _STATES - 1))

    def _again(self, config: str, *, shared: bool = False) -> list[str]:
        """The configuration before a load, where it is not hoisted."""
        return [] if self.schedule.hoist and not shared else [config]

    # How many loads and stores a step has.

    def _count_a(self) -> str:
        if self.nest.a_turned:
            return f"s->depths * {self._parts('s->rows', self._width_a())}"
        return f"s->rows * {self._parts('s->depths', self._width_a())}"

    def _width_a(self) -> str:
        """Turned blocks of rows can only be loaded together where they follow each other."""
        return "1" if self.nest.a_turned and self.nest.rows.outer else "LOAD_A"

    def _count_b(self) -> str:
        if self.nest.b_turned:
            return f"s->cols * {self._parts('s->depths', 'LOAD_B')}"
        return f"s->depths * {self._parts('s->cols', 'LOAD_B')}"

    def _count_c(self, width: str) -> str:
        return f"s->rows * {self._parts('s->cols', width)}"

    @staticmethod
    def _parts(count: str, width: str) -> str:
        return count if width == "1" else f"parts({count}, {width})"

    def _wide(self, term: Read) -> str:
        return "STORE" if term.dtype == "i8" else "1"

    # Places.

    def _rows_of(self) -> str:
        inner = self.nest.rows.inner
        block_of = f"n / {self.nest.rows.group}" if self.nest.rows.fast else "n"
        size = f"least(DIM, {self.names.extent(inner)} - {block_of} % arg.row_run * DIM)" if inner else "1"
        lines = [f"return {size};"] if inner else ["(void)n;", "return 1;"]
        return "/* Rows of a block. */\n" + block("static int64_t rows_of(int64_t n)", lines)

    def _walked(self, read: Read, blocks: dict[str, str]) -> list[str]:
        """Statements that give every variable of a read its value at these blocks."""
        lines: list[str] = []
        for kind, axis in (("rows", self.nest.rows), ("cols", self.nest.cols), ("depth", self.nest.depth)):
            if kind in blocks and self._uses(read, axis):
                lines += self._axis(kind, axis, blocks[kind])
        if any(loop.variable in read.variables for loop in self.nest.batch):
            lines += ["int64_t batch = s->batch;", *self.names.walked(self.nest.batch, "batch")]
        return lines

    def _uses(self, read: Read, axis: Axis) -> bool:
        guarded = self.nest.guards if read is self.nest.a else ()
        seen = read.variables.union(*(g.value.free for g in guarded))
        return any(loop.variable in seen for loop in (*axis.outer, axis.inner, axis.fast) if loop is not None)

    def _axis(self, kind: str, axis: Axis, at: str) -> list[str]:
        lines = []
        if kind == "rows":
            lines.append(f"int64_t row_block = {at};")
            if axis.fast:
                lines += [f"const int64_t window_row = row_block % {axis.group};", f"row_block /= {axis.group};"]
            if axis.inner:
                lines += ["const int64_t r = row_block % arg.row_run * DIM;", "row_block /= arg.row_run;"]
            return [*lines, *self.names.walked(axis.outer, "row_block")]
        if axis.inner:
            lines.append(f"const int64_t {self.names.of[axis.inner.variable]} = ({at}) * DIM;")
        if axis.outer:
            lines += [f"int64_t {kind}_outer = s->{'col' if kind == 'cols' else 'depth'}_outer;"]
            lines += self.names.walked(axis.outer, f"{kind}_outer")
        return lines

    def _left(self, axis: Axis, place: str, blocks: str) -> str:
        """Elements of an inner loop from a place on, within so many blocks."""
        if axis.inner is None:
            return "1"
        width = "DIM" if blocks == "1" else f"{blocks} * DIM"
        return f"least({width}, {self.names.extent(axis.inner)} - ({place}) * DIM)"

    # Loads.

    def _load_a(self, a: Read) -> str:
        lines, places, to = self._turned_a() if self.nest.a_turned else self._straight_a()
        lines += [*self._walked(a, places), *self._again(self._config_a(a))]
        load = _MVIN[self._state(0)]
        lines += self._guarded(a, load, to) if self.nest.guards else [f"{load}({self._address(a)}, {to}, cols, rows);"]
        return block("static void load_a(const step *s, int64_t n)", lines)

    def _straight_a(self) -> tuple[list[str], dict[str, str], str]:
        cols = self._left(self.nest.depth, "s->depth + k_block", "least(LOAD_A, s->depths - k_block)")
        lines = self._split("row", "k_block", "s->depths", "LOAD_A")
        lines.append(f"const int64_t rows = rows_of(s->row + row), cols = {cols};")
        return lines, {"rows": "s->row + row", "depth": "s->depth + k_block"}, "A(s->half, row, k_block)"

    def _turned_a(self) -> tuple[list[str], dict[str, str], str]:
        """Rows in memory run along depth; what one command loads ends where the run of rows ends."""
        width = self._width_a()
        one = "1" if width == "1" else f"least({width}, s->rows - row)"
        rows = self._left(self.nest.depth, "s->depth + k_block", "1")
        cols = self._left(self.nest.rows, "(s->row + row) % arg.row_run", one)
        lines = self._split("k_block", "row", "s->rows", width)
        lines.append(f"const int64_t rows = {rows}, cols = {cols};")
        return lines, {"rows": "s->row + row", "depth": "s->depth + k_block"}, "A(s->half, row, k_block)"

    @staticmethod
    def _split(slow: str, fast: str, count: str, width: str) -> list[str]:
        """The two block numbers of the n-th load, `fast` going in steps of the load's width."""
        if width == "1":
            return [f"const int64_t {slow} = n / {count};", f"const int64_t {fast} = n % {count};"]
        return [
            f"const int64_t across = parts({count}, {width});",
            f"const int64_t {slow} = n / across;",
            f"const int64_t {fast} = n % across * {width};",
        ]

    def _address(self, read: Read, more: str = "") -> str:
        return f"{field(read.name)} + ({place_text(read, self.names.of)}{more})"

    def _guarded(self, a: Read, load: str, to: str) -> list[str]:
        """Rows where a condition fails are zeros, which the accelerator makes itself."""
        lines = ["int64_t first = 0, last = rows;"]
        for guard in self.nest.guards:
            value = bare(number_text(simplify(guard.value), self.names.of))
            slope = guard_slope(guard, self.nest.rows.variable)
            if slope == 0:
                lines.append(f"if ({value} < 0) last = 0;")
            elif slope > 0:
                lines.append(f"first = most(first, -floor_div({value}, {slope}));")
            else:
                lines.append(f"last = least(last, floor_div({value}, {-slope}) + 1);")
        stride = bare(number_text(a.stride(self.nest.rows.variable), self.names.of))
        lines += ["first = least(first, rows), last = most(first, last);"]
        lines += [f"if (first > 0) {load}(NULL, {to}, cols, first);"]
        address = self._address(a, f" + first * ({stride})")
        lines += [f"if (last > first) {load}({address}, {to} + first, cols, last - first);"]
        return [*lines, f"if (last < rows) {load}(NULL, {to} + last, cols, rows - last);"]

    def _load_b(self, b: Read) -> str:
        n = self.nest
        if n.b_turned:
            split = self._split("col", "k_block", "s->depths", "LOAD_B")
            rows = self._left(n.cols, "s->col + col", "1")
            cols = self._left(n.depth, "s->depth + k_block", "least(LOAD_B, s->depths - k_block)")
            places, to = {"cols": "s->col + col", "depth": "s->depth + k_block"}, "B(s->half, k_block, col)"
        else:
            split = self._split("k_block", "col", "s->cols", "LOAD_B")
            rows = self._left(n.depth, "s->depth + k_block", "1")
            cols = self._left(n.cols, "s->col + col", "least(LOAD_B, s->cols - col)")
            places, to = {"cols": "s->col + col", "depth": "s->depth + k_block"}, "B(s->half, k_block, col)"
        lines = [*split, f"const int64_t rows = {rows}, cols = {cols};", *self._walked(b, places)]
        lines += [*self._again(self._config_b(b)), f"{_MVIN[self._state(1)]}({self._address(b)}, {to}, cols, rows);"]
        return block("static void load_b(const step *s, int64_t n)", lines)

    def _load_term(self, at: int, term: Read) -> str:
        lines = self._tile(self._wide(term))
        lines += self._walked(term, {"rows": "s->row + row", "cols": "s->col + col"})
        lines += self._again(self._config_term(at, term), shared=self.shared)
        bits = " | ADD" if at else ""
        load = _MVIN[self._term_state(at)]
        lines.append(f"{load}({self._address(term)}, ACC(s->acc, row, col){bits}, cols, rows);")
        return block(f"static void load_{at}(const step *s, int64_t n)", lines)

    def _load_zeros(self) -> str:
        lines = [*self._tile("1"), *self._again(self._config_zeros())]
        lines.append(f"{_MVIN[self._state(2)]}(NULL, ACC(s->acc, row, col), cols, rows);")
        return block("static void load_zeros(const step *s, int64_t n)", lines)

    def _tile(self, width: str) -> list[str]:
        """Block numbers and sizes of the n-th part of a tile in the accumulator."""
        one = "1" if width == "1" else f"least({width}, s->cols - col)"
        cols = self._left(self.nest.cols, "s->col + col", one)
        return [
            *self._split("row", "col", "s->cols", width),
            f"const int64_t rows = rows_of(s->row + row), cols = {cols};",
        ]

    def _dispatch(self, kinds: list[tuple[str, str]], firsts: list[tuple[str, str]]) -> str:
        """`plain_loads`, `loads` and `load`: first A and B, then what starts the sums of a tile."""
        counts = " + ".join(count for _, count in kinds) or "0"
        more = " + ".join(count for _, count in firsts) or "0"
        lines = []
        every = [*kinds, *firsts]
        for at, (name, count) in enumerate(every):
            if at + 1 == len(every):
                lines.append(f"{name}(s, n);")
            else:
                lines += [f"if (n < {count}) {{", f"    {name}(s, n);", "    return;", "}", f"n -= {count};"]
        first = f" + (s->first ? {more} : 0)" if firsts else ""
        unused = "" if kinds else "(void)s; "
        return "\n".join([
            f"static int64_t plain_loads(const step *s) {{ {unused}return {counts}; }}",
            f"static int64_t loads(const step *s) {{ return plain_loads(s){first}; }}",
            "",
            block("static void load(const step *s, int64_t n)", lines),
        ])  # fmt: skip

    def _store_windows(self) -> str:
        """Each store takes the greatest of every window in a group of blocks: two rows of up to DIM pixels."""
        r, size = self.nest.result, self.nest.rows.group
        column = next(x for x in r.loops if self.names.of[x.variable].startswith("("))
        stride, scale = self._bytes(r.target.stride(column.variable), r.target.dtype), scale_text(r.scale)
        activation = "RELU" if r.relu else "NO_ACTIVATION"
        cols = self._left(self.nest.cols, "s->col", "1")
        lines = [
            f"const int64_t row = n * {size}, windows = rows_of(s->row + row) / {size};",
            *self._walked(r.target, {"rows": "s->row + row", "cols": "s->col"}),
            f"gemmini_extended2_config_st({stride}, {activation}, {scale}, {size}, {size}, windows, 1, windows,",
            f"                            {size}, DIM, 0, 0);",
            f"gemmini_extended_mvout({self._address(r.target)}, ACC(s->acc, row, 0), {cols}, 0);",
        ]
        count = f"static int64_t stores(const step *s) {{ return s->rows / {size}; }}"
        return count + "\n\n" + block("static void store(const step *s, int64_t n)", lines)

    def _store(self) -> str:
        if self.nest.rows.fast:
            return self._store_windows()
        r = self.nest.result
        width = "1" if r.full else "STORE"
        lines = [*self._tile(width), *self._walked(r.target, {"rows": "s->row + row", "cols": "s->col + col"})]
        bits = " | FULL" if r.full else ""
        lines.append(f"gemmini_extended_mvout({self._address(r.target)}, ACC(s->acc, row, col){bits}, cols, rows);")
        count = f"static int64_t stores(const step *s) {{ return {self._count_c(width)}; }}"
        return count + "\n\n" + block("static void store(const step *s, int64_t n)", lines)


def scale_text(scale: float | str) -> str:
    """A scale as C: a number, or an argument."""
    if isinstance(scale, str):
        return field(scale)
    return "ACC_SCALE_IDENTITY" if scale == 1.0 else f"{scale!r}f"
