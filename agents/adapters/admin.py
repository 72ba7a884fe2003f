"""The admin server of a worker: is it alive, is it ready, how far are its partitions, why is a customer so.

It listens on loopback and is up from the start, before recovery. Listening anywhere else needs a token,
which the settings insist on; without a token a request must also name this machine in its ``Host``, so
that no web page in a browser on it can read the answers (DNS rebinding).
"""

import hmac
import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final, Protocol

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from pydantic import SecretStr

from agents.errors import InfrastructureError
from agents.settings import Settings
from agents.settings.kinds import is_loopback

from .logs import get_logger
from .metrics import CONTENT_TYPE, Metrics

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Server": "holdfast",  # not which library in which version
}


Asked = Callable[[str], tuple[HTTPStatus, bytes]]
"""From a customer id to a status and a body of JSON."""


class Status(Protocol):
    """What a worker says about itself."""

    @property
    def alive(self) -> bool:
        """False: only a restart helps."""

    @property
    def ready(self) -> bool:
        """All owned partitions are recovered and running."""

    @property
    def reason(self) -> str:
        """Why it is not ready or not alive, in a few words; empty otherwise."""

    def partitions(self) -> Sequence[dict[str, object]]:
        """The entries of ``/partitions``, in the form of ``wire.md``."""


class AdminServer:
    """A running admin server.

    Attributes:
        url: where it answers, with the port that was found.
    """

    def __init__(self, url: str, runner: web.AppRunner) -> None:
        self.url = url
        self._runner = runner

    async def stop(self) -> None:
        """Close the port and what is open; twice is fine."""
        await self._runner.cleanup()


async def start_admin(
    settings: Settings,
    status_provider: Callable[[], Status],
    metrics: Metrics,
    role: str = "detect",
    why: Asked | None = None,
) -> AdminServer:
    """Start to listen. ``why`` answers for the customers that this worker owns.

    Raises:
        InfrastructureError: the address cannot be had.
    """
    app = web.Application(middlewares=[_door(settings.admin.token)])
    app.on_response_prepare.append(_add_headers)
    app.add_routes(_routes(_Pages(status_provider, metrics, role, why)))
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    host, port = settings.admin.host.strip("[]"), settings.admin.port
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise InfrastructureError(
            f"the admin server cannot listen on {host}:{port}: {error.strerror}",
            "is another worker using the port? Set admin.port to another one, or to 0 for any free one",
        ) from None
    shown = f"[{host}]" if ":" in host else host
    server = AdminServer(f"http://{shown}:{_port_of(runner)}", runner)
    get_logger("admin").info("admin server listens", url=server.url, token=settings.admin.token is not None)
    return server


def _port_of(runner: web.AppRunner) -> int:
    port: int = runner.addresses[0][1]
    return port


class _Pages:
    """The answers."""

    def __init__(
        self, status_provider: Callable[[], Status], metrics: Metrics, role: str, why: Asked | None
    ) -> None:
        self._status = status_provider
        self._metrics = metrics
        self._role = role
        self._why = why

    async def livez(self, _request: web.Request) -> web.Response:
        """200 while a restart would not help."""
        status = self._status()
        return _verdict("alive", status.alive, status.reason)

    async def readyz(self, _request: web.Request) -> web.Response:
        """200 when all owned partitions are recovered and running."""
        status = self._status()
        return _verdict("ready", status.alive and status.ready, status.reason)

    async def metrics(self, _request: web.Request) -> web.Response:
        """Prometheus' text form."""
        return web.Response(body=self._metrics.render(), headers={hdrs.CONTENT_TYPE: CONTENT_TYPE})

    async def partitions(self, _request: web.Request) -> web.Response:
        """How far each partition is."""
        status = self._status()
        document = {"role": self._role, "ready": status.ready, "partitions": list(status.partitions())}
        return web.json_response(document, dumps=_json)

    async def why(self, request: web.Request) -> web.Response:
        """What is known of one customer, in the form of ``wire.md``. Who was asked about is not logged."""
        if self._why is None:
            return web.json_response({"error": "this role owns no customers"}, status=HTTPStatus.NOT_FOUND)
        status, body = self._why(request.match_info["customer"])
        return web.Response(status=status, body=body, content_type="application/json")


def _routes(pages: _Pages) -> list[web.RouteDef]:
    return [
        web.get("/livez", pages.livez),
        web.get("/readyz", pages.readyz),
        web.get("/metrics", pages.metrics),
        web.get("/partitions", pages.partitions),
        web.get("/why/{customer}", pages.why),
    ]


def _verdict(word: str, yes: bool, reason: str) -> web.Response:  # noqa: FBT001 - it is the verdict
    document = {word: yes} if yes else {word: yes, "reason": reason or "no reason given"}
    status = HTTPStatus.OK if yes else HTTPStatus.SERVICE_UNAVAILABLE
    return web.json_response(document, status=status, dumps=_json)


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _door(token: SecretStr | None) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if token is not None and not _carries(request, token):
            return web.json_response(
                {"error": "a bearer token is needed"},
                status=HTTPStatus.UNAUTHORIZED,
                headers={hdrs.WWW_AUTHENTICATE: "Bearer"},
            )
        if token is None and not is_loopback(request.url.host or ""):
            return web.json_response({"error": "unknown host"}, status=HTTPStatus.MISDIRECTED_REQUEST)
        return await handler(request)

    return check


def _carries(request: web.Request, token: SecretStr) -> bool:
    scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    expected = token.get_secret_value().encode()
    # Constant time: how long the comparison takes must not tell how much of a guess was right.
    same = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), expected)
    return same and scheme.lower() == "bearer"
