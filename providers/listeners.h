/*
 * providers/listeners.h - which process of this host listens on a port: for messages, and to know before a step what it would fail on.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct arena;

struct listener {
	int port;
	pid_t pid;		/* 0: of another user, so nobody can tell */
	char program[32];	/* "" likewise */
	char path[128];		/* the first of its arguments that is a path below `below`; "": it has none */
};

/*
 * Has somebody a socket that would keep another from listening on that address and port? 1: `out` is filled; 0; -1: nobody can
 * tell. `ip` as in portForwards; `below`: a folder, to be told from others by; or NULL.
 */
int listener_find(const char *ip, int port, bool udp, const char *below, struct listener *out);
/*
 * Calls `told` for each such socket on a port from `first` to `last`, the lowest first, until it returns something else than 0,
 * which is returned. The kernel's tables and its processes are gone through once. 0: there is none, or nobody stopped; -1: nobody can tell.
 */
typedef int listener_told(void *ctx, const struct listener *l);
int listeners_each(const char *ip, int first, int last, bool udp, const char *below, listener_told *told, void *ctx);
/* "nginx (process 123)", or "another program"; in the arena. */
const char *listener_text(struct arena *a, const struct listener *l);
