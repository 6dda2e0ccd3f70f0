#include "hostagent/http.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "hostagent/agent.h"

enum {
	MAX_REQUEST = 80 << 10,
	MAX_CONNECTIONS = 64,
	RECEIVE_MS = 30000,
};

struct http_server {
	struct agent *agent;
	uv_pipe_t pipe;
	char *path;
	http_handler *handler;
	http_gone *gone;
	size_t nconns;
	bool closed;
};

struct http_conn {
	struct http_server *server;
	uv_pipe_t pipe;
	uv_timer_t timer;
	uv_write_t write;
	struct buf in;
	char *out;
	enum { RECEIVING, HANDED_OVER, ANSWERED } state;
	bool closing;
	int open;		/* handles */
};

static void
server_free_if_done(struct http_server *s)
{
	if (!s->closed || s->nconns)
		return;
	free(s->path);
	free(s);
}

static void
ha_http_on_conn_closed(uv_handle_t *h)
{
	struct http_conn *c = h->data;
	struct http_server *s = c->server;

	if (--c->open)
		return;
	s->nconns--;
	buf_release(&c->in);
	free(c->out);
	free(c);
	server_free_if_done(s);
}

static void
ha_http_conn_close(struct http_conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	if (c->state == HANDED_OVER)
		c->server->gone(c->server->agent, c);
	uv_close((uv_handle_t *)&c->pipe, ha_http_on_conn_closed);
	uv_close((uv_handle_t *)&c->timer, ha_http_on_conn_closed);
}

static void
ha_http_on_written(uv_write_t *w, int status)
{
	(void)status;
	ha_http_conn_close(w->data);
}

void
http_reply(struct http_conn *c, int status, cJSON *json)
{
	auto_free char *body = json ? cJSON_PrintUnformatted(json) : xstrdup("");
	const char *type = json ? "application/json" : NULL;
	AUTO(buf) out = BUF_INIT;
	uv_buf_t b;

	cJSON_Delete(json);
	if (c->state == ANSWERED || c->closing)
		return;
	c->state = ANSWERED;
	http_answer_write(&out, status, type, body);
	c->out = buf_detach(&out);
	b = uv_buf_init(c->out, (unsigned)strlen(c->out));
	c->write.data = c;
	/* A client that does not read its answer is not waited for. */
	uv_timer_again(&c->timer);
	if (uv_write(&c->write, (uv_stream_t *)&c->pipe, &b, 1, ha_http_on_written) < 0)
		ha_http_conn_close(c);
}

void
http_refuse(struct http_conn *c, int status, const char *message)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "message", message);
	http_reply(c, status, json);
}

int
http_take(struct http_conn *c)
{
	uv_os_fd_t fd;
	int own = uv_fileno((uv_handle_t *)&c->pipe, &fd) == 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;

	c->state = ANSWERED;
	ha_http_conn_close(c);
	return own;
}

static void
take_request(struct http_conn *c)
{
	struct http_request r;

	switch (http_request_read(c->in.s, c->in.len, MAX_REQUEST, &r)) {
	case HTTP_MORE:
		return;
	case HTTP_BAD_LENGTH:
		http_refuse(c, 413, "a body that is too large or of unknown length");
		return;
	case HTTP_BAD_LINE:
		http_refuse(c, 400, "not an HTTP/1 request");
		return;
	case HTTP_WHOLE:
		c->state = HANDED_OVER;
		uv_timer_stop(&c->timer);
		c->server->handler(c->server->agent, c, &r);
	}
}

static void
ha_http_on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
	struct http_conn *c = h->data;

	(void)size;
	buf_reserve(&c->in, 4096);
	*b = uv_buf_init(c->in.s + c->in.len, 4095);
}

static void
ha_http_on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct http_conn *c = s->data;

	(void)b;
	if (n < 0) {
		ha_http_conn_close(c);
		return;
	}
	/* Bytes behind a request have no meaning here. */
	if (c->state != RECEIVING)
		return;
	c->in.len += (size_t)n;
	c->in.s[c->in.len] = '\0';
	take_request(c);
	if (c->state == RECEIVING && c->in.len > MAX_REQUEST)
		http_refuse(c, 413, "too much");
}

static void
ha_http_on_timer(uv_timer_t *t)
{
	ha_http_conn_close(t->data);
}

static void
ha_http_on_connection(uv_stream_t *server, int status)
{
	struct http_server *s = server->data;
	struct http_conn *c;

	if (status < 0)
		return;
	c = xcalloc(1, sizeof *c);
	c->server = s;
	c->in = (struct buf)BUF_INIT;
	c->open = 2;
	s->nconns++;
	uv_pipe_init(&s->agent->loop, &c->pipe, 0);
	uv_timer_init(&s->agent->loop, &c->timer);
	c->pipe.data = c->timer.data = c;
	uv_timer_start(&c->timer, ha_http_on_timer, RECEIVE_MS, RECEIVE_MS);
	if (uv_accept(server, (uv_stream_t *)&c->pipe) < 0 || s->nconns > MAX_CONNECTIONS ||
	    uv_read_start((uv_stream_t *)&c->pipe, ha_http_on_alloc, ha_http_on_read) < 0)
		ha_http_conn_close(c);
}

static void
on_server_closed(uv_handle_t *h)
{
	struct http_server *s = h->data;

	s->closed = true;
	server_free_if_done(s);
}

struct http_server *
http_listen(struct agent *a, const char *path, http_handler *handler, http_gone *gone, struct error *err)
{
	struct http_server *s = xcalloc(1, sizeof *s);
	auto_free char *tmp = xasprintf("%s.tmp", path);
	int r;

	s->agent = a;
	s->path = xstrdup(path);
	s->handler = handler;
	s->gone = gone;
	uv_pipe_init(&a->loop, &s->pipe, 0);
	s->pipe.data = s;
	unlink(tmp);
	r = uv_pipe_bind(&s->pipe, tmp);
	if (r == 0)
		r = uv_listen((uv_stream_t *)&s->pipe, MAX_CONNECTIONS, ha_http_on_connection);
	if (r == 0 && chmod(tmp, 0600) < 0)
		r = -errno;
	if (r == 0 && own_socket_place(a, tmp, path, err) == 0)
		return s;
	if (r < 0)
		error_set(err, -r, "listen on %s: %s", path, uv_strerror(r));
	uv_close((uv_handle_t *)&s->pipe, on_server_closed);
	return NULL;
}

void
http_close(struct http_server *s)
{
	struct error e;

	if (own_file_remove(s->agent, s->path, &e) < 0)
		log_warning("%s", e.msg);
	uv_close((uv_handle_t *)&s->pipe, on_server_closed);
}
