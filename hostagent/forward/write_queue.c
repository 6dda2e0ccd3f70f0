#include "hostagent/forward/write_queue.h"

#include <string.h>

void
outq_init(struct outq *q, uv_stream_t *stream, void (*drained)(void *), void (*failed)(void *), void *ctx)
{
	*q = (struct outq){ .stream = stream, .drained = drained, .failed = failed, .ctx = ctx, .flying = BUF_INIT,
			    .waiting = BUF_INIT };
	q->write.data = q->shutdown.data = q;
}

void
outq_release(struct outq *q)
{
	buf_release(&q->flying);
	buf_release(&q->waiting);
}

bool
outq_empty(const struct outq *q)
{
	return !q->busy;
}

static void
on_shutdown(uv_shutdown_t *s, int status)
{
	(void)s;
	(void)status;
}

static void
write_queue_shut(struct outq *q)
{
	uv_shutdown(&q->shutdown, q->stream, on_shutdown);
}

static void write_queue_fly(struct outq *q);

static void
write_queue_on_written(uv_write_t *w, int status)
{
	struct outq *q = w->data;

	q->busy = false;
	buf_release(&q->flying);
	q->flying = (struct buf)BUF_INIT;
	if (status == UV_ECANCELED || uv_is_closing((uv_handle_t *)q->stream))
		return;
	if (status < 0) {
		q->failed(q->ctx);
	} else if (q->waiting.len) {
		write_queue_fly(q);
	} else {
		if (q->shut)
			write_queue_shut(q);
		q->drained(q->ctx);
	}
}

static void
write_queue_fly(struct outq *q)
{
	uv_buf_t b;

	q->flying = q->waiting;
	q->waiting = (struct buf)BUF_INIT;
	b = uv_buf_init(q->flying.s, (unsigned)q->flying.len);
	q->busy = true;
	if (uv_write(&q->write, q->stream, &b, 1, write_queue_on_written) < 0) {
		q->busy = false;
		q->failed(q->ctx);
	}
}

bool
outq_write(struct outq *q, const char *p, size_t len)
{
	uv_buf_t b = uv_buf_init((char *)(uintptr_t)p, (unsigned)len);
	int n = q->busy ? UV_EAGAIN : uv_try_write(q->stream, &b, 1);

	if (n < 0 && n != UV_EAGAIN) {
		q->failed(q->ctx);
		return true;
	}
	n = n < 0 ? 0 : n;
	if ((size_t)n == len)
		return true;
	buf_add(&q->waiting, p + n, len - (size_t)n);
	if (!q->busy)
		write_queue_fly(q);
	return false;
}

void
outq_shutdown(struct outq *q)
{
	if (q->shut)
		return;
	q->shut = true;
	if (!q->busy)
		write_queue_shut(q);
}
