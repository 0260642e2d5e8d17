"""A stand-in for the AWS Lambda runtime API: hands out invocations one after the other and takes
what the function says of them. One sandbox; deadlines as given."""
import http.server
import json
import queue
import threading
import time

PREFIX = "/2018-06-01/runtime"


class Runtime:
    def __init__(self):
        self.waiting = queue.Queue()
        self.told = queue.Queue()  # (request id or None, "response" or "error", headers, document)
        self.asked = threading.Event()
        runtime = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                assert self.path == PREFIX + "/invocation/next", self.path
                runtime.asked.set()
                invocation = runtime.waiting.get()
                if invocation is None:  # the sandbox ends
                    self.close_connection = True
                    return
                request_id, event, deadline_s = invocation
                body = json.dumps(event).encode()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
                self.send_header("Lambda-Runtime-Deadline-Ms",
                                 str(int((time.time() + deadline_s) * 1000)))
                self.send_header("Lambda-Runtime-Trace-Id", "Root=1-5759e988-bd862e3f")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                parts = self.path[len(PREFIX) + 1:].split("/")
                request_id = parts[1] if parts[0] == "invocation" else None
                runtime.told.put((request_id, parts[-1], dict(self.headers), json.loads(body)))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = "127.0.0.1:%d" % self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.count = 0

    def invoke(self, event=None, deadline_s=60):
        """One invocation: (kind, headers, document) of what the function said of it."""
        self.count += 1
        request_id = f"request-{self.count}"
        self.waiting.put((request_id, event or {}, deadline_s))
        told = self.told.get(timeout=deadline_s + 30)
        assert told[0] == request_id, told
        return told[1:]

    def close(self):
        self.waiting.put(None)
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
