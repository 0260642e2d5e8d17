"""Reads malformed.txt, the table of requests, and sends one of them."""
import http.client
import io
import os
import re
import socket

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "malformed.txt")
HOST = "Host: localhost\\r\\n"
ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|.)", re.DOTALL)
REPEAT = re.compile(r"\{([^{}*]+)\*(\d+)\}")
LETTERS = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0"}


def unescape(text):
    """\\r \\n \\t \\0 \\xHH, and any other character for itself."""
    def one(found):
        what = found[1]
        return bytes([int(what[1:], 16)]) if what[:1] == b"x" else LETTERS.get(what, what)
    return ESCAPE.sub(one, text.encode("latin-1"))


def read_request(text):
    text = REPEAT.sub(lambda found: found[1] * int(found[2]), text.replace("{host}", HOST))
    if "{length}" in text:
        head, _, body = text.partition("\\r\\n\\r\\n")
        text = head.replace("{length}", str(len(unescape(body)))) + "\\r\\n\\r\\n" + body
    return unescape(text)


def read_table():
    """[(line number, the expected answers, the request's text, its bytes)]"""
    cases = []
    with open(TABLE, encoding="latin-1") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line and not line.startswith("#"):
                expected, _, text = line.partition("  ")
                cases.append((number, expected, text, read_request(text)))
    return cases


class Received(io.BytesIO):
    """Bytes in the place of a socket; each answer would close them."""

    def makefile(self, *_):
        return self

    def close(self):
        pass


def responses(data):
    """(status, Content-Type) of the answers that a client sees: up to the one that closes."""
    received, seen = Received(data), []
    while received.tell() < len(data):
        response = http.client.HTTPResponse(received)
        response.begin()
        seen.append((response.status, response.getheader("Content-Type")))
        response.read()
        if response.will_close:
            break
    return seen


def exchange(where, request, timeout=30):
    """The responses until the server closed."""
    host, _, port = where.rpartition(":")
    got = b""
    with socket.create_connection((host, int(port)), timeout=timeout) as raw:
        try:
            raw.sendall(request)
            raw.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it had enough of it; its answer may be there all the same
        try:
            while part := raw.recv(65536):
                got += part
        except ConnectionResetError:
            pass
    return responses(got)


def told(answers):
    """Their statuses, "200,400"; "-": none."""
    return ",".join(str(status) for status, _ in answers) or "-"
