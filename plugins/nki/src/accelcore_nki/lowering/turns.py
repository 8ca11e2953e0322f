"""Several tiles of rows in work at a time: each is a generator that gives way before every instruction.

By turns, each tile writes an instruction in its turn.  By the clock, each says what its next instruction is, and the
one that can start first is written: a list schedule with the engines' rates, as if the instructions of a tile waited
for each other.  The order is all that this decides, so it is right whatever the rates are.
"""

from __future__ import annotations

import re

BY_TURNS = '''
def in_turns(tiles, depth, apart):
    """Run generators, `depth` of them at a time and started `apart` turns after each other, an instruction a turn."""
    waiting, active, turn = list(tiles), [], 0
    while waiting or active:
        if waiting and len(active) < depth and (not active or turn >= apart):
            active.append(waiting.pop(0))
            turn = 0
        turn += 1
        for tile in list(active):
            if next(tile, StopIteration) is StopIteration:
                active.remove(tile)

'''
BY_CLOCK = '''
RATES = {"tensor": 2.4, "vector": 0.96, "scalar": 1.2, "gpsimd": 0.6, "dma": 0.72}  # elements a ns and partition
LATENCY = {"tensor": 80, "vector": 104, "scalar": 83, "gpsimd": 83, "dma": 1300}  # ns until its own engine sees it
LEAST = {"dma": 360}  # elements a partition that an instruction costs at least, where that is not 64
SEMAPHORE = 150  # ns more until another engine sees a result


def by_clock(tiles, depth, steps=1):
    """Run generators, `depth` of them at a time: always the one whose next instruction can start first.

    A generator that gives a list of generators goes on when all of them, `steps` at a time, are done.  One that gives
    "take" and a pool goes on when the pool has something.
    """
    active, free, parked, started = [], {}, [], [0]

    def seen(done, last):
        return done + LATENCY[last] + SEMAPHORE if last else done

    def begin(family, ready):
        while family["waiting"] and family["running"] < family["room"]:
            family["running"] += 1
            started[0] += 1
            first = ready if family["of"] else min((entry[0] for entry in active), default=ready)
            resume(family["waiting"].pop(0), family, started[0], first, "")

    def resume(tile, family, number, done, last):
        work = next(tile, None)
        if isinstance(work, list):
            work.append(iter(()))  # at least one, so that its end resumes this one
            ready = seen(done, last)
            begin({"waiting": work, "running": 0, "room": steps, "end": ready, "of": (tile, family, number)}, ready)
        elif work is None:
            family["running"] -= 1
            family["end"] = max(family["end"], seen(done, last))
            begin(family, done)
            if not family["running"] and not family["waiting"] and family["of"]:
                outer, family["of"] = family["of"], None
                resume(*outer, family["end"], "")
        elif work[0] == "take":
            parked.append((number, work[1], tile, family, seen(done, last)))
        elif work[0] == last:
            active.append((done if last == "tensor" else done + LATENCY[last], number, work, tile, family))
        else:
            active.append((seen(done, last), number, work, tile, family))
        for entry in sorted(parked, key=lambda entry: entry[0]):
            if entry[1]:
                parked[:] = [other for other in parked if other[0] != entry[0]]
                resume(entry[2], entry[3], entry[0], max(entry[4], seen(done, last)), "")
                break

    begin({"waiting": list(tiles), "running": 0, "room": depth, "end": 0.0, "of": None}, 0.0)
    while active:
        at = min(range(len(active)), key=lambda n: max(active[n][0], free.get(active[n][2][0], 0.0)))
        ready, number, (engine, passes, *operands), *whose = active.pop(at)
        narrow = operands and all(operand.dtype in (nl.bfloat16, nl.float16) for operand in operands)
        if engine == "vector" and narrow:
            passes = passes / 2
        elif any(operand.buffer == nl.psum for operand in operands[1:]):
            passes = 1
        elif engine == "tensor" and operands and operands[-1].dtype != nl.float32:
            passes = 1
        count = max([math.prod(operand.shape[1:]) for operand in operands], default=1)
        took = max(LEAST.get(engine, 64), count * passes) / RATES[engine]
        free[engine] = max(ready, free.get(engine, 0.0)) + took
        resume(*whose, number, free[engine], engine)

'''
_ENGINES = {
    "nc_matmul": "tensor", "nc_transpose": "tensor", "activation": "scalar", "dma_copy": "dma", "dma_transpose": "dma",
    "iota": "gpsimd", "affine_select": "gpsimd",
}  # fmt: skip
_PASSES = {"nc_matmul": 4, "nc_transpose": 2}  # of float32
_TWICE = frozenset(("tensor_tensor", "scalar_tensor_tensor", "tensor_tensor_scan"))  # two float32 streams from SBUF
_OPERANDS = {
    "nc_matmul": (0, 1, 2), "tensor_tensor": (0, 1, 2), "tensor_tensor_scan": (0, 1, 2), "iota": (0,), "memset": (0,),
    "affine_select": (0,), "scalar_tensor_tensor": (0, 1, -1),
}  # fmt: skip
"""Which of the names among the arguments are tiles whose size counts; the first two of most."""
_TILE = re.compile(r"[A-Za-z_]\w*(\[.*\])?")
_TAKEN = re.compile(r"\w+ = (\w+)\.pop\(0\)")


def turn(line: str) -> str:
    """The line before another where tiles go by turns: only instructions have one."""
    return "yield" if line.startswith("nisa.") else ""


def clock(line: str) -> str:
    """The line before another where tiles go by the clock.

    Before an instruction: its engine, how often that goes over an element, and the tiles that it works on.  Before
    something is taken from a pool: the pool.
    """
    taken = _TAKEN.fullmatch(line)
    if taken:
        return f'yield "take", {taken[1]}'
    if not line.startswith("nisa."):
        return ""
    operation, _, rest = line.removeprefix("nisa.").partition("(")
    named = re.search(r"engine=nisa\.engine\.(\w+)", line)
    engine = named[1] if named else _ENGINES.get(operation, "vector")
    operands = [re.sub(r"^(dst|src|operand1)=", "", part) for part in _arguments(rest)]
    tiles = [o for o in operands if _TILE.fullmatch(o) and not o.startswith("nl.")]
    places = _OPERANDS.get(operation, (0, 1))
    tiles = [tiles[at] for at in places if -len(tiles) <= at < len(tiles)]
    passes = 2 if engine == "vector" and operation in _TWICE else _PASSES.get(operation, 1)
    return f'yield "{engine}", {", ".join([str(passes), *tiles])}'


def _arguments(text: str) -> list[str]:
    """The arguments of a call whose opening parenthesis is gone."""
    found, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        if (letter == "," and depth == 0) or depth < 0:
            found.append(text[start:at].strip())
            start = at + 1
        if depth < 0:
            break
    return found
