"""A scripted server that speaks both providers' protocols over real HTTP on loopback."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from accelcore.models.anthropic import AnthropicModel
from accelcore.models.client import Client
from accelcore.models.openai import OpenAIModel

SECRET = "sk-secret-0123456789"


def openai_body(text, finish="stop", usage=True):
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}
    tokens = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    tokens["prompt_tokens_details"] = {"cached_tokens": 40}
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return {**body, **({"usage": tokens} if usage else {})}


def anthropic_body(text, finish="end_turn"):
    usage = {"input_tokens": 60, "output_tokens": 20, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 0}
    content = [{"type": "text", "text": text}] if text else []
    body = {"id": "x", "type": "message", "role": "assistant", "model": "m", "content": content}
    return {**body, "stop_reason": finish, "stop_sequence": None, "usage": usage}


def openai_events(text):
    def chunk(**fields):
        return {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", **fields}

    parts = [text[: len(text) // 2], text[len(text) // 2 :]]
    rows = [chunk(choices=[{"index": 0, "delta": {"content": part}, "finish_reason": None}]) for part in parts]
    rows.append(chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    rows.append(chunk(choices=[], usage={"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}))
    return [f"data: {json.dumps(row)}\n\n" for row in rows] + ["data: [DONE]\n\n"]


def anthropic_events(text):
    start = anthropic_body("")
    start.update(stop_reason=None)
    rows = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 20},
        },
        {"type": "message_stop"},
    ]
    return [f"event: {row['type']}\ndata: {json.dumps(row)}\n\n" for row in rows]


class Server:
    """Answers each request by the next entry of `script`, the last one for ever.

    An entry is text (a good answer), (status, body, headers), or one of "hang", "cut", "garbage", "cut stream".
    """

    def __init__(self):
        self.script, self.requests, self.headers = ["hello"], [], []
        self.release, self._lock = threading.Event(), threading.Lock()
        handler = type("Handler", (_Handler,), {"script": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def next(self, request, headers):
        with self._lock:
            self.requests.append(request)
            self.headers.append(headers)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def close(self):
        self.release.set()
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    script: Server

    def log_message(self, *arguments):
        """Quiet."""

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        entry = self.script.next(request, dict(self.headers))
        if callable(entry):
            entry = entry(request)
        is_openai = self.path.endswith("/chat/completions")
        if entry == "hang":
            self.script.release.wait(30)
            return
        if entry in ("cut", "garbage"):
            body = b"<html>not json" if entry == "garbage" else b'{"id": "x", "obj'
            self._head(200, len(body) + (100 if entry == "cut" else 0))
            self.wfile.write(body)
            self.close_connection = True
        elif request.get("stream"):
            self._stream(entry, (openai_events if is_openai else anthropic_events))
        elif isinstance(entry, str):
            self._send(200, openai_body(entry) if is_openai else anthropic_body(entry))
        else:
            self._send(*entry)

    def _stream(self, entry, events):
        if not isinstance(entry, str):
            self._send(*entry)
            return
        rows = events("half of it" if entry == "cut stream" else entry)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for row in rows[:2] if entry == "cut stream" else rows:
            self.wfile.write(row.encode())
        self.close_connection = True

    def _send(self, status, body, headers=()):
        data = json.dumps(body).encode()
        self._head(status, len(data), headers)
        self.wfile.write(data)

    def _head(self, status, length, headers=()):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(length))
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()


@pytest.fixture
def secret():
    """The key in the environment."""
    return SECRET


@pytest.fixture
def bodies():
    """The two good answers, as the providers write them."""
    return openai_body, anthropic_body


@pytest.fixture
def server():
    opened = Server()
    yield opened
    opened.close()


@pytest.fixture(params=["openai", "anthropic"])
def model(request, server, monkeypatch):
    """Each adapter against the server, with a key in the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    if request.param == "openai":
        return OpenAIModel("m", f"{server.url}/v1")
    return AnthropicModel("m", server.url)


@pytest.fixture
def client(model):
    """A client that notes its pauses instead of making them."""
    pauses = []
    opened = Client([model], pause=pauses.append)
    opened.pauses = pauses
    yield opened
    opened.close()
