"""What the orchestration adds to a model that takes its time: wall time of a step over its longest chain of answers.

A step of `autocomp` with four kernels asks for 16 plans and 32 implementations: 48 calls, of which none waits for more
than one other.  Its longest chain is two answers.  Measured with a model in this process and with one behind HTTP on
loopback (the server shares this machine, so its work counts against us).
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

from accelcore.bench import Landscape, landscapes
from accelcore.journal import Journal
from accelcore.models.answer import Answer
from accelcore.models.client import Client
from accelcore.models.openai import OpenAIModel
from accelcore.models.prices import FREE
from accelcore.proposers.model import ModelProposer
from accelcore.registry import registry
from accelcore.session import Session
from accelcore.values import Budget, Candidate, Usage

SECONDS = 0.2
CHAIN = 2 * SECONDS
STEPS = 4

_numbers = count()


def answer(land: Landscape, prompt: str) -> str:
    """Any plan, or the kernel in the prompt with one setting changed."""
    draw = random.Random(next(_numbers))
    setting = draw.choice(land.settings)
    if "tagged `plan` and nothing" in prompt:
        return f"```plan\nset {setting.name} to {draw.choice(setting.values)} ({draw.random()})\n```"
    point = dict(pair.split("=") for pair in prompt.split("# The kernel\n")[1].split("\n")[1].split())
    point[setting.name] = str(draw.choice(setting.values))
    return "```settings\n" + " ".join(f"{name}={value}" for name, value in point.items()) + "\n```"


@dataclass(frozen=True)
class Slow:
    """A model in this process."""

    land: Landscape
    seconds: float
    prefix = model = "slow"
    price, max_tokens = FREE, 100

    def __repr__(self) -> str:
        return "Slow()"

    def complete(self, messages: Any, *, schema: Any, limits: Any) -> Answer:
        time.sleep(self.seconds)
        return Answer(answer(self.land, messages[1]["content"]), Usage("slow", 1, 1))


@contextmanager
def served(land: Landscape) -> Iterator[OpenAIModel]:
    """The same model behind OpenAI's protocol."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            time.sleep(SECONDS)
            message = {"role": "assistant", "content": answer(land, asked["messages"][1]["content"])}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
            reply = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "usage": usage}
            data = json.dumps({**reply, "choices": [choice]}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    class Server(ThreadingHTTPServer):
        daemon_threads, request_queue_size = True, 128

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield OpenAIModel("m", f"http://127.0.0.1:{server.server_port}/v1")
    server.shutdown()
    server.server_close()


def step(land: Landscape, model: Any) -> tuple[float, float]:
    """Seconds of wall and of CPU that a step with four kernels takes, over STEPS steps."""
    strategy = registry().strategy("autocomp", steps=1, repairs=0, invent=0.0, reuse=False)
    client = Client([model])
    proposers, budget = [ModelProposer()], Budget(tokens=10**9)
    with tempfile.TemporaryDirectory() as folder, Session(
        Journal.create(folder), proposers=proposers, budget=budget, client=client
    ) as session:  # fmt: skip
        session.focus(land.task(), land, land)
        start = session.start(land.lower(session.task))
        beam = [start, *_others(land, start)]
        for _ in session.evaluate(beam):
            pass
        from accelcore_autocomp.family import Family
        from accelcore_autocomp.step import Step

        wall, cpu = time.monotonic(), time.process_time()
        for number in range(STEPS):
            asked = Step(strategy, session, Family(session, start), session.rng(number))
            asked.judged(asked.implementations(beam, exhaustive=False))
        return (time.monotonic() - wall) / STEPS, (time.process_time() - cpu) / STEPS


def _others(land: Landscape, start: Candidate) -> list[Candidate]:
    point = land.point(start.kernel) or {}
    return [Candidate(land.kernel({**point, "BI": value}), start.digest) for value in (16, 32, 64)]


def print_latency() -> None:
    """The table."""
    gemm = next(land for land in landscapes() if land.name == "gemm")
    land = replace(gemm, name="BI")  # an entry that every kernel's text contains
    print(f"\na model that takes {SECONDS} s: a step of 4 kernels x 4 plans x 2 implementations over its longest chain")
    with served(land) as remote:
        rows = {"in this process": Slow(land, SECONDS), "over HTTP": remote}
        for name, model in rows.items():
            wall, cpu = min(step(land, model) for _ in range(3))
            print(f"  {name:<16} {wall / CHAIN:5.2f} x   {1e3 * cpu:6.0f} ms CPU")
    bare = Slow(land, 0.0)
    spread = min(step(land, bare)[1] for _ in range(5))
    with _one_cpu():
        pinned = min(step(land, bare)[1] for _ in range(5))
    print(f"  without latency          {1e3 * spread:6.0f} ms CPU a step, journal on the disk")
    print(f"  without, on one CPU      {1e3 * pinned:6.0f} ms CPU")
    print(f"  (a million turns of an empty loop: {1e3 * _loop():.0f} ms CPU on this machine now)")


@contextmanager
def _one_cpu() -> Iterator[None]:
    """This thread, and those that it starts, on one CPU: what is left is work, without waking other CPUs up."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _loop() -> float:
    """CPU seconds of a fixed piece of Python: what other times of this machine, at this hour, compare with."""
    before = time.process_time()
    for _ in range(1_000_000):
        pass
    return time.process_time() - before


if __name__ == "__main__":
    print_latency()
