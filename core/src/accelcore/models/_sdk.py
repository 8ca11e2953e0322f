"""What both adapters share: keys, addresses, prices, and the SDKs' exceptions in our words.

Both SDKs name their exceptions alike (APIStatusError with `.status_code` and `.response`, APIConnectionError,
APITimeoutError), so one table serves both.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, ClassVar
from urllib.parse import urlsplit

from accelcore.errors import MissingTool, ModelError
from accelcore.models.answer import TransientError, UnreachableError
from accelcore.models.prices import FREE, Price, price_of

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class SdkModel:
    """Base of models that a provider's SDK reaches.  Subclasses are dataclasses with these two fields among others.

    prefix: the provider, and the name of its SDK's package; client_class: of the SDK; key_variable: of the environment.
    """

    model: str
    base_url: str

    prefix: ClassVar[str]
    client_class: ClassVar[str]
    key_variable: ClassVar[str]

    def missing(self) -> Sequence[str]:
        """The SDK, where it is not installed."""
        if importlib.util.find_spec(self.prefix):
            return ()
        return (f'{self.prefix}: pip install "accelcore[{self.prefix}]"',)

    @property
    def price(self) -> Price | None:
        """None when the table does not know the model."""
        return FREE if is_local(self.base_url) else price_of(self.prefix, self.model)

    @contextmanager
    def client(self) -> Iterator[Any]:
        """The SDK's client; whatever it raises inside becomes a ModelError."""
        key = key_from(self.key_variable, self.base_url, self.prefix)
        sdk = imported(self.prefix)
        with explained(sdk, f"{self.prefix}:{self.model}", self.base_url, key):
            yield connected(sdk, self.client_class, self.base_url, key)


def is_local(url: str) -> bool:
    """Whether an address is this machine's own: a server of the user, without key and without price."""
    return (urlsplit(url).hostname or "") in _LOCAL


def key_from(variable: str, url: str, provider: str) -> str:
    """The key in the environment; a local server needs none.  ModelError at once when it is missing."""
    key = os.environ.get(variable, "").strip()
    if key or is_local(url):
        return key or "none"
    raise ModelError(
        f"there is no key for {provider}: {variable} is not set",
        where="--model",
        hint=f"export {variable}=..., or use a server of your own: --model {provider}:NAME@http://127.0.0.1:8000",
    )


def imported(package: str) -> ModuleType:
    """The SDK; MissingTool with the command that installs it."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        hint = f'pip install "accelcore[{package}]"'
        raise MissingTool(f"the package {package} is not installed", where="--model", hint=hint) from error


_clients: dict[tuple[str, str, str], Any] = {}
_lock = threading.Lock()


def connected(sdk: ModuleType, name: str, url: str, key: str) -> Any:
    """The SDK's client for an address and a key, made once: making one costs tens of milliseconds.

    It retries nothing, and is safe to be used from several threads.
    """
    with _lock:
        where = (name, url, key)
        if where not in _clients:
            _clients[where] = getattr(sdk, name)(api_key=key, base_url=url, max_retries=0)
        return _clients[where]


@contextmanager
def explained(sdk: ModuleType, where: str, host: str, secret: str) -> Iterator[None]:
    """Turn an SDK's exceptions into ModelErrors of one line, without the key in them."""
    try:
        yield
    except sdk.APITimeoutError as error:
        raise TransientError(f"{host} did not answer in time", where=where) from _clean(error)
    except sdk.APIStatusError as error:
        raise _status(error, where, host, secret) from None
    except sdk.APIConnectionError as error:
        cause = error.__cause__ or error
        kind = UnreachableError if type(cause).__name__ == "ConnectError" else TransientError  # else it was cut
        raise kind(
            f"cannot reach {host}: {_line(cause, secret)}", where=where, hint="is the address right, the server up?"
        ) from None
    except sdk.APIError as error:  # a stream that reports an error in its middle
        raise TransientError(f"{host} broke off: {_line(error, secret)}", where=where) from None
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise TransientError(f"{host} sent what is no answer: {_line(error, secret)}", where=where) from None
    except Exception as error:  # the HTTP layer's own: a connection that was cut while the body was read
        if type(error).__module__.split(".")[0] not in ("httpx", "httpx2", "httpcore", "httpcore2", "h11"):
            raise
        raise TransientError(f"{host} broke off: {_line(error, secret)}", where=where) from None


def _status(error: Any, where: str, host: str, secret: str) -> ModelError:
    code, said = int(error.status_code), _line(error, secret)
    if code in _TRANSIENT:
        after = retry_after(error.response.headers)
        return TransientError(f"{host} answered {code}: {said}", retry_after=after, where=where)
    hints = {
        400: "the model or server does not take this request; see the message",
        401: "the key is wrong or expired",
        402: "the account has no credit left",
        403: "the key may not use this model",
        404: "is the model's name right? the provider's page lists them",
        413: "the prompt is too long for this model",
    }
    return ModelError(f"{host} answered {code}: {said}", where=where, hint=hints.get(code, "see the message"))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `retry-after-ms` or `retry-after` (a number, or a date of RFC 9110); None without either."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) / unit)
        except (KeyError, ValueError):
            continue
    from email.utils import parsedate_to_datetime

    try:
        from datetime import UTC, datetime

        return max(0.0, (parsedate_to_datetime(headers["retry-after"]) - datetime.now(UTC)).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None


def _line(error: object, secret: str) -> str:
    """One line, without the key."""
    text = " ".join(str(error).split())[:300]
    return text.replace(secret, "***") if secret and secret != "none" else text


def _clean(error: BaseException) -> BaseException | None:
    """Drop the chain: an SDK's request object holds the key in its headers."""
    return None
