#include "providers/ssh/ssh_exec.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "providers/ssh/ssh_link.h"

#define DEFAULT_MAX (64 << 10)

static void
ssh_exec_feed(struct ssh_exec *x)
{
	while (x->input_pos < x->input_len) {
		ssize_t n = ssh_channel_write(x->channel, x->input + x->input_pos, x->input_len - x->input_pos);

		/* A command may leave its input unread. */
		if (n < 0)
			x->input_pos = x->input_len;
		if (n <= 0)
			return;
		x->input_pos += (size_t)n;
	}
	if (!x->input_closed)
		x->input_closed = ssh_channel_send_eof(x->channel) != 0;
}

static void
ssh_exec_collect(struct ssh_exec *x, int stream, struct buf *to)
{
	size_t max = x->max_output ? x->max_output : DEFAULT_MAX;
	char chunk[4096];
	ssize_t n;

	/* The end of a stream shows only when both have been read, so it is not checked here. */
	while ((n = ssh_channel_read(x->channel, stream, chunk, sizeof chunk)) > 0) {
		size_t room = to->len < max ? max - to->len : 0;

		x->truncated |= (size_t)n > room;
		buf_add(to, chunk, (size_t)n < room ? (size_t)n : room);
	}
}

int
ssh_exec_step(struct ssh_exec *x, struct ssh_link *l, struct error *err)
{
	int r;

	if (x->state == SSH_EXEC_NEW) {
		r = ssh_channel_session(l, x, &x->channel, err);
		if (r <= 0)
			return r;
		x->state = SSH_EXEC_OPEN;
	}
	if (x->state == SSH_EXEC_OPEN) {
		r = ssh_channel_exec(x->channel, x->command, err);
		if (r <= 0)
			return r;
		x->state = SSH_EXEC_RUNS;
	}
	if (x->state == SSH_EXEC_RUNS) {
		ssh_exec_collect(x, 0, &x->out);
		ssh_exec_collect(x, 1, &x->err);
		ssh_exec_feed(x);
		if (!ssh_channel_ended(x->channel))
			return 0;
		x->status = ssh_channel_exit_status(x->channel);
		x->state = SSH_EXEC_DONE;
		ssh_channel_close(x->channel);
		x->channel = NULL;
	}
	return 1;
}

void
ssh_exec_release(struct ssh_exec *x, struct ssh_link *l)
{
	if (l) {
		ssh_link_forget(l, x);
		ssh_channel_close(x->channel);
	}
	buf_release(&x->out);
	buf_release(&x->err);
	*x = (struct ssh_exec)SSH_EXEC_INIT;
}
