"""What the array languages call things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_SAME = ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")
_MORE = ("floor", "ceil", "trunc", "sign", "isnan", "isinf", "hypot")
_ARC = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "round": "rint", "cbrt": "cbrt"}

_TDIV = """\
def tdiv(a, b):
    \"\"\"Integer division that truncates, as in C.\"\"\"
    q = {m}.abs(a) // {m}.abs(b)
    return {m}.where((a < 0) != (b < 0), -q, q)


"""


@dataclass(frozen=True)
class Dialect:
    """One array language.

    module: the alias that functions are called on; header: the import lines; dtypes: names by our dtype; functions: by
    our function name; forms: texts with {0}, {1} for operators that are no function of that name; scatters: statements
    that update {t} at indices {at} with {value}, by combination.
    """

    language: str
    module: str
    header: str
    dtypes: Mapping[str, str]
    functions: Mapping[str, str]
    forms: Mapping[str, str] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    scatters: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_torch(self) -> bool:
        """PyTorch's functions do not take Python numbers, and its axes are called dim."""
        return self.language == "torch"

    @property
    def axis(self) -> str:
        """The keyword for the reduced axis."""
        return "dim" if self.is_torch else "axis"


def _dtypes(module: str, prefix: str) -> dict[str, str]:
    names = {"bool": prefix, "f16": "float16", "f32": "float32", "f64": "float64", "real": "float64", "int": "int64"}
    names |= {f"i{bits}": f"int{bits}" for bits in (8, 16, 32, 64)} | {
        f"u{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)
    }
    return {ours: f"{module}.{theirs}" for ours, theirs in names.items()}


def _functions(module: str) -> dict[str, str]:
    return {name: f"{module}.{name}" for name in (*_SAME, *_MORE)}


NUMPY = Dialect(
    "numpy",
    "np",
    "import numpy as np\n",
    _dtypes("np", "bool_"),
    _functions("np") | {ours: f"np.{theirs}" for ours, theirs in _ARC.items()} | {"erf": "erf", "erfc": "erfc"},
    {"rsqrt": "1.0 / np.sqrt({0})", "sigmoid": "1.0 / (1.0 + np.exp(-{0}))"},
    {
        "tdiv": _TDIV.format(m="np"),
        "erf": "import math\n\nerf = np.vectorize(math.erf, otypes=[np.float64])\n",
        "erfc": "import math\n\nerfc = np.vectorize(math.erfc, otypes=[np.float64])\n",
    },
    # Of several values that are assigned to one element, NumPy keeps the last.
    {"set": "{t}[{at}] = {value}"}
    | {c: f"np.{f}.at({{t}}, ({{at}},), {{value}})" for c, f in (("add", "add"), ("mul", "multiply"))}
    | {c: f"np.{c}imum.at({{t}}, ({{at}},), {{value}})" for c in ("max", "min")},
)

JAX = Dialect(
    "jax",
    "jnp",
    'import jax\nimport jax.numpy as jnp\n\njax.config.update("jax_enable_x64", True)\n',
    _dtypes("jnp", "bool_"),
    _functions("jnp")
    | {ours: f"jnp.{theirs}" for ours, theirs in _ARC.items()}
    | {"erf": "jax.scipy.special.erf", "erfc": "jax.scipy.special.erfc"},
    {"rsqrt": "1.0 / jnp.sqrt({0})", "sigmoid": "jax.nn.sigmoid({0})"},
    {"tdiv": _TDIV.format(m="jnp")},
    # No "set": JAX leaves open which of several updates of one element remains.
    {
        c: f"{{t}} = {{t}}.at[{{at}}].{f}({{value}})"
        for c, f in (("add", "add"), ("mul", "multiply"), ("max", "max"), ("min", "min"))
    },
)

TORCH = Dialect(
    "torch",
    "torch",
    "import torch\n",
    _dtypes("torch", "bool") | {"bf16": "torch.bfloat16"},
    _functions("torch")
    | {name: f"torch.{name}" for name in ("asin", "acos", "atan", "atan2", "erf", "erfc", "rsqrt", "sigmoid", "round")},
    {"tdiv": 'torch.div({0}, {1}, rounding_mode="trunc")'},
    {},
    {"add": "{t}.index_put_(({at},), {value}, accumulate=True)"},
)
