"""`run_child`: how programs end, what they may touch, and that nothing of them stays."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import replace

import pytest

from accelcore.errors import MissingTool
from accelcore.sandbox import COMPILER, KERNEL, PYTHON, Level, level_of, run_child
from accelcore.testing.leftovers import leftovers, settled
from accelcore.values import Limits, Status

QUICK = Limits(seconds=10)
TOOLS = replace(COMPILER, name="tools")


def shell(script, policy=TOOLS, limits=QUICK, **more):
    return run_child(["sh", "-c", script], policy, limits, **more)


def test_output_and_exit():
    result = shell("echo out; echo err >&2")
    assert (result.status, result.returncode) == (Status.OK, 0)
    assert (result.stdout, result.stderr) == (b"out\n", b"err\n")
    assert result.text == "out\nerr\n"
    assert result.seconds > 0


@pytest.mark.parametrize(
    ("script", "code"), [("exit 3", 3), ("ulimit -t 5; trap - TERM; sh -c 'kill -9 $$' 2>/dev/null; exit 4", 4)]
)
def test_failure_is_crashed(script, code):
    result = shell(script)
    assert (result.status, result.returncode) == (Status.CRASHED, code)


def test_signal_is_minus_its_number():
    result = run_child([sys.executable, "-I", "-S", "-c", "import os; os.abort()"], PYTHON, QUICK)
    assert (result.status, result.returncode) == (Status.CRASHED, -6)


@pytest.mark.parametrize(
    ("script", "broken", "status"),
    [
        ("exit 0", None, "ok"),
        ("exit 3", None, "ok"),
        ("exit 3", 3, "crashed"),
        ("exit 3", 4, "ok"),
        ("sleep 9", 3, "timeout"),
    ],
)
def test_a_program_has_ended_by_itself_unless_a_rule_or_the_clock_ended_it(script, broken, status):
    result = shell(f"echo out; echo err >&2; {script}", limits=Limits(seconds=0.5 if status == "timeout" else 10))
    told = result.ended(broken)
    assert (told["status"], told["exit"]) == (status, result.returncode)
    assert (told["stdout"], told["log"], told["sandbox"]) == ("out\n", "err\n", result.sandbox)


def test_timeout_ends_it_and_what_it_started():
    before = leftovers()
    result = shell("sleep 1000 & setsid sleep 1000 & sleep 1000", limits=Limits(seconds=0.3))
    assert result.status is Status.TIMEOUT
    assert settled(before=before).processes <= before.processes


def test_daemon_does_not_outlive_the_run():
    before = leftovers()
    # A daemon that kept standard output open would hold up the caller until the time limit: TIMEOUT.
    result = shell("(setsid sleep 1000 &) ; echo started", limits=Limits(seconds=30))
    assert (result.status, result.stdout) == (Status.OK, b"started\n")
    assert settled(before=before).processes <= before.processes


def test_output_is_capped_and_the_child_still_ends():
    result = shell("head -c 3000000 /dev/zero; echo end >&2", limits=Limits(seconds=10, output=1000))
    assert (result.status, len(result.stdout), result.stderr) == (Status.OK, 1000, b"end\n")


def test_standard_input():
    data = os.urandom(300_000)
    assert shell("cat", limits=Limits(output=1 << 20), stdin=data).stdout == data
    assert shell("cat").stdout == b""


def test_environment_is_an_allow_list(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("LANG", "C.UTF-8")
    text = shell("env", env={"EXTRA": "given"}).text
    assert "sk-secret" not in text
    assert "EXTRA=given" in text
    assert "LANG=C.UTF-8" in text


def test_missing_program_is_a_missing_tool():
    with pytest.raises(MissingTool, match="no-such-program"):
        run_child(["no-such-program"], TOOLS)


def test_a_file_that_is_no_program_is_reported(tmp_path):
    path = tmp_path / "text"
    path.write_text("not a program")
    path.chmod(0o755)
    result = run_child([path], TOOLS.reading(tmp_path), QUICK)
    assert result.status is Status.HARNESS_ERROR
    assert result.stderr


def test_working_folder_is_writable_where_the_policy_says_so(tmp_path):
    assert shell("echo text > made; mkdir -p deep; echo more > deep/file", cwd=tmp_path).status is Status.OK
    assert (tmp_path / "made").read_text() == "text\n"
    assert (tmp_path / "made").stat().st_uid == os.getuid()
    result = run_child([sys.executable, "-I", "-S", "-c", "open('second', 'w')"], PYTHON, QUICK, cwd=tmp_path)
    assert result.status is Status.CRASHED
    assert not (tmp_path / "second").exists()


def test_nothing_else_is_writable_or_readable(tmp_path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir(mode=0o777)
    inside.mkdir()
    outside.chmod(0o777)
    (outside / "secret").write_text("secret")
    result = shell(f"echo x > {outside}/made; cat {outside}/secret; echo x > /usr/made; ls {outside}", cwd=inside)
    assert "secret" not in result.stdout.decode()
    assert [p.name for p in outside.iterdir()] == ["secret"]


def test_further_paths_can_be_read_but_not_written(tmp_path):
    (tmp_path / "given").write_text("text")
    result = shell(f"cat {tmp_path}/given; echo x > {tmp_path}/made", TOOLS.reading(tmp_path))
    assert result.stdout == b"text"
    assert not (tmp_path / "made").exists()


def test_links_lead_to_what_may_be_read(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("text")
    (tmp_path / "link").symlink_to("real")
    assert shell(f"cat {tmp_path}/link/file", TOOLS.reading(tmp_path / "link")).stdout == b"text"


def test_memory_is_limited():
    code = "b = bytearray(1 << 30); b[::4096] = b'x' * len(b[::4096])"
    result = run_child([sys.executable, "-I", "-S", "-c", code], PYTHON, Limits(seconds=10, memory=512 << 20))
    assert result.status is Status.CRASHED


def test_processes_are_limited():
    if run_child(["true"], TOOLS).level is Level.WEAK:
        pytest.skip("the sandbox is weak here: a bomb would go off")
    result = shell("for i in $(seq 300); do sleep 20 & done; wait", replace(TOOLS, processes=64), Limits(seconds=3))
    assert result.status is not Status.OK
    assert b"fork" in result.stderr.lower()


@pytest.mark.skipif(os.geteuid() != 0, reason="not root: all processes are the user's own")
def test_children_of_root_do_not_share_an_id():
    if "uid" not in shell("true").layers:
        pytest.skip("root is not left here: the programs can not be read by everybody")
    first, second = (shell("id -u").stdout for _ in range(2))
    assert first != second, "one child's processes would count against the other's limit"
    assert b"0\n" not in (first, second)


def test_a_kernel_policy_cannot_fork():
    result = run_child(["sh", "-c", "sh -c 'exit 0'; true"], KERNEL, QUICK)
    assert result.status is Status.CRASHED


def test_scratch_is_private_and_bounded():
    small = replace(PYTHON, scratch=1 << 20)
    code = "import sys; f = open('/tmp/f', 'wb'); f.write(bytes(int(sys.argv[1]))); f.flush(); print('done')"
    run = [sys.executable, "-I", "-S", "-c", code]
    if "mount" not in run_child([*run, "1"], small, QUICK).layers:
        pytest.skip("no private file system here")
    assert run_child([*run, "100000"], small, QUICK).stdout == b"done\n"
    assert run_child([*run, "5000000"], small, QUICK).stdout == b""


def test_many_threads_may_run_children_at_once():
    results = [None] * 12

    def one(at):
        results[at] = shell(f"echo {at}").stdout

    threads = [threading.Thread(target=one, args=(at,)) for at in range(len(results))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [f"{at}\n".encode() for at in range(len(results))]


def test_a_forked_process_has_a_server_of_its_own():
    assert shell("echo parent").stdout == b"parent\n"
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(write, shell("echo child").stdout)
        finally:
            os._exit(0)
    os.close(write)
    assert os.waitpid(pid, 0)[1] == 0
    assert os.read(read, 100) == b"child\n"
    os.close(read)
    assert shell("echo parent").stdout == b"parent\n"


def test_a_killed_server_is_replaced():
    from accelcore.sandbox.server import SERVER

    shell("true")
    SERVER._process.kill()
    SERVER._process.wait()
    assert shell("echo again").stdout == b"again\n"


@pytest.mark.parametrize(
    ("layers", "level"),
    [
        ("", "weak"),
        ("rlimits no_new_privs landlock", "weak"),
        ("no_new_privs landlock seccomp", "good"),
        ("no_new_privs landlock seccomp pid net", "good"),
        ("no_new_privs landlock seccomp pid net mount", "strong"),
    ],
)
def test_level_follows_from_what_held(layers, level):
    assert level_of(layers.split()) == level


def test_without_namespaces_the_other_layers_hold(monkeypatch, tmp_path):
    """What a container that forbids namespaces leaves: no view, no pid namespace, and still no escape."""
    from accelcore.sandbox import run

    plain = run.specification
    monkeypatch.setattr(run, "specification", lambda *a, **k: plain(*a, **k) | {"namespaces": False})
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "work").mkdir()
    tmp_path.chmod(0o755)
    script = f"cat {tmp_path}/secret; echo x > {tmp_path}/made; (setsid sleep 1000 &); echo mine > file; echo end"
    result = shell(script, cwd=tmp_path / "work")
    assert result.level is not Level.STRONG
    assert (result.status, result.stdout) == (Status.OK, b"end\n"), "it does not wait for the daemon"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["secret", "work"]
    assert (tmp_path / "work" / "file").read_text() == "mine\n"
