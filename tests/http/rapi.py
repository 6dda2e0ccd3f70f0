#!/usr/bin/env python3
"""A cluster of Ganeti that only plays one, behind TLS and a password.

    rapi.py LOG CERTIFICATE

prints its port (any free one, on 127.0.0.1) and serves until it is killed. The password is "sesame". The user says how it behaves, and each
user has a cluster of his own, of nodes n1 and n2, whose answers have the shapes that Ganeti 3.0 was seen to give:

    fine       as Ganeti does; a job is done when it has been asked for twice
    hang       says nothing, to nobody
    huge nested cut page types   answers of no end, of a hundred thousand brackets, that break off, that are HTML, of other types
    redirect   sends everybody elsewhere
    race       another operator tags a machine whenever somebody does
    taken      a machine of that name is made by another operator in the very moment
    stuck      no job is ever done
    fails      each job fails, in words with an escape sequence
    silent     n2 does not answer;  dead: n2 is marked offline
    full       no room on n1, says a dry run

Each request is a line in LOG: USER METHOD PATH BODY.
"""
import base64
import http.server
import json
import ssl
import sys
import threading
import time
import urllib.parse

LOCK = threading.Lock()
CLUSTERS = {}
ANY = {"nic.ips": [None], "nic.macs": ["aa:00:00:01:02:03"], "nic.links": ["br0"], "osparams": {}, "tags": []}


class Cluster:
    def __init__(self, mode):
        self.mode, self.jobs, self.machines = mode, {}, {}

    def node(self, name):
        lost = name == "n2" and self.mode in ("silent", "dead")
        return {"name": name, "offline": lost and self.mode == "dead", "mtime": 1700000000.5, "mtotal": None if lost else 4096, "mfree": None if lost else 3000,
                "dfree": None if lost else 10000, "tags": ["rack:" + name[1]]}

    def shown(self, name):
        m = dict(self.machines[name])
        m.pop("reach", None)
        if m["pnode"] == "n2" and self.mode in ("silent", "dead"):
            m["status"] = "ERROR_nodedown" if self.mode == "silent" else "ERROR_nodeoffline"
        m["oper_ram"] = m["beparams"]["maxmem"] if m["status"] == "running" else None
        return m

    def job(self, summary, result=None, why=None, reason=None):
        n = len(self.jobs) + 1
        self.jobs[n] = {"asked": 0, "result": result, "why": why, "summary": [summary], "reason": reason}
        return n

    def status(self, n):
        j = self.jobs[n]
        j["asked"] += 1
        done = j["asked"] >= 2 and self.mode != "stuck"
        failed = j["why"] is not None
        return {"id": n, "summary": j["summary"], "status": ("error" if failed else "success") if done else "running",
                "opresult": [["OpPrereqError", j["why"]] if failed else j["result"]] if done else [None],
                "oplog": [[[1, [1, 2], "message", "making \x1b[31mdisks"]]],
                "ops": [{"OP_ID": "OP_ANY", "reason": [["gnt:client", "", 1], ["user", j["reason"], 2]]}]}

    def make(self, body, reason, dry):
        name = body["instance_name"]
        node = body.get("pnode") or "n2"
        if dry:
            if self.mode == "full" and node == "n1":
                return self.job("INSTANCE_CREATE", why=["not enough memory on n1", "insufficient_resources"])
            if name in self.machines:
                return self.job("INSTANCE_CREATE", why=["it is there", "already_exists"])
            return self.job("INSTANCE_CREATE", [node])
        if self.mode == "fails":
            return self.job("INSTANCE_CREATE", why=["the disk\x1b[31m is full", "environment_error"], reason=reason)
        if name in self.machines or self.mode == "taken":
            if self.mode == "taken":
                self.machines.setdefault(name, {"name": name, "pnode": "n1", "status": "running", "disk.sizes": [1], **ANY,
                                                "beparams": {"vcpus": 1, "maxmem": 1}, "tags": ["lima:fleet:shop", "lima:1:key:theirs", "lima:1:by:them@there"]})
            return self.job("INSTANCE_CREATE", why=["it is there", "already_exists"], reason=reason)
        self.machines[name] = {"name": name, "pnode": node, "status": "running" if body["start"] else "ADMIN_down", "disk.sizes": [d["size"] for d in body["disks"]],
                               **ANY, "nic.macs": [body["nics"][0].get("mac", "aa:00:00:01:02:03")], "osparams": body.get("osparams", {}), "beparams": dict(body["beparams"]), "tags": list(body["tags"])}
        return self.job("INSTANCE_CREATE", ["n1"], reason=reason)

    def change(self, method, name, what, query, body):
        m = self.machines[name]
        if what == "" and method == "DELETE":
            del self.machines[name]
        elif what == "tags":
            tags = query.get("tag", [])
            m["tags"] = [t for t in m["tags"] if t not in tags] + (tags if method == "PUT" else [])
            if self.mode == "race" and method == "PUT":
                g = max(int(t.split(":")[1]) for t in m["tags"] if t.split(":")[1].isdigit())
                m["tags"] += [f"lima:{g}:key:aaa", f"lima:{g}:by:another@there"]
        elif what == "startup" or what == "reboot":
            m["status"] = "running"
        elif what == "shutdown":
            m["status"] = "ADMIN_down"
        elif what == "modify":
            m["beparams"].update(body["beparams"])
        elif what == "failover":
            m["pnode"] = body.get("target_node", "n1")
        elif what == "migrate":
            m["pnode"] = body["target_node"]
        elif what == "disk/0/grow":
            m["disk.sizes"][0] = body["amount"]
        return self.job(what.upper() or "REMOVE", None, reason=query.get("reason", [None])[0])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def say(self, status, body, kind="application/json", headers=()):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for k, v in headers:
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def odd(self, mode):
        if mode == "hang":
            time.sleep(600)
        elif mode == "huge":
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            try:
                for _ in range(100):
                    self.wfile.write(b" " * (1 << 20))
            except OSError:
                pass
        elif mode == "nested":
            self.say(200, b"[" * 100000)
        elif mode == "cut":
            self.say(200, b'[{"name": "n1", "mfre')
        elif mode == "page":
            self.say(200, b"<html>Welcome</html>", "text/html")
        elif mode == "redirect":
            self.say(302, b"", headers=[("Location", "/2/elsewhere")])
        elif mode == "types":
            odd = [1, "x", None, [], {"name": 5}, {"name": "../../etc"}, {"name": "n1\n"}, {"name": "-n1"}]
            url = urllib.parse.urlsplit(self.path).path
            if url == "/2/nodes":
                self.say(200, odd + [{"name": "n1", "offline": "no", "mfree": 1e300, "mtotal": -5, "dfree": "12", "tags": [1, {}, "a:b", "no", "esc:\x1b[1m"]}])
            elif url == "/2/instances":
                self.say(200, odd + [{"name": "m", "pnode": 7}, {"name": "m", "pnode": "n9", "status": "running"},
                                     {"name": "m", "pnode": "n1", "status": 3, "tags": "lima:fleet:x", "beparams": [], "disk.sizes": {}, "nic.ips": 4},
                                     {"name": "k", "pnode": "n1", "status": "running", "tags": ["lima:99999999999999999999:key:x", "lima:-1:key:y", "lima:2:key", "lima::key:z"],
                                      "nic.ips": ["-oProxyCommand=x"], "beparams": {"maxmem": "lots", "vcpus": 1e99}}])
            elif url == "/2/info":
                self.say(200, {"software_version": ["3"]})
            else:
                self.say(200, {"id": 4, "status": 5})
        else:
            return False
        return True

    def answer(self, method):
        said = self.headers.get("Authorization", "")
        user, _, password = (base64.b64decode(said[6:]).decode() if said.startswith("Basic ") else "").partition(":")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with LOCK, open(sys.argv[1], "a", encoding="utf-8") as log:
            print(user, method, self.path, body.decode(), file=log)
        if password != "sesame":
            return self.say(401, {"code": 401, "message": "Unauthorized", "explain": "no"}, headers=[("WWW-Authenticate", 'Basic realm="x"')])
        if self.odd(user):
            return None
        with LOCK:
            return self.serve(CLUSTERS.setdefault(user, Cluster(user)), method, json.loads(body) if body else None)

    def serve(self, c, method, body):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        parts = url.path.strip("/").split("/", 3)
        if url.path == "/2/info":
            return self.say(200, {"name": "c.example", "software_version": "2.16.1" if c.mode == "old" else "3.0.2",
                                  "ipolicy": {"minmax": [{"min": {"disk-size": 4}, "max": {"disk-size": 1048576}}]}})
        if url.path == "/2/nodes":
            return self.say(200, [c.node("n1"), c.node("n2")])
        if url.path == "/2/jobs":
            return self.say(200, [c.status(n) for n in c.jobs])
        if parts[1] == "jobs" and int(parts[2]) in c.jobs:
            return self.say(200, c.status(int(parts[2])))
        if url.path == "/2/instances" and method == "GET":
            return self.say(200, [c.shown(n) for n in c.machines])
        if url.path == "/2/instances":
            return self.say(200, c.make(body, query.get("reason", [None])[0], "dry-run" in query))
        if parts[1] == "instances" and parts[2] in c.machines:
            if method == "GET":
                return self.say(200, c.shown(parts[2]))
            return self.say(200, c.change(method, parts[2], parts[3] if len(parts) > 3 else "", query, body))
        return self.say(404, {"code": 404, "message": "Not Found", "explain": "Nothing matches the given URI"})

    def do_GET(self):
        self.answer("GET")

    def do_PUT(self):
        self.answer("PUT")

    def do_POST(self):
        self.answer("POST")

    def do_DELETE(self):
        self.answer("DELETE")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args):
        pass


server = Server(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()
