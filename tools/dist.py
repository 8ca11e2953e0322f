"""`make dist`: wheel and sdist of every distribution, into dist/.  `--wheels FOLDER` makes wheels only, elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Build core and every plugin of the workspace; the template is what others copy and is not built."""
    import tomllib

    wheels = arguments[:1] == ["--wheels"]
    out = Path(arguments[1]) if wheels else ROOT / "dist"
    members = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
    for member in members:
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT / member)]
        done = subprocess.run([*command, *(["--wheel"] if wheels else [])], capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
            return 1
        print(done.stdout.strip().splitlines()[-1])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
