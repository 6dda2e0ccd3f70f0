/*
 * Our side of an evaluation. libjq has no bounds: an expression may run for ever, take all memory or recurse until
 * the stack ends. So a child of ours runs it, which the kernel ends, and we say why.
 */
#include "state/desired/yq/yq.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "state/desired/yq/yq_frame.h"

enum { MAX_RESULTS = 1000000, MAX_RESULT_BYTES = 32 << 20, MAX_EXPR = 128 << 10, SHOWN = 200 };

struct yq {
	char *expr;		/* for messages: its beginning */
	pid_t pid;		/* 0: it has been waited for */
	int fd;
	size_t input_len;	/* of the last input */
};

/* --- frames */

int
yq_read(int fd, void *to, size_t len)
{
	char *p = to;

	while (len) {
		ssize_t n = recv(fd, p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
yq_frame_read(int fd, struct yq_frame *out)
{
	return yq_read(fd, out, sizeof *out);
}

int
yq_frame_write(int fd, enum yq_frame_kind kind, const void *p, size_t len)
{
	struct yq_frame head = { kind, (uint32_t)len };

	return write_all(fd, (const char *)&head, sizeof head) < 0 || write_all(fd, p, len) < 0 ? -1 : 0;
}

/* --- the child */

static int
reap(struct yq *q)
{
	int status = 0;

	while (q->pid > 0 && waitpid(q->pid, &status, 0) < 0 && errno == EINTR)
		;
	q->pid = 0;
	return status;
}

/* it is gone: why? */
static int
tell_end(struct yq *q, struct error *err)
{
	int status = reap(q);

	if (WIFEXITED(status) && WEXITSTATUS(status) == YQ_EXIT_MEMORY)
		return error_set(err, ERR_INVALID, "takes more than %zu MiB of memory", yq_memory_mib(q->input_len));
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGALRM))
		return error_set(err, ERR_INVALID, "takes more than %d s of the processor; does it ever end?", YQ_SECONDS);
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM))
		return error_set(err, ERR_CANCELLED, "interrupted");
	return error_set(err, ERR_INVALID, "is more than libjq can do (it crashed); is it nested very deeply?");
}

/* it has more to say than we want to hear */
static int
give_up(struct yq *q)
{
	if (q->pid > 0)
		kill(q->pid, SIGKILL);
	reap(q);
	return -1;
}

/* what an answer holds; NUL-terminated */
static int
read_text(struct yq *q, const struct yq_frame *head, struct buf *out, struct error *err)
{
	buf_truncate(out, 0);
	buf_reserve(out, head->len);
	if (yq_read(q->fd, out->s, head->len) < 0)
		return tell_end(q, err);
	out->len = head->len;
	out->s[out->len] = '\0';
	return 0;
}

/* the answer to an input, or (each == NULL) to the expression */
static int
read_answer(struct yq *q, int (*each)(void *ctx, const char *result, struct error *err), void *ctx, struct error *err)
{
	size_t n = 0, left = MAX_RESULT_BYTES + 2 * q->input_len;
	AUTO(buf) text = BUF_INIT;
	struct yq_frame head;

	for (;;) {
		if (yq_frame_read(q->fd, &head) < 0)
			return tell_end(q, err);
		if (head.kind == YQ_DONE)
			return 0;
		if (head.kind == YQ_RESULT && (n++ == MAX_RESULTS || head.len > left))
			return give_up(q), error_set(err, ERR_INVALID, "has too many results");
		left -= head.kind == YQ_RESULT ? head.len : 0;
		if (read_text(q, &head, &text, err) < 0)
			return -1;
		if (head.kind == YQ_FAILED)
			return error_set(err, ERR_INVALID, "%s", text.s);
		if (!each)
			return give_up(q), error_set(err, ERR_CHILD, "the evaluator answers what was not asked");
		if (each(ctx, text.s, err) < 0)
			return give_up(q);
	}
}

static int
start(struct yq *q, const char *program, struct error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, "socketpair");
	q->fd = pair[0];
	q->pid = fork();
	if (q->pid == 0)
		yq_serve(pair[1], program);
	close(pair[1]);
	return q->pid < 0 ? error_errno(err, "fork") : 0;
}

/* "jq: error: syntax error, unexpected $end (Unix shell quoting issues?) at <top-level>, line 1:": what of it is about the expression */
static void
tidy(struct error *why)
{
	static const char head[] = "jq: error: ";
	static const char *const tails[] = { " (Unix shell quoting issues?)", " at <top-level>" };

	if (strncmp(why->msg, head, sizeof head - 1) == 0)
		memmove(why->msg, why->msg + sizeof head - 1, strlen(why->msg) - (sizeof head - 1) + 1);
	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		char *at = strstr(why->msg, tails[i]);

		if (at)
			*at = '\0';
	}
}

static struct yq *
compile(const char *expr, const char *before, const char *after, struct error *err)
{
	AUTO(buf) program = BUF_INIT;
	struct error why = { 0 };
	struct yq *q;

	if (strlen(expr) > MAX_EXPR) {
		error_set(err, ERR_INVALID, "the expression has more than 128 KiB");
		return NULL;
	}
	buf_adds(&program, before);
	if (yq_translate(&program, expr, err) < 0)
		return NULL;
	buf_adds(&program, after);
	q = xcalloc(1, sizeof *q);
	q->expr = xasprintf("%.*s%s", SHOWN, expr, strlen(expr) > SHOWN ? "..." : "");
	for (char *p = q->expr; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)	/* a message is one line */
			*p = ' ';
	q->fd = -1;
	if (start(q, program.s, &why) == 0 && read_answer(q, NULL, NULL, &why) == 0)
		return q;
	tidy(&why);
	error_set(err, why.code, "bad expression: `%s`: %s", q->expr, why.msg);
	yq_close(q);
	return NULL;
}

struct yq *
yq_open(const char *expr, struct error *err)
{
	return compile(expr, "", "", err);
}

struct yq *
yq_open_paths(const char *expr, struct error *err)
{
	return compile(expr, "path(", ")", err);
}

void
yq_close(struct yq *q)
{
	if (!q)
		return;
	if (q->fd >= 0)
		close(q->fd);
	give_up(q);
	free(q->expr);
	free(q);
}

int
yq_run(struct yq *q, const char *json, int (*each)(void *ctx, const char *result, struct error *err), void *ctx,
       struct error *err)
{
	struct error why = { 0 };
	int rc;

	q->input_len = strlen(json);
	if (q->input_len > INT_MAX)
		return error_set(err, ERR_INVALID, "`%s`: the input has more than 2 GiB", q->expr);
	if (yq_frame_write(q->fd, YQ_INPUT, json, q->input_len) < 0)
		rc = tell_end(q, &why);
	else
		rc = read_answer(q, each, ctx, &why);
	return rc < 0 ? error_set(err, why.code, "`%s`: %s", q->expr, why.msg) : 0;
}

int
yq_eval(const char *json, const char *expr, int (*each)(void *ctx, const char *result, struct error *err), void *ctx, struct error *err)
{
	struct yq *q = yq_open(expr, err);
	int rc = q ? yq_run(q, json, each, ctx, err) : -1;

	yq_close(q);
	return rc;
}
