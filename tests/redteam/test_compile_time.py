"""Attacks through the compiler: text that reads the host, never ends, or fills memory, disk or the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelcore.platforms.c import CEvaluator
from accelcore.testing.tasks import elementwise
from accelcore.values import Evaluation, Kernel, Limits, Status

TASK = elementwise().task
ENTRY = """
int ac_elementwise(float a, const float *x, float *y, long n) {
    (void)a, (void)x, (void)y, (void)n;
    return 0;
}
"""
SECONDS = 4.0

pytestmark = pytest.mark.skipif(bool(CEvaluator().missing()), reason="no C compiler")


def built(text: str) -> Evaluation:
    found = CEvaluator().build(TASK, [Kernel(text, "c", "ac_elementwise")], limits=Limits(SECONDS))[0]
    assert isinstance(found, Evaluation), "it was built"
    return found


@pytest.fixture
def secret(tmp_path):
    """A file of the user that no compiler has a use for."""
    path = tmp_path / "secret"
    path.write_text("the-secret-key\n")
    tmp_path.chmod(0o755)
    path.chmod(0o644)
    return path


@pytest.mark.parametrize(
    "line",
    [
        '#include "{path}"',
        '__asm__(".incbin \\"{path}\\"");',
        'static const char *s = __FILE__;\n#if __has_include("{path}")\n#error it-can-be-seen\n#endif\n#error hidden',
    ],
    ids=["include", "incbin", "has_include"],
)
def test_files_of_the_host_cannot_be_read(line, secret):
    found = built(line.replace("{path}", str(secret)) + ENTRY)
    assert found.status is Status.COMPILE_ERROR
    assert "the-secret-key" not in found.log + found.feedback
    assert "it-can-be-seen" not in found.log + found.feedback


@pytest.mark.parametrize("form", ['#include "{path}"', '__asm__(".incbin \\"{path}\\"");'], ids=["include", "incbin"])
@pytest.mark.parametrize("path", ["/proc/self/environ", "/proc/1/environ", "/etc/shadow"])
def test_nor_can_its_environment_and_accounts(form, path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-the-secret-key")
    kernel = Kernel(form.replace("{path}", path) + ENTRY, "c", "ac_elementwise")
    found = CEvaluator().build(TASK, [kernel], limits=Limits(SECONDS))[0]
    if isinstance(found, Evaluation):
        assert found.status is Status.COMPILE_ERROR
        seen = (found.log + found.feedback).encode()
    else:  # the compiler's own environment was there, and is an allow-list
        seen = Path(found.path).read_bytes()
    assert b"the-secret-key" not in seen and b"root:" not in seen


BOMBS = {
    "endless device": '#include "/dev/zero"\n',
    "includes itself": '#include __FILE__\n#include __FILE__\n',
    "macros that double": "".join(
        f"#define m{n + 1} m{n} m{n} m{n} m{n} m{n} m{n} m{n} m{n}\n" for n in range(12)
    ) + "#define m0 x+\nint x; int y = m12 1;\n",
    "a large object": "char filled[1L << 33] = {1};\n",
    "a long log": "".join(f'#warning "{n}{"w" * 500}"\n' for n in range(20000)) + "#error end\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end(name):
    """At the compiler's own limits or the sandbox's; without either this would not return."""
    found = built(BOMBS[name] + ENTRY)
    assert found.status in (Status.COMPILE_ERROR, Status.TIMEOUT)
    assert len(found.log) + len(found.feedback) < 1 << 20, "the log is cut"
