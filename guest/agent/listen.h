/* guest/agent/listen.h - the descriptor of each place where the host connects. */
#pragma once
#include <stdbool.h>

struct error;

/* Whatever had the name before is removed. */
int listen_unix(const char *path, unsigned owner, struct error *err);
int listen_vsock(unsigned port, struct error *err);
/*
 * A virtio port, ready to be read and written, non-blocking. The system's links in /dev/virtio-ports are made late, or,
 * without udev, never: the kernel is asked for the device of that name. ENOENT: it has none (yet).
 */
int open_virtio_port(const char *name, struct error *err);
/* A connection that is waiting, or -1: none, or nobody whom we would serve. */
int accept_host(int listener, bool vsock);
