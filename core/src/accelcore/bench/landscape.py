"""Kernels whose cost is known: settings written as text, judged by adding up a table."""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import ClassVar

from accelcore.values import (
    Artifact,
    Cost,
    Evaluation,
    Fidelity,
    Kernel,
    Machine,
    Move,
    Phase,
    Proposal,
    Request,
    Source,
    Status,
    Task,
)

_WRONG = "WRONG"


@dataclass(frozen=True)
class Setting:
    """One setting: its values, and what each adds to the cost."""

    name: str
    values: tuple[int, ...]
    costs: tuple[float, ...]


@dataclass(frozen=True)
class Together:
    """What a combination of values adds."""

    values: tuple[tuple[str, int], ...]
    cost: float


@dataclass(frozen=True)
class Landscape:
    """A target, its kernels and its bench in one: a kernel is one value per setting, as text "BI=8 BJ=8 ...".

    cost = base + the costs of the values + the costs of all combinations present; lower is better.  The start takes
    every setting's first value.
    """

    name: str
    base: float
    settings: tuple[Setting, ...]
    together: tuple[Together, ...] = ()
    about: str = ""

    language: ClassVar[str] = "settings"
    knowledge: ClassVar[Path | None] = None
    version: ClassVar[str] = "1"
    timed: ClassVar[bool] = False
    batch: ClassVar[int] = 8
    lanes: ClassVar[int] = 1

    @classmethod
    def read(cls, name: str, text: str) -> Landscape:
        """From TOML as in `accelcore/bench/data`."""
        data = tomllib.loads(text)
        settings = tuple(
            Setting(key, tuple(value["values"]), tuple(map(float, value["costs"])))
            for key, value in data["settings"].items()
        )
        together = tuple(
            Together(tuple((key, value) for key, value in row.items() if key != "cost"), float(row["cost"]))
            for row in data.get("together", ())
        )
        return cls(name, float(data["base"]), settings, together, str(data.get("about", "")))

    @cached_property
    def optimum(self) -> float:
        """The smallest cost, by looking at every point."""
        names = [setting.name for setting in self.settings]
        points = product(*(setting.values for setting in self.settings))
        return min(self.cost(dict(zip(names, point, strict=True))) for point in points)

    def cost(self, point: Mapping[str, int]) -> float:
        """Cost of one point."""
        alone = sum(s.costs[s.values.index(point[s.name])] for s in self.settings)
        joint = sum(t.cost for t in self.together if all(point[name] == value for name, value in t.values))
        return self.base + alone + joint

    def proposer(self, seed: int) -> ScriptedProposer:
        """What searches here ask: a proposer that knows nothing."""
        return ScriptedProposer(self, seed)

    # As a target.

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def machine(self) -> Machine:
        """None."""
        return Machine(self.name)

    def task(self) -> Task:
        """The only task that it knows."""
        return Task(self.name, (), Source("", self.language, self.name), sizes=((),))

    def lower(self, task: Task) -> Kernel:
        """The start."""
        return self.kernel({setting.name: setting.values[0] for setting in self.settings})

    def moves(self, task: Task, kernel: Kernel) -> Sequence[Move]:
        """Every setting at every value."""
        return [Move(f"{s.name}={value}", f"set {s.name} to {value}") for s in self.settings for value in s.values]

    def rewrite(self, move: Move, task: Task, kernel: Kernel) -> Iterable[Kernel]:
        """The kernel with one setting changed."""
        name, equals, value = move.name.partition("=")
        point = self.point(kernel)
        if not equals or point is None or point.get(name) == int(value):
            return []
        return [self.kernel({**point, name: int(value)})]

    def baselines(self, task: Task) -> Mapping[str, Kernel]:
        """None."""
        return {}

    def kernel(self, point: Mapping[str, int]) -> Kernel:
        """A point as text."""
        return Kernel(" ".join(f"{name}={value}" for name, value in point.items()), self.language, self.name)

    def point(self, kernel: Kernel) -> dict[str, int] | None:
        """The point that a text means; None for a wrong kernel."""
        if kernel.text.startswith(_WRONG):
            return None
        return {name: int(value) for name, value in (pair.split("=") for pair in kernel.text.split())}

    # As a bench.

    @property
    def fingerprint(self) -> str:
        """Of the landscape."""
        return f"landscape {self.name}"

    def build(self, task: Task, kernels: Sequence[Kernel]) -> Sequence[Artifact | Evaluation]:
        """Every text builds."""
        return [Artifact(kernel, "", "") for kernel in kernels]

    def judge(self, task: Task, artifact: Artifact, incumbent: Artifact | None) -> Evaluation:
        """The cost of the point, or WRONG."""
        kernel, point = artifact.kernel, self.point(artifact.kernel)
        if point is None:
            return Evaluation(kernel.digest, task.name, (), Status.WRONG, fingerprint=self.fingerprint)
        cost = Cost(self.cost(point), "points")
        facts = {"fidelity": Fidelity.MODELLED, "fingerprint": self.fingerprint}
        return Evaluation(kernel.digest, task.name, (), Status.OK, cost=cost, **facts)  # type: ignore[arg-type]  # two fields by name

    def close(self) -> None:
        """Nothing is open."""


def landscapes() -> tuple[Landscape, ...]:
    """Those that ship with accelcore."""
    folder = files("accelcore.bench").joinpath("data")
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(Landscape.read(f.name.removesuffix(".toml"), f.read_text()) for f in found)


@dataclass(frozen=True)
class ScriptedProposer:
    """A proposer that knows nothing: a plan names a setting and a value, both uniformly; an implementation sets it.

    wrong: fraction of implementations that compute a wrong result.  Every choice is a hash of (seed, kind of request,
    parent's text, plan, sample number), where samples are numbered on when the same is asked again; so a replayed run
    sees the same replies, and two runs the same as far as they ask the same.
    """

    landscape: Landscape
    seed: int = 0
    wrong: float = 0.0
    _asked: Counter[tuple[str, ...]] = field(default_factory=Counter, compare=False, repr=False)

    name: ClassVar[str] = "scripted"
    about: ClassVar[str] = "uniform choices by a hash of the request"
    inline: ClassVar[bool] = True

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def propose(self, request: Request, *, n: int, seed: int) -> Iterator[Proposal]:
        """Plans, implementations of the plan in `request.moves`, or both in one for a request without moves."""
        parent = request.parent
        if parent is None or request.phase not in (Phase.PLAN, Phase.IMPLEMENT):
            return
        given = request.moves[0] if len(request.moves) == 1 else None
        kind = (request.phase.value, parent.kernel.text, given.name if given else "")
        for _ in range(n):
            sample = self._asked[kind]
            self._asked[kind] += 1
            move = given or self._plan(parent.kernel.text, sample)
            if request.phase is Phase.PLAN:
                yield Proposal("", move.text, self.name, move=move)
            else:
                yield Proposal("", move.text, self.name, kernel=self._code(parent.kernel, move, sample), move=move)

    def _plan(self, text: str, sample: int) -> Move:
        settings = self.landscape.settings
        setting = settings[int(self._draw("setting", text, sample) * len(settings))]
        value = setting.values[int(self._draw("value", text, sample) * len(setting.values))]
        return Move(f"{setting.name}={value}", f"set {setting.name} to {value}")

    def _code(self, parent: Kernel, move: Move, sample: int) -> Kernel:
        name, value = move.name.split("=")
        kernel = self.landscape.kernel({**(self.landscape.point(parent) or {}), name: int(value)})
        if self._draw("wrong", parent.text, move.name, sample) < self.wrong:
            return Kernel(f"{_WRONG} {kernel.text}", kernel.language, kernel.entry)
        return kernel

    def _draw(self, *key: object) -> float:
        """A number in [0, 1) from the key."""
        digest = hashlib.sha256(repr((self.seed, *key)).encode()).digest()
        return int.from_bytes(digest[:7], "big") / (1 << 56)
