"""A worker that says what it can evaluate: python -m accelcore_dask.worker tcp://HOST:8786."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence

from accelcore.errors import UsageError
from accelcore.registry import registry


def announced() -> dict[str, float]:
    """One place for each target that has an evaluator which is usable here."""
    found = registry()
    usable = [t.name for t in found.targets() if any(not e.missing() for e in found.evaluators(t.name))]
    return dict.fromkeys(usable, 1.0)


def tags_from(texts: Sequence[str]) -> dict[str, float]:
    """`NAME` or `NAME=PLACES`; UsageError for what is no number."""
    found: dict[str, float] = {}
    for text in texts:
        name, _, places = text.partition("=")
        try:
            found[name] = float(places or 1)
        except ValueError:
            raise UsageError(f"{places!r} is no number", where=f"--tag {name}", hint="write --tag NAME=1") from None
    return found


async def serve(scheduler: str, tags: Mapping[str, float], *, restart: bool) -> None:
    """Work for a scheduler until it is gone.

    One thread: two kernels that are timed on one machine at once would disturb each other.  restart: under a nanny
    process, which starts the worker again when it dies.
    """
    from distributed import Nanny, Worker

    kind = Nanny if restart else Worker
    options = {"nthreads": 1, "resources": dict(tags), "dashboard": False, "memory_limit": 0}
    async with kind(scheduler, **options) as server:
        await server.finished()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m accelcore_dask.worker", description=__doc__)
    parser.add_argument("scheduler", help="tcp://HOST:PORT or tls://HOST:PORT")
    parser.add_argument("--tag", action="append", default=[], metavar="NAME[=PLACES]", help="announce this instead")
    parser.add_argument("--no-restart", action="store_true", help="end for good when it dies")
    given = parser.parse_args(arguments)
    logging.getLogger("distributed").setLevel(logging.WARNING)
    try:
        tags = tags_from(given.tag) or announced()
        sys.stderr.write(f"announcing {', '.join(tags) or 'no target'} to {given.scheduler}\n")
        asyncio.run(serve(given.scheduler, tags, restart=not given.no_restart))
    except UsageError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"error: {given.scheduler}: {error}\n  hint: is the scheduler up?\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
