#include "hostagent/forward/forward_tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "hostagent/agent.h"
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
	const struct place *to;
	char name[PLACE_TEXT]; /* for the log */
	bool closed;
};

static void
free_if_done(struct conn_list *list)
{
	struct tcp_listener *l = (struct tcp_listener *)list;

	if (l->closed && !l->conns.first)
		free(l);
}

static void
on_connection(uv_stream_t *server, int status)
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

/* In the place of a socket that nobody listens on any more, but of nothing else. */
static int
clear_socket(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir = xstrndup(path, (size_t)(slash - path));
	struct stat st;

	if (*dir && fs_mkdirs(dir, 0750, err) < 0)
		return -1;
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return error_set(err, EEXIST, "%s is there and no socket", path);
	return fs_unlink(path, err);
}

static int
bind_address(struct tcp_listener *l, const struct place *host)
{
	struct sockaddr_storage addr;
	const struct place any = place_make(GA_TCP, "::", host->port);
	bool wildcard = strcmp(host->name, "0.0.0.0") == 0;
	int r;

	if (place_sockaddr(wildcard ? &any : host, &addr) < 0)
		return UV_EINVAL;
	r = uv_tcp_bind(&l->s.tcp, (struct sockaddr *)&addr, 0);
	/* a host without IPv6 */
	if (wildcard && r < 0 && r != UV_EADDRINUSE && r != UV_EACCES && place_sockaddr(host, &addr) == 0)
		r = uv_tcp_bind(&l->s.tcp, (struct sockaddr *)&addr, 0);
	return r;
}

static int
bind_listener(struct tcp_listener *l, const struct place *host, struct error *err)
{
	int r;

	if (!host->port && clear_socket(host->name, err) < 0)
		return -1;
	r = host->port ? bind_address(l, host) : uv_pipe_bind(&l->s.pipe, host->name);
	if (r == 0)
		r = uv_listen(&l->s.stream, BACKLOG, on_connection);
	return r < 0 ? error_set(err, -r, "listen on %s: %s", l->name, uv_strerror(r)) : 0;
}

static void
on_listener_closed(uv_handle_t *h)
{
	struct tcp_listener *l = h->data;

	l->closed = true;
	free_if_done(&l->conns);
}

struct tcp_listener *
tcp_listen(struct agent *a, const struct place *host, const struct place *guest, struct error *err)
{
	struct tcp_listener *l = xcalloc(1, sizeof *l);

	l->conns = (struct conn_list){ .agent = a, .gone = free_if_done };
	l->to = guest;
	place_text(host, l->name);
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
	uv_close(&l->s.handle, on_listener_closed);
}
