/*
 * hostagent/forward/relay.h - bytes between an SSH channel and a stream of the host, both ways.
 *
 * A slow reader on either side slows the other down: what one side does not take is
 * held (CHUNK bytes a direction), and no more is read until it has. The owner calls
 * relay_step() whenever the connection has moved on; the relay calls `ended` for
 * what it finds out by itself. The stream's handle carries the relay in its data.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct agent;
struct ssh_channel;

struct relay {
	struct agent *agent;
	uv_stream_t *stream;		/* the owner's */
	struct ssh_channel *channel;	/* the owner's */
	void (*ended)(struct relay *r, bool by_guest);	/* called once, from the loop */

	/* private */
	char *in;			/* from the host, not yet taken by the channel */
	size_t in_len, in_pos;
	uv_write_t write;
	char *out;			/* from the guest, being written to the host */
	bool reading, stopped;
};

/* false: the channel is dead, or the guest has said all it will */
bool relay_step(struct relay *r);
/* Nothing is read or called any more. Then the stream is closed, whose end the struct must live to see. */
void relay_stop(struct relay *r);
