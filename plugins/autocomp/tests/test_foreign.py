"""A kernel for another machine, given to `optimize` with a model: translated first, then searched from."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import accelcore
from accelcore.values import Grade, Kernel, Status

PROGRAM = 'def twice(x: "f32[n]", n: int) -> "f32[n]":\n    return [2.0 * x[i] for i in range(n)]\n'


@pytest.fixture
def author():
    """A server that answers a request for a translation with `kernel` and everything else with nothing of use."""

    class Handler(BaseHTTPRequestHandler):
        kernel, prompts = "", []

        def log_message(self, *arguments):
            """Quiet."""

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            prompt = asked["messages"][1]["content"]
            self.prompts.append(prompt)
            wanted = "written for another machine" in prompt
            text = f"```score\n10\n```\n```python\n{self.kernel}\n```" if wanted else "no idea"
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
            usage = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
            reply = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "usage": usage}
            data = json.dumps({**reply, "choices": [choice]}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    Handler.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield Handler
    server.shutdown()
    server.server_close()


def test_it_is_translated_and_then_searched_from(tmp_path, monkeypatch, author):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "twice.py").write_text(PROGRAM)
    common = {"sizes": {"n": 64}, "cache": False, "max_evaluations": 4}
    made = accelcore.compile("twice.py", "numpy", **common)
    author.kernel = made.kernel_text.rstrip() + "\n# from another machine"
    foreign = Kernel(f"import other_machine\n{made.kernel_text}", "python", "twice")
    options = {"translate": "2", "steps": "1", "plans": "1", "repairs": "0"}
    result = accelcore.optimize(
        foreign,
        "twice.py",
        "numpy",
        strategy="autocomp",
        strategy_options=options,
        model=f"openai:m@{author.url}",
        **common,
    )
    first, evaluation = result.candidates[0]
    assert first.kernel == foreign and evaluation.status is not Status.OK
    assert any("import other_machine" in prompt for prompt in author.prompts)
    assert Status.OK in {e.status for _, e in result.candidates}
    translated = [(c, e) for c, e in result.candidates if c.move is not None and c.move.name == "translated(10)"]
    assert translated and all(e.status is Status.OK for _, e in translated)
    assert result.best is not None and result.grade in (Grade.DERIVED, Grade.TESTED)
