#include "hostagent/machine/question.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "hostagent/agent.h"

/* One line there and one back. */
struct question {
	struct agent *agent;
	uv_pipe_t pipe;
	uv_timer_t timer;
	uv_connect_t connect;
	char line[1024];
	size_t len;
	const char *words;
	const char *who;
	runtime_done *done;	/* or `still` is called, once */
	runtime_standstill *still;
	bool over;
	int open;
};

static void
question_on_closed(uv_handle_t *h)
{
	struct question *q = h->data;

	if (--q->open == 0)
		free(q);
}

static void
question_end(struct question *q, const struct error *e)
{
	if (q->over)
		return;
	q->over = true;
	uv_close((uv_handle_t *)&q->pipe, question_on_closed);
	uv_close((uv_handle_t *)&q->timer, question_on_closed);
	if (q->still)
		q->still(q->agent, !e && strcmp(q->line, "ok stands") == 0 ? "it was told to" : NULL);
	else
		q->done(q->agent, e);
}

static void
question_fail(struct question *q, int code, const char *why)
{
	struct error e;

	error_set(&e, code, "%s: %s", q->who, why);
	question_end(q, &e);
}

static void
question_on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
	struct question *q = h->data;

	(void)size;
	*b = uv_buf_init(q->line + q->len, (unsigned)(sizeof q->line - 1 - q->len));
}

static void
question_on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct question *q = s->data;
	char *nl;

	(void)b;
	if (n < 0) {
		question_fail(q, n == UV_EOF ? ECONNRESET : (int)-n, n == UV_EOF ? "closed" : uv_strerror((int)n));
		return;
	}
	q->len += (size_t)n;
	q->line[q->len] = '\0';
	if (!(nl = strchr(q->line, '\n')))
		return;
	*nl = '\0';
	if (strncmp(q->line, "ok", 2) == 0)
		question_end(q, NULL);
	else
		question_fail(q, EIO, q->line + (strncmp(q->line, "no ", 3) == 0 ? 3 : 0));
}

static void
question_on_connect(uv_connect_t *c, int status)
{
	struct question *q = c->data;
	uv_buf_t b = uv_buf_init((char *)(uintptr_t)q->words, (unsigned)strlen(q->words));

	if (q->over)
		return;
	if (status == 0)
		status = uv_read_start((uv_stream_t *)&q->pipe, question_on_alloc, question_on_read);
	if (status == 0 && uv_try_write((uv_stream_t *)&q->pipe, &b, 1) != (int)b.len)
		status = UV_EPIPE;
	if (status < 0)
		question_fail(q, -status, uv_strerror(status));
}

static void
question_on_timer(uv_timer_t *t)
{
	question_fail(t->data, ETIMEDOUT, "no answer");
}

void
question_ask(struct agent *a, const char *socket, const char *words, int timeout_ms, runtime_done *done, runtime_standstill *still)
{
	struct question *q = xcalloc(1, sizeof *q);

	*q = (struct question){ .agent = a, .words = words, .who = a->runtime->title, .done = done, .still = still, .open = 2 };
	uv_pipe_init(&a->loop, &q->pipe, 0);
	uv_timer_init(&a->loop, &q->timer);
	q->pipe.data = q->timer.data = q->connect.data = q;
	if (timeout_ms)
		uv_timer_start(&q->timer, question_on_timer, (uint64_t)timeout_ms, 0);
	uv_pipe_connect(&q->connect, &q->pipe, socket, question_on_connect);
}
