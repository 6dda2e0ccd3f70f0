#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/drivers/qemu/qmp.h"
#include "providers/drivers/qemu/qmp_session.h"

/* One command: a connection and a clock, freed when both are closed. */
struct op {
	struct agent *agent;
	uv_pipe_t pipe;
	uv_timer_t timer;
	uv_connect_t connect;
	struct qmp_session session;
	char chunk[4096];
	int open;		/* handles */
	struct qmp_then then;	/* done NULL: it was called */
};

static void
qemu_qmp_on_close(uv_handle_t *h)
{
	struct op *o = h->data;

	if (--o->open)
		return;
	qmp_session_release(&o->session);
	free(o);
}

static void
qemu_qmp_finish(struct op *o, const cJSON *answer, const struct error *e)
{
	struct qmp_then then = o->then;

	if (!then.done)
		return;
	o->then.done = NULL;
	uv_close((uv_handle_t *)&o->pipe, qemu_qmp_on_close);
	uv_close((uv_handle_t *)&o->timer, qemu_qmp_on_close);
	then.done(o->agent, answer, e, &then);
}

static void
qemu_qmp_fail(struct op *o, int code, const char *what)
{
	struct error e;

	error_set(&e, code, "QEMU's control socket: %s", what);
	qemu_qmp_finish(o, NULL, &e);
}

/* A line or two, on a socket that nothing was written to before: there is room for it, or the other side is no QEMU. */
static void
init_say(struct op *o, const char *text)
{
	uv_buf_t b = uv_buf_init((char *)(uintptr_t)text, (unsigned)strlen(text));
	int r = uv_try_write((uv_stream_t *)&o->pipe, &b, 1);

	if (r != (int)b.len)
		qemu_qmp_fail(o, r < 0 ? -r : EPROTO, r < 0 ? uv_strerror(r) : "does not read what it is told");
}

static void
qemu_qmp_on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
	struct op *o = h->data;

	(void)size;
	*b = uv_buf_init(o->chunk, sizeof o->chunk);
}

static void
qemu_qmp_on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct op *o = s->data;
	const char *words;
	struct error e;
	int r;

	if (n < 0) {
		qemu_qmp_fail(o, n == UV_EOF ? ECONNRESET : (int)-n, n == UV_EOF ? "closed" : uv_strerror((int)n));
		return;
	}
	for (size_t len = (size_t)n; o->then.done; len = 0) {
		r = qmp_session_feed(&o->session, b->base, len, &words, &e);
		if (r < 0)
			qemu_qmp_fail(o, e.code, e.msg);
		else if (r == 1)
			qemu_qmp_finish(o, o->session.answer, NULL);
		else if (words)
			init_say(o, words);
		else
			return;
	}
}

static void
qemu_qmp_on_connect(uv_connect_t *c, int status)
{
	struct op *o = c->data;

	if (status == 0)
		status = uv_read_start((uv_stream_t *)&o->pipe, qemu_qmp_on_alloc, qemu_qmp_on_read);
	if (status < 0)
		qemu_qmp_fail(o, -status, uv_strerror(status));
}

static void
qemu_qmp_on_timer(uv_timer_t *t)
{
	qemu_qmp_fail(t->data, ETIMEDOUT, "no answer");
}

void
qmp_send(struct agent *a, const char *command, const char *args, int timeout_ms, struct qmp_then then)
{
	struct op *o = xcalloc(1, sizeof *o);

	*o = (struct op){ .agent = a, .session = qmp_session(command, args), .then = then, .open = 2 };
	uv_pipe_init(&a->loop, &o->pipe, 0);
	uv_timer_init(&a->loop, &o->timer);
	o->pipe.data = o->timer.data = o->connect.data = o;
	uv_timer_start(&o->timer, qemu_qmp_on_timer, (uint64_t)timeout_ms, 0);
	uv_pipe_connect(&o->connect, &o->pipe, a->launch.machine.control, qemu_qmp_on_connect);
}
