"""Where the cycles of a run went, as a value, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from accelcore_gemmini.commands import Flag, Kind

if TYPE_CHECKING:
    from accelcore_gemmini.machine import Outcome

_PERCENT = 100.0
_NOTABLE = 0.05  # of all cycles: what waits less is not worth a line
_FEW_CONFIGS = 8
_GARBAGE = 0xFFFFFFFF
_MOST_CONFLICTS = 16
_LINE = 64  # bytes of the largest request


@dataclass(frozen=True)
class Traffic:
    """Bytes that crossed the port for one buffer, and how often its own size that is."""

    buffer: str
    read: int
    written: int
    reread: float


@dataclass(frozen=True)
class Conflict:
    """Scratchpad rows of A and of the next weights that share a bank, and how many steps read both."""

    a: int
    b: int
    steps: int


@dataclass(frozen=True)
class Feedback:
    """The account of a run.

    utilization: ideal cycles of the array (16 for each block product at dim 16, ragged ones in proportion) over all.
    counters: cycles and amounts (see `machine.COUNTERS`).  commands: how many of each kind were executed.
    scratchpad_rows, accumulator_rows: (written, all).  reuse: reads by the array of a scratchpad row for each time
    it is loaded.  conflicts: pairs of local rows of A and of B in one bank, with the number of steps that read both,
    the most frequent first.  split_rows: rows in memory that take more requests than their bytes need, because of
    their alignment.  repeated_weights: preloads that name the weights which the array holds already.  zero_loads:
    loads of zeros.  unwritten_reads: commands that read local rows which nothing has written; first_unwritten:
    source line of the first, 0 when unknown.  bound: "memory", "compute" or "issue"; best: the least cycles that
    memory port, array and host allow.
    """

    cycles: int
    utilization: float
    counters: Mapping[str, int]
    commands: Mapping[str, int]
    traffic: tuple[Traffic, ...]
    scratchpad_rows: tuple[int, int]
    accumulator_rows: tuple[int, int]
    reuse: float
    conflicts: tuple[Conflict, ...]
    split_rows: int
    repeated_weights: int
    zero_loads: int
    unwritten_reads: int
    first_unwritten: int
    bound: str
    best: int
    calibrated: bool

    def json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "counters": dict(self.counters), "commands": dict(self.commands)}

    def text(self) -> str:
        """Lines for people and models, the largest losses first."""
        c, lines = self.counters, [self._headline()]
        lines.append(
            f"busy cycles: load {c['load_busy']}, execute {c['execute_busy']}, store {c['store_busy']}; "
            f"two or more at once {c['overlapped']}"
        )
        lines += self._stalls()
        for one in self.traffic:
            lines.append(
                f"buffer {one.buffer}: {one.read} bytes read, {one.written} written, {one.reread:.2f} x its size"
            )
        requests = c["read_requests"] + c["write_requests"]
        if c["small_requests"]:
            lines.append(f"{c['small_requests']} of {requests} requests are smaller than the port's largest")
        if self.split_rows:
            lines.append(f"{self.split_rows} rows in memory cross a 64-byte line that an aligned row would not")
        local = f"scratchpad rows {_share(self.scratchpad_rows)}, accumulator rows {_share(self.accumulator_rows)}"
        if self.reuse:
            local += f"; each row that is loaded for the array is read {self.reuse:.1f} times"
        lines.append(local)
        lines += self._advice()
        return "\n".join(lines)

    def _headline(self) -> str:
        label = "" if self.calibrated else " (this configuration is not calibrated)"
        return (
            f"{self.cycles} cycles{label}, utilization {self.utilization:.1%}; "
            f"{self.bound}-bound, at best {self.best} cycles"
        )

    def _stalls(self) -> Iterator[str]:
        found = [(self.counters[name], sentence) for name, sentence in _STALLS.items()]
        for cycles, sentence in sorted(found, reverse=True):
            if cycles > _NOTABLE * self.cycles:
                yield f"{cycles} cycles ({cycles / self.cycles:.0%}): {sentence}"

    def _advice(self) -> Iterator[str]:
        for one in self.conflicts[:1]:
            yield (
                f"A at scratchpad row {one.a} and the weights at row {one.b} are in one bank "
                f"({sum(c.steps for c in self.conflicts)} steps like this): place them in different banks"
            )
        configs = sum(n for name, n in self.commands.items() if name.startswith("config"))
        if configs > _NOTABLE * sum(self.commands.values()) and configs > _FEW_CONFIGS:
            yield f"{configs} of {sum(self.commands.values())} commands are configurations; config_ex drains the array"
        if self.repeated_weights:
            yield (
                f"{self.repeated_weights} preloads name the weights that the array holds: "
                "preload the garbage address and use compute_accumulated"
            )
        if self.unwritten_reads:
            line = f", first at line {self.first_unwritten}" if self.first_unwritten else ""
            yield f"{self.unwritten_reads} commands read local rows that nothing has written{line} (undefined)"
        if self.zero_loads:
            yield f"{self.zero_loads} loads of zeros: the first write of a block may overwrite instead of accumulate"


_STALLS = {
    "load_full": "the host waits for a load entry of the reservation station",
    "execute_full": "the host waits for an execute entry of the reservation station",
    "store_full": "the host waits for a store entry of the reservation station",
    "load_waits": "a load waits until its rows have been used (no second buffer)",
    "execute_waits_load": "the array waits for loads of its operands",
    "execute_waits_store": "the array waits until a store has read its destination",
    "store_waits": "a store waits for the array's results",
    "bank_conflict": "rows of A, B or D wait for a scratchpad bank that another access uses",
    "in_flight": "loads wait for one of the 16 outstanding requests (latency-bound)",
    "channel": "loads wait for stores on the request channel",
}


def _share(pair: tuple[int, int]) -> str:
    return f"{pair[0]} of {pair[1]} ({_PERCENT * pair[0] / pair[1]:.0f} %)"


def feedback(outcome: Outcome) -> Feedback:
    """The account of a timed run."""
    ops, config, counters = outcome.operations, outcome.config, outcome.timing.counters
    cycles, ideal = max(outcome.cycles, 1), _ideal_cycles(outcome)
    # Reads answer on a channel of their own; their requests share the other one with the beats of writes.
    sent = counters["write_bytes"] // config.bus_bytes + counters["read_requests"]
    port = max(counters["read_bytes"] // config.bus_bytes, sent)
    issue = int(((ops["flags"] & Flag.FROM_LOOP) == 0).sum()) * config.host_issue
    limits = {"memory": port, "compute": ideal, "issue": issue}
    bound = max(limits, key=lambda name: limits[name])
    kinds = {kind.name.lower(): int((ops["kind"] == kind).sum()) for kind in Kind}
    zero = (ops["kind"] == Kind.MVIN) & ((ops["flags"] & Flag.ZEROS) != 0)
    return Feedback(
        cycles=outcome.cycles, utilization=ideal / cycles, counters=counters,
        commands={name: count for name, count in kinds.items() if count}, traffic=tuple(_traffic(outcome)),
        scratchpad_rows=(outcome.rows_written[0], config.spad_rows),
        accumulator_rows=(outcome.rows_written[1], config.acc_rows),
        reuse=_reuse(ops, config.dim), conflicts=_conflicts(ops, config.spad_rows // config.spad_banks),
        split_rows=_split_rows(ops),
        repeated_weights=_repeated_weights(ops), zero_loads=int(zero.sum()), unwritten_reads=outcome.unwritten_reads,
        first_unwritten=outcome.first_unwritten,
        bound=bound, best=limits[bound], calibrated=config.calibrated,
    )  # fmt: skip


def _ideal_cycles(outcome: Outcome) -> int:
    """Multiplications over those of a cycle: rows x depth of A by the columns of the preload before each compute."""
    import numpy as np

    ops, dim = outcome.operations, outcome.config.dim
    if not len(ops):
        return 0
    preload: Any = np.maximum.accumulate(np.where(ops["kind"] == Kind.PRELOAD, np.arange(len(ops)), 0))
    compute = ops["kind"] == Kind.COMPUTE
    columns = ops["cols"][preload][compute].astype(np.int64)
    products = ops["rows"][compute].astype(np.int64) * ops["cols"][compute] * columns
    return int(products.sum()) // (dim * dim)


def _repeated_weights(ops: Any) -> int:
    """Preloads of the block that the preload before named, with no load to those rows in between."""
    held: tuple[int, int, int] | None = None
    count, to_acc, new, stationary = 0, int(Flag.ACC), int(Flag.NEW_WEIGHTS), int(Flag.OUTPUT_STATIONARY)
    load = int(Kind.MVIN)  # plain numbers: this looks at every command
    moves = ops[(ops["kind"] == Kind.PRELOAD) | (ops["kind"] == load)]
    for kind, flags, local, rows, cols, last in zip(
        moves["kind"].tolist(), moves["flags"].tolist(), moves["local"].tolist(), moves["rows2"].tolist(),
        moves["cols2"].tolist(), (moves["local"].astype("i8") + moves["rows"]).tolist(), strict=True,
    ):  # fmt: skip
        if kind == load:
            if held and not flags & to_acc and local < held[0] + held[1] and held[0] < last:
                held = None
        elif flags & new and not flags & stationary:
            count += held == (local, rows, cols)
            held = (local, rows, cols)
    return count


def _reuse(ops: Any, dim: int) -> float:
    """Reads of scratchpad rows by the array over rows loaded into the scratchpad; 0 where nothing was loaded."""
    import numpy as np

    on_array = (ops["kind"] == Kind.COMPUTE) | (ops["kind"] == Kind.PRELOAD)
    own = on_array & (ops["local"] != _GARBAGE)
    weights = own & (ops["kind"] == Kind.PRELOAD)
    read = int(ops["rows"][own & ~weights].sum(dtype=np.int64)) + int(ops["rows2"][weights].sum(dtype=np.int64))
    load = (ops["kind"] == Kind.MVIN) & ((ops["flags"] & Flag.ACC) == 0)
    blocks = -(-ops["cols"][load].astype(np.int64) // dim)
    loaded = int((ops["rows"][load] * blocks).sum())
    return read / loaded if loaded else 0.0


def _conflicts(ops: Any, bank: int) -> tuple[Conflict, ...]:
    """A of each compute and B of the preload that follows it, where both are in one bank."""
    import numpy as np

    steps = ops[(ops["kind"] == Kind.COMPUTE) | (ops["kind"] == Kind.PRELOAD)]
    first, second = steps[:-1], steps[1:]
    both = (first["kind"] == Kind.COMPUTE) & (second["kind"] == Kind.PRELOAD)
    both &= (first["local"] != _GARBAGE) & (second["local"] != _GARBAGE)
    both &= first["local"] // bank == second["local"] // bank
    pairs = np.stack([first["local"][both], second["local"][both]], axis=1)
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_MOST_CONFLICTS]
    return tuple(Conflict(int(found[i, 0]), int(found[i, 1]), int(counts[i])) for i in order)


def _split_rows(ops: Any) -> int:
    """Rows in memory that lie across more lines than their bytes need."""
    import numpy as np

    moves = ops[((ops["kind"] == Kind.MVIN) & ((ops["flags"] & Flag.ZEROS) == 0)) | (ops["kind"] == Kind.MVOUT)]
    size, count = moves["cols"].astype(np.int64) * moves["element_bytes"], 0
    for row in range(int(moves["rows"].max(initial=0))):
        offset = (moves["dram"].astype(np.int64) + row * moves["stride"]) % _LINE
        split = (offset + size + _LINE - 1) // _LINE > (size + _LINE - 1) // _LINE
        count += int((split & (row < moves["rows"])).sum())
    return count


def _traffic(outcome: Outcome) -> Iterator[Traffic]:
    import numpy as np

    ops = outcome.operations
    rows = np.where((ops["kind"] == Kind.MVIN) & (ops["stride"] == 0), 1, ops["rows"]).astype(np.int64)
    size = rows * ops["cols"] * ops["element_bytes"]
    load = (ops["kind"] == Kind.MVIN) & ((ops["flags"] & Flag.ZEROS) == 0)
    store = ops["kind"] == Kind.MVOUT
    for buffer in outcome.buffers:
        inside = (ops["dram"] >= buffer.base) & (ops["dram"] < buffer.base + buffer.data.nbytes)
        read, written = int(size[load & inside].sum()), int(size[store & inside].sum())
        if read or written:
            yield Traffic(buffer.name, read, written, (read + written) / max(int(buffer.data.nbytes), 1))
