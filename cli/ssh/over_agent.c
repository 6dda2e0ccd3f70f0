#include "cli/ssh/over_agent.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cli/commands/start.h"
#include "guest/wire/exec_frame.h"
#include "hostagent/protocol/ha_client.h"

enum {
	LOOK_MS = 200,		/* between two looks whether a signal came */
	GRACE_MS = 2000,	/* for a command to end by the signal that ended us */
	TO_HIGH = 128 << 10,	/* of our input, that the guest has not taken */
	OUT_HIGH = 256 << 10,	/* of its output, that nobody here has taken */
	AT_ONCE = 4096,		/* that a pipe which can be written takes without waiting */
	BEGIN_MS = 20 * 1000,	/* for an answer whether it runs, of an emulated guest on a busy host */
};

struct over {
	struct cli *cli;
	int fd;
	bool input_over, ended;
	int status, signalled;
	long long until;		/* 0: for ever; then it is given up */
	struct buf from, to, out[2];	/* bytes of the guest's, frames for it, and what is for our stdout and stderr */
};

static void
over_release(struct over *o)
{
	if (o->fd >= 0)
		close(o->fd);
	buf_release(&o->from);
	buf_release(&o->to);
	buf_release(&o->out[0]);
	buf_release(&o->out[1]);
}

static void
over_drop(struct buf *b, size_t n)
{
	memmove(b->s, b->s + n, b->len - n);
	buf_truncate(b, b->len - n);
}

static bool
over_again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* --- the guest --- */

/* 1; 0: nothing just now; -1: it is gone. */
static int
over_read(struct over *o)
{
	ssize_t n;

	buf_reserve(&o->from, EXEC_CHUNK + 1);
	n = read(o->fd, o->from.s + o->from.len, EXEC_CHUNK);
	if (n <= 0)
		return n < 0 && over_again() ? 0 : -1;
	o->from.len += (size_t)n;
	return 1;
}

static int
over_write(struct over *o)
{
	ssize_t n = o->to.len ? write(o->fd, o->to.s, o->to.len) : 0;

	if (n < 0)
		return over_again() ? 0 : -1;
	over_drop(&o->to, (size_t)n);
	return 0;
}

static int
over_take(struct over *o, const struct exec_frame *f)
{
	switch (f->type) {
	case EXEC_OUTPUT:
	case EXEC_ERRORS:
		buf_add(&o->out[f->type == EXEC_ERRORS], f->p, f->len);
		return 0;
	case EXEC_ENDED:
		o->ended = f->len == 1;
		o->status = f->len == 1 ? f->p[0] : 0;
		return o->ended ? 0 : -1;
	default:
		return -1;
	}
}

/* What a guest says that is none of it ends the conversation. */
static int
over_frames(struct over *o)
{
	struct exec_frame f;
	size_t at = 0;
	long len = 0;

	while (!o->ended && (len = exec_frame_get(o->from.s + at, o->from.len - at, &f)) > 0) {
		if (over_take(o, &f) < 0)
			return -1;
		at += (size_t)len;
	}
	over_drop(&o->from, at);
	return len < 0 ? -1 : 0;
}

/* --- us --- */

static void
over_input(struct over *o)
{
	char chunk[EXEC_CHUNK];
	ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);

	if (n < 0 && over_again())
		return;
	o->input_over = n <= 0;
	exec_frame_put(&o->to, n > 0 ? EXEC_INPUT : EXEC_INPUT_END, chunk, n > 0 ? (size_t)n : 0);
}

/* Who does not read us any more does not want the rest; with a shell's pipe, that ends us as it would ssh. */
static void
over_output(struct over *o, int which)
{
	struct buf *b = &o->out[which];
	ssize_t n = write(which ? STDERR_FILENO : STDOUT_FILENO, b->s, b->len < AT_ONCE ? b->len : AT_ONCE);

	if (n < 0 && errno == EPIPE) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	if (n < 0 && !over_again())
		n = (ssize_t)b->len;
	if (n > 0)
		over_drop(b, (size_t)n);
}

static void
over_signal(struct over *o)
{
	uint8_t number = (uint8_t)(o->cli->env.cancel ? *o->cli->env.cancel : 0);

	if (!number || o->signalled)
		return;
	o->signalled = number;
	o->until = clock_ms() + GRACE_MS;
	exec_frame_put(&o->to, EXEC_SIGNAL, &number, 1);
}

/* 0, -1: the guest is gone, or says what makes no sense. */
static int
over_step(struct over *o)
{
	bool room = o->out[0].len + o->out[1].len < OUT_HIGH;
	struct pollfd p[] = {
		{ o->ended ? -1 : o->fd, (short)((room ? POLLIN : 0) | (o->to.len ? POLLOUT : 0)), 0 },
		{ o->input_over || o->ended || o->to.len > TO_HIGH ? -1 : STDIN_FILENO, POLLIN, 0 },
		{ o->out[0].len ? STDOUT_FILENO : -1, POLLOUT, 0 },
		{ o->out[1].len ? STDERR_FILENO : -1, POLLOUT, 0 },
	};
	int got = 0;

	over_signal(o);
	if (poll(p, ARRAY_LEN(p), LOOK_MS) < 0)
		return over_again() ? 0 : -1;
	if (p[1].revents)
		over_input(o);
	if (p[2].revents)
		over_output(o, 0);
	if (p[3].revents)
		over_output(o, 1);
	if (p[0].revents & (POLLIN | POLLHUP | POLLERR) && room)
		got = over_read(o);
	if (got > 0)
		got = over_frames(o);
	return got < 0 || (!o->ended && over_write(o) < 0) ? -1 : 0;
}

/* --- its beginning --- */

/* As OpenSSH's server has it where it does not know from where somebody came: bash reads ~/.bashrc because of it. */
static const char over_origin[] = "SSH_CLIENT=UNKNOWN 65535 65535\0SSH_CONNECTION=UNKNOWN 65535 UNKNOWN 65535\0";

static void
over_ask(struct over *o, const char *user, const char *script)
{
	AUTO(buf) b = BUF_INIT;

	buf_add(&b, user, strlen(user) + 1);
	buf_add(&b, script, strlen(script) + 1);
	buf_add(&b, over_origin, sizeof over_origin);
	exec_frame_put(&o->to, EXEC_COMMAND, b.s, b.len);
}

/* Nothing of the guest's goes to a terminal as it is: its reason is printable, and short. */
static void
over_reason(const struct exec_frame *f, struct error *err)
{
	char text[200];
	size_t n = f->len < sizeof text - 1 ? f->len : sizeof text - 1;

	for (size_t i = 0; i < n; i++)
		text[i] = f->p[i] < ' ' || f->p[i] > '~' ? '?' : (char)f->p[i];
	text[n] = '\0';
	error_set(err, ENOTSUP, "the guest: %s", text);
}

/* 1: it runs. 0: it does not, and nothing of it has. */
static int
over_begin(struct over *o, struct error *err)
{
	long long until = clock_ms() + BEGIN_MS;
	struct exec_frame f;
	long len;

	while ((len = exec_frame_get(o->from.s, o->from.len, &f)) == 0) {
		struct pollfd p = { o->fd, (short)(POLLIN | (o->to.len ? POLLOUT : 0)), 0 };
		int n = poll(&p, 1, LOOK_MS);

		if (o->cli->env.cancel && *o->cli->env.cancel)
			return error_set(err, ERR_CANCELLED, "interrupted before the command had begun");
		if (clock_ms() > until)
			return error_set(err, ETIMEDOUT, "the guest agent does not say whether it runs the command, and may have begun it");
		if (n > 0 && (over_write(o) < 0 || (p.revents & (POLLIN | POLLHUP) && over_read(o) < 0)))
			return error_set(err, ECONNRESET, "the guest agent has hung up"), o->to.len ? 0 : -1;
	}
	if (len > 0 && f.type == EXEC_RUNS) {
		over_drop(&o->from, (size_t)len);
		return 1;
	}
	if (len > 0 && f.type == EXEC_NOT)
		over_reason(&f, err);
	else
		error_set(err, EPROTO, "the guest agent says what makes no sense");
	return 0;
}

static int
over_move(struct over *o, struct error *err)
{
	int said = over_frames(o);

	while (said == 0 && (!o->ended || o->out[0].len || o->out[1].len) && !(o->until && clock_ms() > o->until))
		said = over_step(o);
	if (o->signalled)
		return 128 + o->signalled;
	return o->ended ? o->status : error_set(err, ECONNRESET, "the guest agent is gone, and with it word of how the command ended");
}

int
over_agent(struct cli *c, struct instance *i, const char *script, int *status, struct error *err)
{
	AUTO(over) o = { .cli = c, .fd = ha_command(i->dir, err), .from = BUF_INIT, .to = BUF_INIT, .out = { BUF_INIT, BUF_INIT } };
	int begun;

	if (o.fd < 0)
		return 0;
	cli_catch_signals(c);
	over_ask(&o, json_text(&i->arena, instance_config(i, "user.name")), script);
	begun = over_begin(&o, err);
	if (begun <= 0)
		return begun;
	*status = over_move(&o, err);
	return *status < 0 ? -1 : 1;
}

/* --- when --- */

const char *
over_agent_why_not(const struct instance *i, const char *script, bool chosen)
{
	auto_free char *shared = xasprintf("%s/ssh.sock", i->dir);
	const char *ssh = getenv("SSH");

	if (json_true(instance_config(i, "plain")))
		return "it is `plain`, and has no guest agent";
	if (strlen(script) > EXEC_COMMAND_MAX)
		return "the command is too long for it";
	if (chosen)
		return NULL;
	if (isatty(STDOUT_FILENO))
		return "there is a terminal";
	if (ssh && *ssh)
		return "$SSH names a program for it";
	if (json_true(instance_config(i, "ssh.forwardAgent")) || json_true(instance_config(i, "ssh.forwardX11")))
		return "`ssh` brings an agent or X11 along";
	if (fs_exists(shared))
		return "ssh has a connection already";
	return NULL;
}
