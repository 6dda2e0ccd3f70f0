#!/usr/bin/env python3
"""switch.py SOCKET LOG: what `networks: [{socket: ...}]` stands for: frames, each behind its length (4 bytes, big-endian).

Answers to ARP and ping for 10.99.0.1; a line "SOURCE DESTINATION" in LOG for each frame that comes.
"""
import socket
import struct
import sys
import threading

MAC = bytes.fromhex("525555990001")
log = open(sys.argv[2], "w", buffering=1)


def exactly(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def checksum(b):
    n = sum(struct.unpack(">%dH" % (len(b) // 2), b))
    return ~((n & 0xffff) + (n >> 16)) & 0xffff


def answer(f):
    kind = f[12:14]
    if kind == b"\x08\x06" and f[38:42] == bytes([10, 99, 0, 1]):
        return f[6:12] + MAC + f[12:20] + b"\0\2" + MAC + f[38:42] + f[22:32]
    if kind == b"\x08\0" and f[23] == 1 and f[34] == 8:
        ping = b"\0\0\0\0" + f[38:]
        ping = ping[:2] + struct.pack(">H", checksum(ping + b"\0" * (len(ping) % 2))) + ping[4:]
        return f[6:12] + MAC + f[12:26] + f[30:34] + f[26:30] + ping
    return None


def serve(s):
    try:
        while True:
            f = exactly(s, struct.unpack(">I", exactly(s, 4))[0])
            print(f[6:12].hex(":"), f[0:6].hex(":"), file=log)
            a = answer(f)
            if a:
                s.sendall(struct.pack(">I", len(a)) + a)
    except (EOFError, OSError):
        pass


server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
