#!/usr/bin/env python3
"""forwards.py cases DIR TABLE ADDRESS   every line of TABLE, by its event in DIR/ha.stdout.log and by connecting
forwards.py ask PLACE TEXT            what is answered there: tcp:IP:PORT, udp:IP:PORT, unix:PATH
forwards.py say PLACE TEXT            the first that is answered there, without an end having been sent
forwards.py pour PLACE                 what comes on stdin goes there
forwards.py echo PATH                 a UNIX socket that answers "host: " and what it got
forwards.py hold PORT                 listens there, without answering, until it is ended
forwards.py wait SECONDS PLACE TEXT   asks until it is answered; says after how many ms"""
import json, os, socket, sys, time


def connect(place):
    kind, rest = place.split(":", 1)
    if kind == "unix":
        s, a = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), rest
    else:
        host, port = rest.rsplit(":", 1)
        fam = socket.AF_INET6 if ":" in host else socket.AF_INET
        s, a = socket.socket(fam, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM), (host, int(port))
    s.settimeout(10)
    s.connect(a)
    return s


def ask(place, text):
    with connect(place) as s:
        s.sendall(text.encode() + b"\n")
        if place.startswith("udp:"):
            return s.recv(65536).decode()
        s.shutdown(socket.SHUT_WR)
        got = b""
        while b := s.recv(65536):
            got += b
        return got.decode()


def say(place, text):
    with connect(place) as s:
        s.sendall(text.encode() + b"\n")
        return s.recv(65536).decode()


def bracketed(ip, port):
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def events(path):
    out = {}
    with open(path + "/ha.stdout.log") as f:
        for line in f:
            p = json.loads(line)["status"].get("portForward")
            if p and p["protocol"] == "tcp":
                out[p["guestAddr"]] = p
    return out


def check(path, guest, host, said):
    ip, port = guest.split()
    name = f"tcp:{ip}:{port}"
    if not said:
        return "no event"
    if host == "-":
        if said["type"] != "not-forwarding":
            return f"said {said}"
        try:
            return "answers " + ask(f"tcp:127.0.0.1:{port}", "x")
        except OSError:
            return None
    place = f"unix:{path}/sock/{host}" if host.endswith(".sock") else "tcp:" + ":".join(host.split())
    addr = place[5:] if host.endswith(".sock") else bracketed(*host.split())
    if said.get("hostAddr") != addr:
        return f"said {said}"
    first = int(open("/proc/sys/net/ipv4/ip_unprivileged_port_start").read())
    if not host.endswith(".sock") and int(port) < first and os.geteuid() != 0:
        return None if said["type"] == "failed" and "denied" in said.get("error", "") else f"said {said}"
    if said["type"] != "forwarding":
        return f"said {said}"
    want = f"{name}: hello\n{name}: end\n"
    got = ask(place.replace("0.0.0.0", "127.0.0.1").replace("tcp:::", "tcp:::1"), "hello")
    return None if got == want else f"answered {got!r}"


def cases(path, table, address):
    lines = [l.rstrip("\n").replace("ADDRESS", address).split("\t") for l in open(table) if l.strip() and l[0] != "#"]
    addrs = {g: bracketed(*g.split()) for g, _ in lines}
    for _ in range(100):
        seen = events(path)
        if all(a in seen for a in addrs.values()):
            break
        time.sleep(0.1)
    bad = 0
    for guest, host in lines:
        try:
            why = check(path, guest, host, seen.get(addrs[guest]))
        except OSError as e:
            why = str(e)
        if why:
            bad += 1
            print(f"{guest} -> {host}: {why}")
    print(f"{len(lines)} cases, {bad} failed")
    return bad or len(lines) != 56


def wait(seconds, place, text):
    begin = time.monotonic()
    while time.monotonic() - begin < float(seconds):
        try:
            if ask(place, text):
                print(int((time.monotonic() - begin) * 1000))
                return 0
        except OSError:
            time.sleep(0.005)
    return 1


def echo(path):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen(16)
    while True:
        c, _ = s.accept()
        got = b""
        while b := c.recv(65536):
            got += b
        c.sendall(b"host: " + got)
        c.close()


def pour(place):
    with connect(place) as s:
        while b := sys.stdin.buffer.read(65536):
            s.sendall(b)


def hold(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", int(port)))
    s.listen(1)
    print("held", flush=True)
    time.sleep(600)


what, *args = sys.argv[1:]
if what in ("ask", "say"):
    print({"ask": ask, "say": say}[what](*args), end="")
else:
    sys.exit({"cases": cases, "echo": echo, "hold": hold, "pour": pour, "wait": wait}[what](*args))
