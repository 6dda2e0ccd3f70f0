#!/usr/bin/env python3
"""A web server that misbehaves as its visitor asks.

    server.py LOG [CERTIFICATE]

prints its port (any free one, on 127.0.0.1) and serves until it is killed. With a certificate
(and its key, one file) the same port speaks TLS, too, to those who begin so. Every
request is one line of JSON in LOG, written before it is answered. Any path exists.
What it holds and how it is served is said by the query; the n-th request of one
URL is counted, so that a fault can go away:

    size=N seed=N     body: byte i is (31 i + 17 (i >> 8) + seed) mod 256, of period 65536
    etag=strong|weak|none   lm=0      validators (default: both)
    change=N          from the N-th request on another seed and other validators
    fail=STATUS fails=N retry_after=S  the first N requests get that status (default N: all)
    cut=BYTES cuts=N  the first N good answers end after so many bytes of the body
    hang=BYTES hangs=N  the same, but the connection stays, silent (BYTES -1: no header either)
    from=N            cut and hang begin with the N-th request (default 1)
    drip=MS sip=N     the body by so many bytes (default 1), and so long between two
    delay=MS          before every answer
    norange=1 badrange=1 r416=1 noconditional=1   how Range and If-* are (not) understood
    length=none|chunked|N   no Content-Length, chunked, or a false one
    gzip=accept|force compressed, if the visitor can, or in any case
    redirect=URL loop=1
    endless=1         a chunked body without end
"""
import gzip
import http.server
import json
import socket
import ssl
import sys
import threading
import time
import urllib.parse

LOCK = threading.Lock()
COUNT = {}


def content(size, seed):
    block = bytes((31 * i + 17 * (i >> 8) + seed) & 255 for i in range(min(size, 65536)))
    return (block * (size // 65536 + 1))[:size] if size else b""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def number(self, name, default=0):
        return int(self.query.get(name, default))

    def setup_query(self):
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query))
        with LOCK:
            self.nth = COUNT[self.path] = COUNT.get(self.path, 0) + 1
            with open(sys.argv[1], "a", encoding="utf-8") as log:
                headers = {k.lower(): v for k, v in self.headers.items()}
                print(json.dumps({"path": url.path, "nth": self.nth, **headers}), file=log)

    def version(self):
        """seed, ETag, Last-Modified of now"""
        changed = "change" in self.query and self.nth >= self.number("change")
        seed = self.number("seed") + (100 if changed else 0)
        etag = {"strong": f'"v{seed}"', "weak": f'W/"v{seed}"', "none": None}[self.query.get("etag", "strong")]
        modified = None if self.query.get("lm") == "0" else f"Mon, 0{2 if changed else 1} Jan 2024 00:00:00 GMT"
        return seed, etag, modified

    def plain(self, status, headers=()):
        body = f"status {status}\n".encode()
        self.send_response(status)
        for k, v in headers:
            self.send_header(k, v)
        self.send_header("Content-Length", str(0 if status == 304 else len(body)))
        self.end_headers()
        if status != 304:
            self.wfile.write(body)

    def silence(self):
        """until the visitor goes"""
        self.connection.settimeout(30)
        try:
            while self.connection.recv(1024):
                pass
        except OSError:
            pass
        self.close_connection = True

    def is_current(self, etag, modified):
        if self.number("noconditional"):
            return False
        if "If-None-Match" in self.headers:
            return etag is not None and self.headers["If-None-Match"] == etag
        return modified is not None and self.headers.get("If-Modified-Since") == modified

    def start_of_range(self, etag, modified, size):
        """where the answer begins; 0: whole"""
        r = self.headers.get("Range")
        if not r or self.number("norange") or not r.startswith("bytes=") or not r.endswith("-"):
            return 0
        cond = self.headers.get("If-Range")
        if cond is not None and cond not in (etag, modified):
            return 0
        start = int(r[6:-1])
        return start if start < size else -1

    def do_GET(self):
        self.setup_query()
        time.sleep(self.number("delay") / 1000)
        if self.nth <= self.number("fails", 1 << 30) and "fail" in self.query:
            retry = [("Retry-After", self.query["retry_after"])] if "retry_after" in self.query else []
            return self.plain(self.number("fail"), retry)
        if "redirect" in self.query:
            return self.plain(302, [("Location", self.query["redirect"])])
        if self.number("loop"):
            return self.plain(302, [("Location", self.path)])
        if self.number("hang") < 0 and self.nth <= self.number("hangs", 1 << 30):
            return self.silence()
        return self.serve()

    def serve(self):
        seed, etag, modified = self.version()
        if self.is_current(etag, modified):
            return self.plain(304, [("ETag", etag)] if etag else [])
        body = content(self.number("size"), seed)
        start = self.start_of_range(etag, modified, len(body))
        if start < 0 or (start and self.number("r416")):
            return self.plain(416, [("Content-Range", f"bytes */{len(body)}")])
        coding = self.query.get("gzip")
        coded = coding == "force" or (coding == "accept" and "gzip" in self.headers.get("Accept-Encoding", ""))
        part = gzip.compress(body) if coded else body[start:]
        self.send_response(206 if start else 200)
        if start:
            at = start - 1 if self.number("badrange") else start
            self.send_header("Content-Range", f"bytes {at}-{len(body) - 1}/{len(body)}")
        if coded:
            self.send_header("Content-Encoding", "gzip")
        for k, v in (("ETag", etag), ("Last-Modified", modified), ("Content-Type", "application/x-test")):
            if v:
                self.send_header(k, v)
        length = self.query.get("length", str(len(part)))
        if self.number("endless"):
            length = "chunked"
        if length == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif length != "none":
            self.send_header("Content-Length", length)
        else:
            self.close_connection = True
        self.end_headers()
        return self.send_body(part, length)

    def send_body(self, part, length):
        limit = len(part)
        for fault in ("cut", "hang"):
            if self.nth < self.number("from", 1):
                continue
            if fault in self.query and self.nth - self.number("fails", 0) <= self.number(fault + "s", 1 << 30):
                limit = min(limit, self.number(fault))
        try:
            while self.number("endless"):
                self.wfile.write(b"10000\r\n" + bytes(65536) + b"\r\n")
            if length == "chunked":
                self.wfile.write(b"%x\r\n" % len(part))
            sip = max(self.number("sip"), 1)
            for i in range(0, limit if "drip" in self.query else 0, sip):
                self.wfile.write(part[i:min(i + sip, limit)])
                time.sleep(self.number("drip") / 1000)
            self.wfile.write(part[:0 if "drip" in self.query else limit])
            if limit == len(part) and length == "chunked":
                self.wfile.write(b"\r\n0\r\n\r\n")
            self.wfile.flush()
            if limit < len(part) and "hang" in self.query:
                return self.silence()
        except OSError:
            self.close_connection = True
        if limit < len(part) or length not in ("chunked", str(len(part))):
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def finish_request(self, request, client_address):
        if len(sys.argv) > 2 and request.recv(1, socket.MSG_PEEK) == b"\x16":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[2])
            request = context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        """a visitor who left is no error"""


def main():
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


main()
