"""Framed messages over a Unix stream socket: a length, then JSON, then optional bytes; descriptors ride along."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_HEADER = struct.Struct("<II")
_MAX_FDS = 32


def send(sock: socket.socket, message: dict[str, Any], payload: bytes = b"", fds: tuple[int, ...] = ()) -> None:
    """Send one message; the descriptors are duplicated into the receiver."""
    text = json.dumps(message, separators=(",", ":")).encode()
    header = _HEADER.pack(len(text), len(payload))
    if fds:
        socket.send_fds(sock, [header], list(fds))
        sock.sendall(text + payload)
    else:
        sock.sendall(header + text + payload)


def receive(sock: socket.socket) -> tuple[dict[str, Any], bytes, list[int]]:
    """The next message.  EOFError when the other side has closed."""
    header, fds, _, _ = socket.recv_fds(sock, _HEADER.size, _MAX_FDS)
    header += _exactly(sock, _HEADER.size - len(header)) if header else b""
    if not header:
        raise EOFError
    length, extra = _HEADER.unpack(header)
    message = json.loads(_exactly(sock, length))
    return message, _exactly(sock, extra), fds


def _exactly(sock: socket.socket, count: int) -> bytes:
    parts = []
    while count:
        part = sock.recv(min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
