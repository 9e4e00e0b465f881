"""HTTP to one registry: time and size limits, retries, redirects, login, and errors with a name.

oras-py knows the credentials (``~/.docker/config.json`` and its credential helpers) and the token
dance. Its own requests are not used: they have no timeout, retry a POST, read any amount into
memory and report by logging. Here a request ends within a time, a body within a size, and every
failure is a ``RegistryError`` that says what was being done and holds no secret.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import oras.auth.utils
import oras.container
import oras.logger
import oras.provider
import requests
import urllib3.exceptions

from wasmkit import __version__
from wasmkit.artifact.error_codes import ErrorCode
from wasmkit.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmkit.artifact.reference import Reference

__all__ = ["Reply", "Transport", "oci_errors"]

_CONNECT_TIMEOUT = 10.0
_SILENCE_TIMEOUT = 60.0
"""Seconds without a byte from the registry."""
_TOTAL_TIMEOUT = 900.0
"""Seconds for one response's body."""
_ATTEMPTS = 3
_LONGEST_PAUSE = 10.0
_MAX_REDIRECTS = 5
_MAX_ERROR_BODY = 64 << 10
_MAX_TOKEN_BODY = 1 << 20
_CHUNK = 64 << 10
_SAFE = ("GET", "HEAD")
_TRY_LATER = (429, 502, 503, 504)
_REDIRECTS = (301, 302, 303, 307, 308)
_HUB_HOSTS = ("docker.io", "index.docker.io")
_HINTS = {
    ErrorCode.DENIED: "check that your account may do this, or log in: docker login {host}",
    ErrorCode.NAME_UNKNOWN: "check host, name and tag",
    ErrorCode.UNSUPPORTED: "this registry does not allow it",
    ErrorCode.SIZE_INVALID: "the registry's limit is smaller than this filter",
    ErrorCode.TOOMANYREQUESTS: "try again later",
}
"""What to do about a code, or about a status that comes without one."""
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole response: ``headers`` finds names in any case, ``body`` is empty after HEAD."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Transport:
    """Speaks to the registry of one repository; keeps its login for the time of its life.

    ``plain_http`` None means: plain for this machine, TLS for any other.
    """

    def __init__(self, reference: Reference, *, plain_http: bool | None = None) -> None:
        self.plain = reference.is_loopback if plain_http is None else plain_http
        self.host = "registry-1.docker.io" if reference.host in _HUB_HOSTS else reference.host
        self._scheme = "http" if self.plain else "https"
        self._session = _Session()
        oras.logger.logger.log_handler = []  # it prints; what matters comes as an exception
        registry = oras.provider.Registry(hostname=self.host, insecure=self.plain)
        registry.session = registry.auth.session = self._session
        self._auth: Any = registry.auth
        self._container = oras.container.Container(f"{self.host}/{reference.repository}")
        self._login_name = (
            "https://index.docker.io/v1/" if self.host != reference.host else reference.host
        )
        self._credentials_read = False
        self._authorization = ""

    def url(self, path: str) -> str:
        """Return the address of a path below the repository, such as ``tags/list``."""
        return f"{self._scheme}://{self.host}/v2/{self._container.api_prefix}/{path}"

    def hub_url(self, path: str) -> str:
        """Return an address below the repository in the API of a hub of this project."""
        prefix = self._container.api_prefix
        return f"{self._scheme}://{self.host}/api/v1/filters/{prefix}/{path}"

    def resolve(self, action: str, base: str, location: str) -> str:
        """Return the absolute address that a ``Location`` header names."""
        try:
            url = urljoin(base, location)
            urlsplit(url)
        except ValueError:
            raise RegistryError(
                f"{action}: {self.host} leads to {_plain(location)[:60]!r}, which is not an address"
            ) from None
        return url

    def request(
        self,
        action: str,
        method: str,
        url: str,
        *,
        accept: tuple[int, ...],
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limit: int = _MAX_ERROR_BODY,
    ) -> Reply:
        """Send a request and return the reply, whose status is one of ``accept``.

        ``action`` opens every error message, such as ``fetching the manifest of 'x'``. GET and
        HEAD are tried again after a broken connection or a status that asks for it, and follow
        redirects; other methods do neither. ``limit`` bounds the body, in bytes.
        """
        attempt = 0
        while True:
            attempt += 1
            last = attempt == _ATTEMPTS or method not in _SAFE
            try:
                response = self._authorized(action, method, url, headers or {}, body)
                if response.status_code in _TRY_LATER and not last:
                    _pause(attempt, response.headers.get("Retry-After", ""))
                    response.close()
                    continue
                return self._finish(action, response, accept, limit)
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                if last or not _is_passing(error):
                    raise self._broken(action, error) from error
                _pause(attempt, "")

    def _authorized(
        self,
        action: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> requests.Response:
        response = self._follow(action, method, url, headers, body)
        if response.status_code != requests.codes.unauthorized or not self._is_ours(response.url):
            return response
        challenge = response.headers.get("WWW-Authenticate", "")
        response.close()
        self._authorization = self._log_in(action, challenge)
        return self._follow(action, method, url, headers, body)

    def _follow(
        self,
        action: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> requests.Response:
        for _ in range(_MAX_REDIRECTS):
            if self._scheme == "https" and not url.startswith("https://"):
                raise RegistryError(
                    f"{action}: {self.host} leads from https to {_plain(url)[:60]!r}"
                )
            sent = {**headers, "Accept-Encoding": "identity"}
            if self._authorization and self._is_ours(url):
                sent["Authorization"] = self._authorization
            response = self._session.request(method, url, data=body, headers=sent, stream=True)
            location = response.headers.get("Location", "")
            if response.status_code not in _REDIRECTS or method not in _SAFE or not location:
                return response
            response.close()
            url = self.resolve(action, url, location)
        raise RegistryError(f"{action}: {self.host} redirects in a circle")

    def _is_ours(self, url: str) -> bool:
        """Say whether credentials may go to this address: the registry's own, and no other."""
        parts = urlsplit(url)
        return parts.netloc == self.host and parts.scheme == self._scheme

    def _log_in(self, action: str, challenge: str) -> str:
        """Return an ``Authorization`` header that answers the challenge (RFC 9110 11.6.1)."""
        self._read_credentials(action)
        if "bearer " not in challenge.lower():
            basic = getattr(self._auth, "_basic_auth", None)
            if not challenge.lower().startswith("basic") or not basic:
                raise self._login_needed(action)
            return f"Basic {basic}"
        realm = str(oras.auth.utils.parse_auth_header(challenge).realm or "")
        if not realm.startswith("https://") and not (self.plain and realm.startswith("http://")):
            raise RegistryError(
                f"{action}: {self.host} asks for a login at an unsafe address, {_plain(realm)!r}",
                hint="its owner must set an absolute https realm",
            )
        response = requests.Response()
        response.headers["Www-Authenticate"] = challenge
        try:
            headers, changed = self._auth.authenticate_request(response, {}, refresh=True)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise self._broken(f"{action}: getting a token", error) from error
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            # oras-py takes the token endpoint's answer as it comes.
            raise RegistryError(f"{action}: the token from {self.host} is malformed") from error
        if not changed:
            raise self._login_needed(action)
        return str(headers["Authorization"])

    def _read_credentials(self, action: str) -> None:
        """Read them once, and only when asked for: a credential helper may wake a password box."""
        if self._credentials_read:
            return
        self._credentials_read = True
        folder = os.environ.get("DOCKER_CONFIG")
        file = Path(folder) / "config.json" if folder else None
        configs = [str(file)] if file and file.is_file() else None
        container = oras.container.Container(f"{self._container.registry}/x")
        container.registry = self._login_name
        try:
            self._auth.load_configs(container, configs=configs)
        except (AttributeError, KeyError, TypeError, ValueError, OSError) as error:
            raise RegistryError(
                f"{action}: the credentials in Docker's config.json cannot be used",
                hint=f"log in again: docker login {self.host}",
            ) from error

    def _finish(
        self, action: str, response: requests.Response, accept: tuple[int, ...], limit: int
    ) -> Reply:
        status = response.status_code
        try:
            if status not in accept:
                raise self._refused(action, response)
            wanted = response.request.method != "HEAD"
            body = _read_body(response, limit, action) if wanted else b""
        finally:
            response.close()
        return Reply(status, response.headers, body, response.url)

    def _refused(self, action: str, response: requests.Response) -> RegistryError:
        status = response.status_code
        if status == requests.codes.unauthorized:
            return self._login_needed(action)
        try:
            detail = oci_errors(_read_body(response, _MAX_ERROR_BODY, action))
        except (RegistryError, urllib3.exceptions.HTTPError):
            detail = ""
        phrase = http.client.responses.get(status, "")
        return RegistryError(
            f"{action}: {self.host} answered {status} {detail or phrase}".rstrip(),
            hint=_hint(status, detail.partition(":")[0]).format(host=self.host),
        )

    def _login_needed(self, action: str) -> RegistryError:
        return RegistryError(
            f"{action}: {self.host} answered 401: it wants a login, or refuses the one it got",
            hint=f"docker login {self.host} (or skopeo login, crane auth login)",
        )

    def _broken(self, action: str, error: Exception) -> RegistryError:
        hint = "check the address and the network"
        if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
            why = "TLS failed"
            hint = "a registry without TLS needs --plain-http; else its certificate is not trusted"
        elif isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
            why = "no answer in time"
        else:
            why = _reason(error)
        return RegistryError(f"{action}: {self.host}: {why}", hint=hint)


class _Session(requests.Session):
    """A session whose every answer ends: also those that oras-py asks for behind our back."""

    def __init__(self) -> None:
        super().__init__()
        self.headers["User-Agent"] = f"wasmkit/{__version__}"
        self.auth = _keep  # or requests would put ~/.netrc in the place of our own header

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Name none: requests would read a redirect's body without limit; see ``_follow``."""
        del resp

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        streamed = options.get("stream")
        options |= {
            "stream": True,
            "timeout": (_CONNECT_TIMEOUT, _SILENCE_TIMEOUT),
        }
        response = super().send(request, **options)
        if not streamed:
            with contextlib.closing(response):
                content = _read_body(response, _MAX_TOKEN_BODY, "reading a token")
            response._content = content  # noqa: SLF001  # requests has no public way to set it
        return response


def _keep(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _read_body(response: requests.Response, limit: int, action: str) -> bytes:
    """Read at most ``limit`` bytes as they arrive, so that a slow sender cannot hold us."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RegistryError(f"{action}: the answer is compressed although that was not asked for")
    deadline = time.monotonic() + _TOTAL_TIMEOUT
    content = bytearray()
    while piece := response.raw.read1(_CHUNK, decode_content=False):
        content += piece
        if len(content) > limit:
            raise RegistryError(f"{action}: the answer is larger than {limit} bytes")
        if time.monotonic() > deadline:
            raise RegistryError(f"{action}: the answer takes longer than {_TOTAL_TIMEOUT:.0f} s")
    return bytes(content)


def _pause(attempt: int, retry_after: str) -> None:
    asked = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
    time.sleep(min(max(asked, 0.25 * 4 ** (attempt - 1)), _LONGEST_PAUSE))


def _is_passing(error: Exception) -> bool:
    """Say whether another attempt may go better; a wrong name or certificate stays wrong."""
    final = (
        requests.exceptions.SSLError,
        requests.exceptions.InvalidURL,
        requests.exceptions.InvalidSchema,
        requests.exceptions.ConnectTimeout,
    )
    return not isinstance(error, final) and "NameResolution" not in repr(error)


def _reason(error: BaseException) -> str:
    """Return the operating system's words, or the kind of error: other texts may hold addresses."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror.lower()
        seen = seen.__cause__ or seen.__context__
    return f"the connection failed ({type(error).__name__})"


def _hint(status: int, code: str) -> str:
    known = ErrorCode.__members__.get(code)
    by_status = {code.status: hint for code, hint in _HINTS.items()}
    return _HINTS[known] if known in _HINTS else by_status.get(status, "")


def oci_errors(body: bytes) -> str:
    """Return ``CODE: message`` of an error body (distribution-spec, "Error Codes"), or nothing."""
    try:
        entries = json.loads(body)["errors"]
        texts = [f"{entry['code']}: {entry.get('message') or ''}" for entry in entries[:3]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    return "; ".join(_plain(text).rstrip(": ") for text in texts)


def _plain(text: str) -> str:
    """Return a stranger's text fit for a terminal: printable ASCII, of bounded length."""
    return _UNPRINTABLE.sub(" ", text)[:200]
