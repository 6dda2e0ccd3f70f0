#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "providers/drivers/qemu/qmp.h"

/* One command: a connection and a clock, freed when both are closed. */
struct op {
	struct agent *agent;
	uv_pipe_t pipe;
	uv_timer_t timer;
	uv_connect_t connect;
	uv_write_t write;
	struct buf in;
	char *text;		/* what is to be executed */
	int answers;		/* that have come: greeting, capabilities, the command's */
	int open;		/* handles */
	qmp_done *done;		/* NULL once called */
};

static void
on_close(uv_handle_t *h)
{
	struct op *o = h->data;

	if (--o->open)
		return;
	buf_release(&o->in);
	free(o->text);
	free(o);
}

static void
finish(struct op *o, const cJSON *answer, const struct error *e)
{
	qmp_done *done = o->done;

	if (!done)
		return;
	o->done = NULL;
	uv_close((uv_handle_t *)&o->pipe, on_close);
	uv_close((uv_handle_t *)&o->timer, on_close);
	done(o->agent, answer, e);
}

static void
fail(struct op *o, int code, const char *what)
{
	struct error e;

	error_set(&e, code, "QEMU's control socket: %s", what);
	finish(o, NULL, &e);
}

static void
on_written(uv_write_t *w, int status)
{
	struct op *o = w->data;

	if (status < 0)
		fail(o, -status, uv_strerror(status));
}

static void
say(struct op *o, const char *text)
{
	uv_buf_t b = uv_buf_init((char *)(uintptr_t)text, (unsigned)strlen(text));
	int r;

	o->write.data = o;
	r = uv_write(&o->write, (uv_stream_t *)&o->pipe, &b, 1, on_written);
	if (r < 0)
		fail(o, -r, uv_strerror(r));
}

/* One line from QEMU; false: that was the last one of interest. */
static bool
take_line(struct op *o, const char *line, size_t len)
{
	static const enum qmp_kind expected[] = { QMP_GREETING, QMP_RETURN, QMP_RETURN };
	struct qmp_line l = qmp_classify(line, len);
	bool more = true;

	if (l.kind == QMP_ERROR) {
		fail(o, EIO, l.text);
		more = false;
	} else if (l.kind == expected[o->answers]) {
		o->answers++;
		if (o->answers == 1)
			say(o, "{\"execute\":\"qmp_capabilities\"}\n");
		else if (o->answers == 2)
			say(o, o->text);
		else
			finish(o, cJSON_GetObjectItemCaseSensitive(l.json, "return"), NULL);
		more = o->done != NULL;
	} else if (l.kind != QMP_EVENT) {
		fail(o, EPROTO, "an answer that is not QMP");
		more = false;
	}
	cJSON_Delete(l.json);
	return more;
}

static void
on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
	struct op *o = h->data;

	(void)size;
	buf_reserve(&o->in, 4096);
	*b = uv_buf_init(o->in.s + o->in.len, 4095);
}

static void
on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct op *o = s->data;
	char *nl;

	(void)b;
	if (n < 0) {
		fail(o, n == UV_EOF ? ECONNRESET : (int)-n, n == UV_EOF ? "closed" : uv_strerror((int)n));
		return;
	}
	o->in.len += (size_t)n;
	o->in.s[o->in.len] = '\0';
	while ((nl = memchr(o->in.s, '\n', o->in.len))) {
		if (!take_line(o, o->in.s, (size_t)(nl - o->in.s)))
			return;
		o->in.len -= (size_t)(nl + 1 - o->in.s);
		memmove(o->in.s, nl + 1, o->in.len + 1);
	}
	if (o->in.len > QMP_MAX_LINE)
		fail(o, EPROTO, "a line without end");
}

static void
on_connect(uv_connect_t *c, int status)
{
	struct op *o = c->data;

	if (status == 0)
		status = uv_read_start((uv_stream_t *)&o->pipe, on_alloc, on_read);
	if (status < 0)
		fail(o, -status, uv_strerror(status));
}

static void
on_timer(uv_timer_t *t)
{
	fail(t->data, ETIMEDOUT, "no answer");
}

void
qmp_send(struct agent *a, const char *command, const char *args, int timeout_ms, qmp_done *done)
{
	struct op *o = xcalloc(1, sizeof *o);

	*o = (struct op){ .agent = a, .in = BUF_INIT, .done = done, .open = 2 };
	o->text = xasprintf("{\"execute\":\"%s\"%s%s}\n", command, args ? ",\"arguments\":" : "", args ? args : "");
	uv_pipe_init(&a->loop, &o->pipe, 0);
	uv_timer_init(&a->loop, &o->timer);
	o->pipe.data = o->timer.data = o->connect.data = o;
	uv_timer_start(&o->timer, on_timer, (uint64_t)timeout_ms, 0);
	uv_pipe_connect(&o->connect, &o->pipe, a->launch.qemu.qmp_socket, on_connect);
}
