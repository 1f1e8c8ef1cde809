"""A local page for reviewers: loopback only, behind a token, nothing from outside."""

from __future__ import annotations

import hmac
import json
import secrets
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit

from finqa_gym.review.seat import Seat

__all__ = ["ReviewServer"]

MAX_BODY_BYTES = 64 * 1024
REQUEST_TIMEOUT_S = 10.0


class ReviewServer(ThreadingHTTPServer):
    """Serves one `Seat` on 127.0.0.1.

    Every request needs the token of `url`: other programs of this machine, and pages of other sites
    in the same browser, do not have it. Requests for another host name are refused, so that no
    foreign name can be pointed here. The page shows everything as text and loads nothing.

    Args:
        seat: Who reviews what.
        port: Port; 0 takes a free one.
    """

    daemon_threads = True

    def __init__(self, seat: Seat, port: int = 0) -> None:
        self.seat = seat
        self.token = secrets.token_urlsafe(24)
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        """Address of the page, token included."""
        return f"http://127.0.0.1:{self.server_address[1]}/?token={self.token}"


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    timeout = REQUEST_TIMEOUT_S
    # No version of Python or of this package for whoever asks.
    server_version = "finqa-gym"
    sys_version = ""

    def do_GET(self) -> None:
        path, query = self._split()
        if not self._allowed(query):
            return
        seat = self.server.seat
        if path == "/":
            self._page()
        elif path == "/api/tasks":
            self._json({"reviewer": seat.log.reviewer, "tasks": seat.overview()})
        elif path == "/api/task":
            try:
                self._json(seat.view(int(query.get("place", ["?"])[0])))
            except (ValueError, IndexError) as error:
                self._fail(HTTPStatus.NOT_FOUND, str(error))
        else:
            self._fail(HTTPStatus.NOT_FOUND, f"there is no {path}")

    def do_POST(self) -> None:
        path, query = self._split()
        if not self._allowed(query):
            return
        if path != "/api/decision":
            self._fail(HTTPStatus.NOT_FOUND, f"there is no {path}")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._fail(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"Content-Length is {length or 'missing'}; at most {MAX_BODY_BYTES} bytes are read",
            )
            return
        try:
            body = json.loads(self.rfile.read(int(length)))
            place, verdict = body["place"], body["verdict"]
            if type(place) is not int:
                raise TypeError(f"place is {place!r}; it must be a number")
            decision = self.server.seat.decide(
                place, str(body["hash"]), verdict, str(body.get("comment", ""))
            )
        except (ValueError, TypeError, KeyError, IndexError) as error:
            self._fail(HTTPStatus.BAD_REQUEST, f"{type(error).__name__}: {error}")
            return
        self._json({"verdict": decision.verdict})

    def _split(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        return parts.path, parse_qs(parts.query)

    def _allowed(self, query: dict[str, list[str]]) -> bool:
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if host not in ("127.0.0.1", "localhost"):
            self._fail(HTTPStatus.FORBIDDEN, f"host {host!r} is not this machine's loopback")
            return False
        given = self.headers.get("X-Token") or query.get("token", [""])[0]
        if not hmac.compare_digest(given.encode(), self.server.token.encode()):
            reason = "the token is missing or wrong; open the printed address"
            self._fail(HTTPStatus.FORBIDDEN, reason)
            return False
        return True

    def _page(self) -> None:
        nonce = secrets.token_urlsafe(16)
        page = (files("finqa_gym.review") / "page.html").read_text(encoding="utf-8")
        self._send(
            page.replace("{nonce}", nonce).encode(),
            "text/html; charset=utf-8",
            policy=(
                f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
                "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
        )

    def _json(self, value: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(value, ensure_ascii=False).encode(), "application/json", status)

    def _fail(self, status: HTTPStatus, reason: str) -> None:
        self._json({"error": reason}, status)

    def _send(
        self,
        body: bytes,
        content_type: str,
        status: HTTPStatus = HTTPStatus.OK,
        policy: str = "default-src 'none'",
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: addresses carry the token."""
