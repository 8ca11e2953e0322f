"""Compilers: finding, naming, caching, refusing."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelcore.cgen import batch, toolchain, zig
from accelcore.cgen.binding import adapted
from accelcore.errors import MissingTool, UsageError
from accelcore.ir.expr import size
from accelcore.values import Kernel, Limits, Param, Role, Source, Status, Task

LIMITS = Limits(seconds=60)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setenv("ACCELCORE_CACHE", str(tmp_path))
    return tmp_path


def test_equal_requests_are_compiled_once(cache: Path) -> None:
    one = toolchain.compiler()
    first = toolchain.compile_shared(one, "int f(void) { return 1; }", ("-O1",), LIMITS)
    assert first.path is not None
    stamp = first.path.stat().st_mtime_ns
    again = toolchain.compile_shared(one, "int f(void) { return 1; }", ("-O1",), LIMITS)
    other = toolchain.compile_shared(one, "int f(void) { return 1; }", ("-O2",), LIMITS)
    assert again.path == first.path and first.path.stat().st_mtime_ns == stamp
    assert other.path != first.path
    assert sorted(p.suffix for p in (cache / "build").iterdir()) == [".so", ".so"], "nothing else is left behind"


def test_an_error_is_the_compilers_words(cache: Path) -> None:
    built = toolchain.compile_shared(toolchain.compiler(), "int f( {", (), LIMITS)
    assert built.path is None and "error" in built.log


def test_a_compiler_that_takes_too_long_is_stopped(cache: Path, tmp_path: Path) -> None:
    source = '#include "/dev/zero"\n'
    built = toolchain.compile_shared(toolchain.compiler(), source, (), Limits(seconds=1.0))
    assert built.path is None and built.log


def test_the_environment_chooses_and_a_wrong_choice_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    known = toolchain.compiler().command[0]
    monkeypatch.setenv(toolchain.ENVIRONMENT, "no-such-compiler")
    with pytest.raises(MissingTool, match="no-such-compiler"):
        toolchain.compilers()
    assert toolchain.missing() and "no-such-compiler" in toolchain.missing()[0]
    monkeypatch.setenv(toolchain.ENVIRONMENT, f"{known} -pipe")
    assert toolchain.compilers()[0].command[1:] == ("-pipe",)


def test_without_a_compiler_the_hint_has_a_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(toolchain.ENVIRONMENT, raising=False)
    if any(c.family != "zig" for c in toolchain.compilers()):
        pytest.fail("found a compiler outside PATH")
    if not toolchain.compilers():
        with pytest.raises(MissingTool) as caught:
            toolchain.compiler()
        assert "install" in caught.value.hint


def test_names_and_identities() -> None:
    for one in toolchain.compilers():
        assert toolchain.compiler(one.name) == one
        assert any(c.isdigit() for c in one.identity)


@pytest.mark.parametrize(
    "flags",
    ["-fplugin=x.so", "-include /etc/passwd", "-B/tmp", "-o x", "@file", "-flto", "-Wl,-rpath", "-specs=x", "x.c"],
)
def test_flags_that_reach_beyond_code_generation_are_refused(flags: str) -> None:
    with pytest.raises(UsageError):
        toolchain.checked_flags(flags)


def test_flags_of_code_generation_are_taken() -> None:
    text = "-O3 -march=native -mprefer-vector-width=512 -ffast-math -fno-tree-vectorize -fveclib=libmvec"
    assert toolchain.checked_flags(text) == tuple(text.split())


def kernel(text: str, *schedule: str) -> Kernel:
    return Kernel(text, "c", "ac_f", schedule)


def test_only_generated_text_shares_a_unit() -> None:
    plain = "#include <stdint.h>\nint ac_f(void) { return 0; }\n"
    assert batch.may_share(kernel(plain, "simd()"))
    assert not batch.may_share(kernel(plain))
    assert not batch.may_share(kernel("#define return exit\n" + plain, "simd()"))
    assert not batch.may_share(kernel("__attribute__((constructor)) void g(void) {}\n" + plain, "simd()"))


def test_a_unit_of_several_has_a_symbol_for_each() -> None:
    texts = [f"int ac_f(void) {{ return {n}; }}\nint ac_f_workspace(void) {{ return {n}; }}\n" for n in range(3)]
    parts = batch.compile_batch(toolchain.compiler(), [kernel(t, "x") for t in texts], (), LIMITS)
    assert len({p.built.path for p in parts}) == 1
    import ctypes

    library = ctypes.CDLL(str(parts[0].built.path))
    assert [library[p.symbol]() for p in parts] == [0, 1, 2]
    assert [library[f"{p.symbol}_workspace"]() for p in parts] == [0, 1, 2]


def dot() -> Task:
    n = size("n")
    params = (Param("x", "f32", (n,)), Param("y", "f32", (n,)), Param("s", "f32", (), Role.OUT))
    return Task("dot", params, Source("", "c", "dot"))


def test_a_kernel_of_its_own_signature_is_adapted() -> None:
    text = "float mydot(int n, const float *a, const float *b) { return n ? a[0] * b[0] : 0; }"
    own = Kernel(text, "c", "mydot", binding=(("n", "(int)n"), ("x", "x"), ("y", "y"), ("s", "return")))
    made = adapted(dot(), own)
    assert made.entry == "ac_dot" and "s[0] = mydot((int)n, x, y);" in made.text
    assert adapted(dot(), kernel(text)) == kernel(text)


def test_a_binding_is_no_way_to_write_code() -> None:
    for text in ("x; system(0)", "{}", "stdin", 'x["'):
        with pytest.raises(UsageError, match="no expression"):
            adapted(dot(), Kernel("", "c", "f", binding=(("x", text),)))


def test_zig_works_in_a_folder_that_keeps_its_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work, home = tmp_path / "work", tmp_path / "home"
    (work / "sub").mkdir(parents=True)
    (work / "sub" / "in.txt").write_text("text")
    script = 'cp sub/in.txt out.txt && echo used >> "$ZIG_GLOBAL_CACHE_DIR.log" && test ! -e more || exit 7\n'
    (work / "run.sh").write_text(script)
    for turn in range(2):
        done = zig.run(["/bin/sh", "run.sh", "-target", "somewhere"], work, Limits(seconds=60), home)
        assert done.status is Status.OK, done.text
        assert (work / "out.txt").read_text() == "text"
        assert ("somewhere, once" in capsys.readouterr().err) == (turn == 0)
    assert (home / "cache.log").read_text() == "used\nused\n"
    assert not list(home.glob("work-*"))
    (work / "more").touch()
    assert zig.run(["/bin/sh", "run.sh"], work, Limits(seconds=60), home).returncode == 7
