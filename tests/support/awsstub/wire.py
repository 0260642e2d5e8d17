"""HTTP/1.1 on a socket: just what AWS's protocols need, with exact control over the bytes."""
import socket
import socketserver
import struct
import time
from email.utils import formatdate

REASONS = {100: "Continue", 200: "OK", 204: "No Content", 206: "Partial Content",
           304: "Not Modified"}
HANG_S = 120
LINE_MAX = 65536


class Request:
    """A request as it arrived: header names keep their order, `header` finds them in lower case."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.path, _, self.query = target.partition("?")
        self.header = {name.lower(): value for name, value in headers}


class Answer:
    """What goes back. cut: send that many bytes of the body and hang up; instead: a wire fault."""

    def __init__(self, status, body=b"", content_type=None, headers=()):
        self.status, self.body, self.headers = status, body, list(headers)
        self.cut = self.instead = None
        if content_type:
            self.headers.append(("Content-Type", content_type))

    def set(self, name, value):
        self.headers = [(n, v) for n, v in self.headers if n.lower() != name.lower()]
        self.headers.append((name, value))

    def head(self, date):
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Error')}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.status not in (204, 304):
            lines.append(f"Content-Length: {len(self.body)}")
        lines += [f"Date: {formatdate(date, usegmt=True)}", "", ""]
        return "\r\n".join(lines).encode("latin-1")


class Connection(socketserver.StreamRequestHandler):
    """Keep-alive loop over one connection."""

    disable_nagle_algorithm = True  # else each answer waits 40 ms for a delayed acknowledgement
    rbufsize = 65536

    def handle(self):
        try:
            while self._one():
                pass
        except (ConnectionError, TimeoutError):
            pass

    def _one(self):
        request = self._read()
        if request is None:
            return False
        state = self.server.state
        began = time.monotonic()
        state.entered()
        try:
            answer = self.server.serve(request)
            pause = state.settings["latency_ms"]
            if pause and not request.path.startswith("/_ctl"):
                time.sleep(max(0, began + pause / 1e3 - time.monotonic()))
        finally:
            state.left()
        return self._write(request, answer, state.now())

    def _read(self):
        line = self.rfile.readline(LINE_MAX).decode("latin-1").split()
        if len(line) != 3:
            return None
        headers, length = [], 0
        while True:
            text = self.rfile.readline(LINE_MAX).decode("latin-1").rstrip("\r\n")
            if not text:
                break
            name, _, value = text.partition(":")
            headers.append((name, value.strip(" \t")))
            if name.lower() == "content-length":
                length = int(value)
            elif name.lower() == "expect":
                self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return Request(line[0], line[1], headers, self.rfile.read(length) if length else b"")

    def _write(self, request, answer, date):
        if answer.instead in ("hang", "lostreply", "reset"):
            self._vanish(answer.instead)
            return False
        head = answer.head(date)
        body = b"" if request.method == "HEAD" or answer.status in (204, 304) else answer.body
        if answer.instead == "slow":
            self._trickle(head + body)
        elif answer.cut is not None:
            self.connection.sendall(head + body[: answer.cut])
            return False
        else:
            self.connection.sendall(head + body)
        return request.header.get("connection", "").lower() != "close"

    def _vanish(self, how):
        if how == "hang":
            time.sleep(HANG_S)
        elif how == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def _trickle(self, data):
        for at in range(0, len(data), 64):
            self.connection.sendall(data[at : at + 64])
            time.sleep(0.05)


class Server(socketserver.ThreadingTCPServer):
    """serve(request) gives the answer; runs in the connection's thread."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port, state, serve):
        super().__init__(("127.0.0.1", port), Connection)
        self.state, self.serve = state, serve

    def handle_error(self, request, client_address):
        pass  # a client that hung up; what matters is in the log of calls

    def shutdown_request(self, request):
        try:
            super().shutdown_request(request)
        except OSError:
            pass
