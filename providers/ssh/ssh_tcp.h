/* providers/ssh/ssh_tcp.h - the socket under an SSH link. */
#pragma once

struct error;

/* Begins to connect; non-blocking, close-on-exec, no Nagle. `address` numeric IPv4; NULL or "": 127.0.0.1. */
int ssh_tcp_connect(const char *address, int port, struct error *err);
