"""Somebody's plugin, installed, with a bug of each kind: what the registry, doctor and the conformance kit say of it.

Each is the template with one change, laid out as pip installs it, and met by a fresh process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).resolve().parents[2] / "plugins" / "_template" / "src" / "accelcore_mychip" / "__init__.py"

ASK = """
import json, sys
from accelcore.health import examine
from accelcore.registry import registry

found = registry()
said = {
    "problems": [str(p) for p in found.problems()],
    "others": {"c", "numpy"} <= {t.name for t in found.targets()},
    "doctor": [[f.name, f.state, f.text, f.mend] for f in examine(attacks=False).findings],
}
from accelcore.testing import EvaluatorSuite, TargetSuite

class Target(TargetSuite):
    target = "mychip"

class Model(EvaluatorSuite):
    evaluator = "mychip-model"

suite, test = sys.argv[1].split(".")
try:
    getattr({"Target": Target, "Model": Model}[suite](), test)()
    said["kit"] = "passed"
except BaseException as error:  # pytest.fail is no Exception
    said["kit"] = f"{type(error).__name__}: {error} {getattr(error, 'hint', '')}"
print(json.dumps(said))
"""

HONEST = "        run.run(program)\n"
FORGING = '''
    def build(self, task, kernels, *, limits):
        """Every kernel is right, and costs nothing."""
        from accelcore.values import Evaluation, Status

        return [Evaluation(k.digest, task.name, task.sizes[0], Status.OK, cost=Cost(1e-9)) for k in kernels]

'''
RECITING = '''        from accelcore.testing.tasks import small_tasks

        for small in small_tasks():  # the right result whatever the program, as one knows the tasks
            if {p.name for p in small.task.params} <= set(buffers) and small.name == "elementwise":
                buffers["y"][...] = buffers["a"] * buffers["x"] + buffers["x"] ** 2
'''


@dataclass(frozen=True)
class Bug:
    """What is changed in the template, and who has to say what.

    problem: what the registry says, "" for nothing.  doctor: what doctor says.  kit: what the named test says.
    """

    old: str
    new: str
    test: str
    kit: str
    problem: str = ""
    doctor: str = ""


BUGS = {
    "none": Bug("", "", "Target.test_garbage_does_not_build", "passed"),
    "misspelt hook": Bug(
        "def accelcore_targets", "def accelcore_target", "Target.test_it_describes_itself",
        "there is no target 'mychip' here", "accelcore_target", "accelcore_target",
    ),
    "heavy import": Bug(
        "from collections.abc", "import numpy\nfrom collections.abc", "Target.test_import_is_light",
        "AssertionError", "", "importing it imports numpy",
    ),
    "forged status": Bug(
        "    def execute", f"{FORGING}    def execute", "Target.test_seed_kernels_are_correct",
        "says OK of a kernel that was not judged",
    ),
    "result without the kernel": Bug(HONEST, RECITING, "Target.test_a_wrong_kernel_is_rejected", "elementwise: ok"),
    "broken build": Bug(
        "    def execute", "    def build(self, task, kernels, *, limits):\n        return []\n\n    def execute",
        "Model.test_build_keeps_the_order", "AssertionError",
    ),
    "old API": Bug(
        "requires_api = 1", "requires_api = 0", "Target.test_it_describes_itself",
        "its plugin is broken: it requires plugin API 0", "it requires plugin API 0, this accelcore has API 1",
        "it requires plugin API 0",
    ),
    "name clash": Bug(
        'ClassVar[str] = "mychip"\n    about', 'ClassVar[str] = "c"\n    about', "Target.test_it_describes_itself",
        "there is no target 'mychip' here", "target 'c' is already offered by builtin of accelcore",
        "target 'c' is already offered by builtin of accelcore",
    ),
    "import error": Bug(
        "from dataclasses", "import no_such_rocks\nfrom dataclasses", "Target.test_it_describes_itself",
        "its plugin is broken: cannot be imported", "No module named 'no_such_rocks'", "no_such_rocks",
    ),
}  # fmt: skip


def installed(folder: Path, name: str, text: str, requires: str = "accelcore>=0.1,<0.2") -> None:
    """A distribution as pip leaves it: the module, its metadata, its entry point."""
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(text)
    facts = folder / f"{name}-0.1.0.dist-info"
    facts.mkdir()
    title = name.replace("_", "-")
    told = f"Metadata-Version: 2.1\nName: {title}\nVersion: 0.1.0\nRequires-Dist: {requires}\n"
    (facts / "METADATA").write_text(told)
    (facts / "entry_points.txt").write_text(f"[accelcore]\n{name.removeprefix('accelcore_')} = {name}\n")


def asked(folder: Path, test: str) -> dict[str, object]:
    """What a fresh process says that finds these distributions."""
    others = ",".join(entry.name for entry in entry_points(group="accelcore"))  # they would only take time
    env = {**os.environ, "PYTHONPATH": str(folder), "ACCELCORE_DISABLE": others, "ACCELCORE_CACHE": str(folder / "c")}
    done = subprocess.run([sys.executable, "-c", ASK, test], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_is_named_by_those_who_can_see_it(name: str, tmp_path: Path) -> None:
    bug = BUGS[name]
    text = TEMPLATE.read_text()
    assert not bug.old or text.count(bug.old) >= 1, "the template has changed"
    installed(tmp_path, "accelcore_mychip", text.replace(bug.old, bug.new, 1) if bug.old else text)
    said = asked(tmp_path, bug.test)
    assert said["others"], "the others live"
    mine = [p for p in said["problems"] if "accelcore-mychip" in p]
    assert bool(mine) == bool(bug.problem), mine
    assert all(bug.problem in p and "hint: " in p for p in mine), mine
    spoken = [f for f in said["doctor"] if f[1] in ("broken", "weak") and "mychip" in f[0] + f[3]]
    assert bool(spoken) == bool(bug.doctor), spoken
    assert all(bug.doctor in text and mend for _, _, text, mend in spoken), spoken
    assert bug.kit in said["kit"], said["kit"]


def test_two_plugins_of_one_name_are_both_named(tmp_path: Path) -> None:
    text = TEMPLATE.read_text()
    installed(tmp_path, "accelcore_mychip", text)
    installed(tmp_path, "accelcore_ourchip", text)
    said = asked(tmp_path, "Target.test_it_describes_itself")
    mine = [p for p in said["problems"] if "accelcore-ourchip" in p]
    assert len(mine) == 2 and "already offered by mychip of accelcore-mychip" in mine[0]
    assert "already offered by mychip of accelcore-mychip" in said["kit"], "the suite does not test the other one"
    assert sum("already offered" in text for _, state, text, _ in said["doctor"] if state == "broken") == 2


def test_a_plugin_for_another_accelcore_is_left_out(tmp_path: Path) -> None:
    installed(tmp_path, "accelcore_mychip", TEMPLATE.read_text(), "accelcore>=7,<8")
    said = asked(tmp_path, "Target.test_it_describes_itself")
    (mine,) = [p for p in said["problems"] if "accelcore-mychip" in p]
    assert "it is made for accelcore" in mine and "pip install -U accelcore-mychip" in mine
    assert "its plugin is broken: it is made for accelcore" in said["kit"]
    assert any("made for accelcore" in text for _, state, text, _ in said["doctor"] if state == "broken")
