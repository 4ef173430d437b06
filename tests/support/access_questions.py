"""How each proxy asks the decision endpoint, and what it gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from access_world import KEY, World, service

from gateway.access.forward_auth import ForwardAuth

CONTRACTS = ("nginx", "traefik", "caddy", "envoy")
HOST = "ledger.gate.example.cn"
PAGE = {"Accept": "text/html,*/*", "Sec-Fetch-Mode": "navigate"}
SCRIPT = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}
SOCKET = {"Accept": "text/html", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
Pairs = list[tuple[bytes, bytes]]


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str:
        """Return the only value of a header."""
        (value,) = [value for key, value in self.headers if key.lower() == name.lower()]
        return value

    def has(self, name: str) -> bool:
        """Tell whether a header is there."""
        return any(key.lower() == name.lower() for key, _ in self.headers)

    @property
    def allowed(self) -> bool:
        """Whether any proxy could take this for a yes."""
        return self.status == 200 or self["X-Hangu-Decision"] == "allow"


def question(
    contract: str,
    target: bytes = b"/",
    *,
    method: str = "GET",
    host: str = HOST,
    address: str = "10.0.0.9",
    cookie: bytes | None = None,
    extra: Mapping[str, str] | None = None,
    more: Iterable[tuple[bytes, bytes]] = (),
) -> dict[str, Any]:
    """Return the environ of the question as this proxy asks it."""
    pairs: Pairs = [(b"x-hangu-proxy-key", KEY), (b"x-forwarded-for", address.encode())]
    raw, query = f"/-/decide/{contract}".encode(), b""
    asked_by = "GET"
    if contract == "nginx":
        url = b"https://" + host.encode() + target
        pairs += [(b"x-original-method", method.encode()), (b"x-original-url", url)]
    elif contract == "envoy":
        path, _, query = target.partition(b"?")
        raw, asked_by = raw + path, method
        pairs += [(b"host", host.encode()), (b"x-forwarded-proto", b"https")]
    else:
        pairs += [
            (b"x-forwarded-method", method.encode()),
            (b"x-forwarded-proto", b"https"),
            (b"x-forwarded-host", host.encode()),
            (b"x-forwarded-uri", target),
        ]
    if cookie is not None:
        pairs.append((b"cookie", cookie))
    pairs += [(name.lower().encode(), value.encode()) for name, value in (extra or PAGE).items()]
    return {
        "REQUEST_METHOD": asked_by,
        "QUERY_STRING": query.decode("latin-1"),
        "hangu.raw_path": raw,
        "hangu.headers": [*pairs, *more],
        "hangu.peer": "10.0.0.2",
    }


def answer(app: Callable[..., Iterable[bytes]], environ: Mapping[str, Any]) -> Answer:
    got: list[Any] = []
    body = b"".join(app(environ, lambda status, headers: got.append((status, headers))))
    status, headers = got[0]
    return Answer(int(status[:3]), headers, body)


def svc(token: str) -> bytes:
    return b"a=1; __Host-hangu-intranet-svc=" + token.encode() + b"; b=2"


@dataclass
class Desk:
    world: World
    app: ForwardAuth
    cookie: bytes

    def ask(self, contract: str, target: bytes = b"/", **more: Any) -> Answer:  # noqa: ANN401
        """Ask as this proxy, with the clerk's session."""
        return answer(self.app, question(contract, target, **({"cookie": self.cookie} | more)))


def set_up(world: World) -> Desk:
    world.open(service())
    return Desk(world, world.forward_auth(), svc(world.sign_in("zhang")))
