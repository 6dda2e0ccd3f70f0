/*
 * hostagent/forward/write_queue.h - what is written to a stream, in order, however slowly it is read.
 *
 * What the kernel does not take at once is copied and kept; the caller bounds that by
 * not producing more until `drained`.
 */
#pragma once
#include <stdbool.h>
#include <uv.h>

#include "base/buf.h"

struct outq {
	uv_stream_t *stream;
	void (*drained)(void *ctx);	/* all has gone, after outq_write() had returned false */
	void (*failed)(void *ctx);	/* the other side takes no more */
	void *ctx;

	/* private */
	struct buf flying, waiting;
	uv_write_t write;
	uv_shutdown_t shutdown;
	bool busy, shut;
};

void outq_init(struct outq *q, uv_stream_t *stream, void (*drained)(void *), void (*failed)(void *), void *ctx);
/* Once the stream has been closed (its close callback runs after ours). */
void outq_release(struct outq *q);
/* Takes all of it; false: that is enough for now. A dead stream is told by `failed`, from the loop or from here. */
bool outq_write(struct outq *q, const char *p, size_t len);
/* The end, behind what is queued. */
void outq_shutdown(struct outq *q);
bool outq_empty(const struct outq *q);
