/*
 * providers/sock.h - unix stream sockets with a deadline: what the clients of machines and host agents stand on.
 *
 * A deadline is a time of clock_ms() (base/clock.h). `cancel` may be NULL; it is looked at ten times a second (ERR_CANCELLED). Descriptors are non-blocking and close-on-exec.
 */
#pragma once
#include <stddef.h>
#include <sys/types.h>

struct error;

struct sock_wait {
	long long deadline;
	const volatile int *cancel;
};

/* A socket of that name, in the place of one that was there; who may use it is said by its folder, and by umask(2). -1 */
int sock_listen(const char *path, struct error *err);
int sock_connect(const char *path, const struct sock_wait *w, struct error *err);
int sock_write(int fd, const void *p, size_t len, const struct sock_wait *w, struct error *err);
/* At least one byte, or 0 at the end. */
ssize_t sock_read(int fd, void *p, size_t max, const struct sock_wait *w, struct error *err);
/* Until `events` of poll(2) come. ETIMEDOUT. */
int sock_poll(int fd, short events, const struct sock_wait *w, struct error *err);
