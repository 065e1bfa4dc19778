"""A small web server as a function in http mode: it tells what it sees and misbehaves as asked."""

import json
import os
import signal
import socketserver
import sys
import time
from http.server import BaseHTTPRequestHandler


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().strip(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def reply(self, status, body, headers=()):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self):
        path, _, query = self.path.partition("?")
        body = self.body()
        if path == "/moved":
            self.reply(302, b"", [("Location", "http://127.0.0.1:1/there")])
        elif path == "/sleep":
            time.sleep(float(query))
            print("slept", file=sys.stderr, flush=True)
            self.reply(200, b"slept\n")
        elif path == "/exit":
            os._exit(int(query))
        elif path == "/ready":
            self.reply(int(os.environ.get("READY", "200")), b"as told\n")
        elif path == "/events":
            self.send_response_only(200)
            self.send_header("Content-Type", self.headers.get("Accept"))
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for number in range(2):
                text = b"data: %d\n\n" % number
                self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
                self.wfile.flush()
                while number == 0 and not os.path.exists(os.environ["GATE"]):
                    time.sleep(0.01)
            self.wfile.write(b"0\r\n\r\n")
        elif self.headers.get("Upgrade"):
            self.send_response_only(101)
            self.send_header("Connection", "Upgrade")
            self.send_header("Upgrade", self.headers["Upgrade"])
            self.end_headers()
            self.wfile.write(self.rfile.readline().upper())
            self.close_connection = True
        else:
            seen = {
                "method": self.command,
                "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "body": body.decode(),
            }
            self.reply(200, json.dumps(seen).encode(), [("Content-Type", "application/json")])

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def do_HEAD(self):
        self.send_response_only(200)
        self.send_header("Content-Length", "5")
        self.end_headers()


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True


if os.environ.get("TRAP"):
    signal.signal(signal.SIGTERM, lambda *_: print("asked to end", flush=True))
time.sleep(float(os.environ.get("LATE", "0")))
server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
# Said when it listens, so that whoever waits for it may call.
print("serving", file=sys.stderr, flush=True)
server.serve_forever()
