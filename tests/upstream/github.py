#!/usr/bin/env python3
"""An HTTPS proxy behind which there is GitHub, as far as url-github.bats looks at it.

    github.py CERTIFICATE KEY

prints its port (any free one, on 127.0.0.1) and serves until it is killed. It ends the TLS of every
connection itself, so its certificate, for both names below, must be among the visitor's roots
($SSL_CERT_FILE). The two repositories are laid out as the comment of url-github.bats says; a symbolic
link is answered, as raw.githubusercontent.com does, with its target.
"""
import http.server
import json
import ssl
import sys

BRANCH = {"jandubois/jandubois": "main", "jandubois/lima": "master"}
FILES = {
    ".lima.yaml": "templates/demo.yaml",
    "back/.lima.yaml": "github:jandubois//loop/",
    "docs/.lima.yaml": "../templates/demo.yaml",
    "example.yaml": "templates/demo.yaml",
    "invalid/org/.lima.yaml": "github:lima-vm",
    "invalid/tag/.lima.yaml": "github:jandubois//@v0.0.0",
    "loop/.lima.yaml": "github:jandubois//back/",
    "redirect/.lima.yaml": "github:jandubois/lima/templates/default",
    "templates/demo.yaml": "base: template:default\n",
    "yaml/.lima.yaml": "{}\n",
}
RAW = {f"/jandubois/jandubois/{ref}/{path}": text for ref in ("main", "v0.0.0") for path, text in FILES.items()}
RAW |= {f"/jandubois/lima/{ref}/templates/default.yaml": "images: []\n" for ref in ("master", "v1.2.1")}
API = {f"/repos/{repo}": json.dumps({"full_name": repo, "default_branch": branch}) for repo, branch in BRANCH.items()}
HOSTS = {"raw.githubusercontent.com:443": RAW, "api.github.com:443": API}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers = None

    def log_message(self, *args):
        pass

    def do_CONNECT(self):
        self.answers = HOSTS.get(self.path)
        if self.answers is None:
            self.send_error(403)
            return
        self.send_response(200)
        self.end_headers()
        self.connection = TLS.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self):
        text = self.answers.get(self.path) if self.answers else None
        body = (text if text is not None else "404: Not Found").encode()
        self.send_response(404 if text is None else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
TLS.load_cert_chain(sys.argv[1], sys.argv[2])
SERVER = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
SERVER.daemon_threads = True
print(SERVER.server_port, flush=True)
SERVER.serve_forever()
