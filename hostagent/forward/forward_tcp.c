#include "hostagent/forward/forward_tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"
#include "base/os/place.h"
#include "hostagent/agent.h"
#include "hostagent/helper/helper.h"
#include "hostagent/forward/conn.h"
#include "hostagent/forward/endpoint.h"

enum {
	BACKLOG = 128,
	MAX_CONNECTIONS = 1000, /* a listener */
};

struct tcp_listener {
	struct conn_list conns;	/* first: it is known by this */
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} s;
	const struct endpoint *to;
	const char *path;	/* of the socket, once it is bound; the caller's, as `to` is */
	char name[PLACE_TEXT]; /* for the log */
	bool closed;
};

static void
forward_tcp_free_if_done(struct conn_list *list)
{
	struct tcp_listener *l = (struct tcp_listener *)list;

	if (l->closed && !l->conns.first)
		free(l);
}

static void
forward_tcp_on_connection(uv_stream_t *server, int status)
{
	struct tcp_listener *l = server->data;
	struct conn *c;

	if (status < 0) {
		log_warning("%s: %s", l->name, uv_strerror(status));
		return;
	}
	c = conn_new(&l->conns, l->s.handle.type == UV_TCP);
	if (uv_accept(server, conn_stream(c)) < 0 || l->conns.n > MAX_CONNECTIONS) {
		conn_close(c);
		return;
	}
	if (l->s.handle.type == UV_TCP)
		uv_tcp_nodelay((uv_tcp_t *)conn_stream(c), 1);
	conn_dial(c, l->to);
}

static int
socket_clear(struct agent *a, int dir, const char *path, const char *name, struct error *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, EEXIST, "%s is there and no socket", path);
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* A confined agent can remove files in few folders, so the helper does it. */
	return errno == EACCES ? helper_remove_socket(a, dir, name, err) : error_errno(err, "remove %s", path);
}

/*
 * In the place of a socket that nobody listens on any more, but of nothing else. By a descriptor of the folder, since a guest
 * that can write there could have a link lead us to any other. libuv would remove by name what it has bound by name.
 */
static int
bind_socket(struct tcp_listener *l, const char *path, struct error *err)
{
	AUTO(guarded) g = mounts_guarded(l->conns.agent);
	const char *name;
	auto_close int dir = guarded_parent(&g, path, 0750, &name, err), fd = -1;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (dir < 0 || socket_clear(l->conns.agent, dir, path, name, err) < 0)
		return -1;
	if (os_place_socket(dir, name, addr.sun_path, sizeof addr.sun_path) < 0)
		return error_set(err, ENAMETOOLONG, "%s: too long for a socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
		return error_errno(err, "listen on %s", path);
	l->path = path;
	return uv_pipe_open(&l->s.pipe, fd) < 0 ? error_set(err, EBADF, "listen on %s", path) : (steal_fd(fd), 0);
}

static void
remove_socket(struct tcp_listener *l)
{
	AUTO(guarded) g = mounts_guarded(l->conns.agent);
	struct error e;
	const char *name;
	auto_close int dir = l->path ? guarded_parent(&g, l->path, 0, &name, &e) : -1;

	if (l->path && ((dir < 0 && e.code != ENOENT) || (dir >= 0 && socket_clear(l->conns.agent, dir, l->path, name, &e) < 0)))
		log_warning("%s", e.msg);
}

static int
forward_tcp_bind_address(struct tcp_listener *l, const struct endpoint *host)
{
	struct sockaddr_storage addr;
	const struct endpoint any = endpoint_make(GA_TCP, "::", host->port);
	bool wildcard = strcmp(host->name, "0.0.0.0") == 0;
	int r;

	if (endpoint_sockaddr(wildcard ? &any : host, &addr) < 0)
		return UV_EINVAL;
	r = uv_tcp_bind(&l->s.tcp, (struct sockaddr *)&addr, 0);
	/* A host may have no IPv6. */
	if (wildcard && r < 0 && r != UV_EADDRINUSE && r != UV_EACCES && endpoint_sockaddr(host, &addr) == 0)
		r = uv_tcp_bind(&l->s.tcp, (struct sockaddr *)&addr, 0);
	return r;
}

static int
bind_listener(struct tcp_listener *l, const struct endpoint *host, struct error *err)
{
	int r = 0;

	if (host->port)
		r = forward_tcp_bind_address(l, host);
	else if (bind_socket(l, host->name, err) < 0)
		return -1;
	if (r == 0)
		r = uv_listen(&l->s.stream, BACKLOG, forward_tcp_on_connection);
	return r < 0 ? error_set(err, -r, "listen on %s: %s", l->name, uv_strerror(r)) : 0;
}

static void
on_listener_closed(uv_handle_t *h)
{
	struct tcp_listener *l = h->data;

	l->closed = true;
	forward_tcp_free_if_done(&l->conns);
}

struct tcp_listener *
tcp_listen(struct agent *a, const struct endpoint *host, const struct endpoint *guest, struct error *err)
{
	struct tcp_listener *l = xcalloc(1, sizeof *l);

	l->conns = (struct conn_list){ .agent = a, .gone = forward_tcp_free_if_done };
	l->to = guest;
	endpoint_text(host, l->name);
	if (host->port)
		uv_tcp_init(&a->loop, &l->s.tcp);
	else
		uv_pipe_init(&a->loop, &l->s.pipe, 0);
	l->s.handle.data = l;
	if (bind_listener(l, host, err) < 0) {
		tcp_listener_close(l);
		return NULL;
	}
	return l;
}

void
tcp_listener_close(struct tcp_listener *l)
{
	conn_close_all(&l->conns);
	/* The socket is closed first, so that nobody listens on it when it is removed. */
	uv_close(&l->s.handle, on_listener_closed);
	remove_socket(l);
}
