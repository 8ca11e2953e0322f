"""kill -9 with eight paid calls in flight: nothing is lost, and no more than those in flight is paid again."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from accelcore import journal

SCRIPT = Path(__file__).with_name("search_script.py")
VALUES = {"BI": (8, 16, 32, 64), "BJ": (64, 128, 256), "BK": (8, 16, 32), "ORDER": (0, 1, 2), "UNROLL": (1, 4, 8)}


def answer_to(asked):
    """A deterministic author: it sets what a hash of the request and the sample says."""
    draw = random.Random(hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest())
    prompt = json.loads(asked["request"])["messages"][1]["content"]
    name = draw.choice(sorted(VALUES))
    if "tagged `plan` and nothing" in prompt:
        return f"```plan\nset {name}\n```"
    point = dict(pair.split("=") for pair in prompt.split("# The kernel\n")[1].split("\n")[1].split())
    point[name] = str(draw.choice(VALUES[name]))
    return "```settings\n" + " ".join(f"{key}={value}" for key, value in point.items()) + "\n```"


class Account:
    """What the server was paid for, how many calls were in flight, and when it cuts its client's life."""

    def __init__(self):
        self.paid, self.flying, self.most = Counter(), 0, 0
        self.process, self.fuse = None, 0
        self.lock = threading.Lock()

    def begin(self, asked):
        with self.lock:
            self.paid[json.dumps(asked, sort_keys=True)] += 1
            self.flying += 1
            self.most = max(self.most, self.flying)
            self.fuse -= 1
            if self.fuse == 0 and self.process is not None:
                self.process.send_signal(signal.SIGKILL)

    def end(self):
        with self.lock:
            self.flying -= 1


@pytest.fixture
def paying():
    """A server that takes 20 ms for an answer, its address and its account."""
    account = Account()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments):
            """Quiet."""

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            account.begin(asked)
            time.sleep(0.02)
            account.end()
            data = json.dumps({"text": answer_to(asked)}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            """A killed client breaks its connections."""

    server = Quiet(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", account
    server.shutdown()
    server.server_close()


def start(folder, run, url):
    return subprocess.Popen([sys.executable, str(SCRIPT), str(folder), run, url])


def decisions(folder):
    run = journal.read(folder)
    candidates = [(c.step, c.slot, c.digest, c.parent, c.plan, c.origin) for c in run.candidates]
    return candidates, {e.kernel: e.cost for e in run.evaluations}, run.best


def killed_and_resumed(tmp_path, paying, kills, seed):
    """Each sitting but the last dies at one of its first calls, drawn at random; then everything is compared."""
    url, account = paying
    account.paid.clear()
    account.process = None
    assert start(tmp_path, "whole", url).wait() == 0
    distinct = len(account.paid)
    assert sum(account.paid.values()) == distinct > 20
    assert 4 < account.most <= 8, "of eight calls at once, a loaded machine keeps the last ones waiting"
    account.paid.clear()
    rng = random.Random(seed)
    for _ in range(kills):
        with account.lock:
            account.fuse = rng.randint(1, distinct // (kills + 1))
            account.process = start(tmp_path, "killed", url)
        assert account.process.wait() == -signal.SIGKILL
    account.process = None
    assert start(tmp_path, "killed", url).wait() == 0
    assert decisions(tmp_path / "killed") == decisions(tmp_path / "whole")
    assert len(account.paid) == distinct
    assert sum(account.paid.values()) - distinct <= 8 * kills


def test_calls_in_flight_are_all_that_is_paid_twice(tmp_path, paying):
    killed_and_resumed(tmp_path, paying, 4, seed=1)


@pytest.mark.full
def test_thirty_kills(tmp_path, paying):
    for seed in range(6):
        folder = tmp_path / str(seed)
        folder.mkdir()
        killed_and_resumed(folder, paying, 5, seed=seed)
