/*
 * hostagent/drivers/fake/runtime.c - the machine that only plays one (providers/drivers/fake/machine.c), for tests.
 *
 * A line to its control socket, and a line back. It says itself when its guest is ready: there is no ssh.
 */
#include "hostagent/machine/runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "hostagent/agent.h"
#include "hostagent/drivers/fake/fake.h"
#include "providers/pidfile.h"

enum { ANSWER_MS = 5000 };

/* One line there and one back. */
struct question {
	struct agent *agent;
	uv_pipe_t pipe;
	uv_timer_t timer;
	uv_connect_t connect;
	char line[1024];
	size_t len;
	const char *words;
	runtime_done *done;	/* or `still` is called, once */
	runtime_standstill *still;
	bool over;
	int open;
};

static void
fake_runtime_on_closed(uv_handle_t *h)
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
	uv_close((uv_handle_t *)&q->pipe, fake_runtime_on_closed);
	uv_close((uv_handle_t *)&q->timer, fake_runtime_on_closed);
	if (q->still)
		q->still(q->agent, !e && strcmp(q->line, "ok stands") == 0 ? "it was told to" : NULL);
	else
		q->done(q->agent, e);
}

static void
question_fail(struct question *q, int code, const char *why)
{
	struct error e;

	error_set(&e, code, "the fake machine: %s", why);
	question_end(q, &e);
}

static void
fake_runtime_on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
	struct question *q = h->data;

	(void)size;
	*b = uv_buf_init(q->line + q->len, (unsigned)(sizeof q->line - 1 - q->len));
}

static void
fake_runtime_on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
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
fake_runtime_on_connect(uv_connect_t *c, int status)
{
	struct question *q = c->data;
	uv_buf_t b = uv_buf_init((char *)(uintptr_t)q->words, (unsigned)strlen(q->words));

	if (q->over)
		return;
	if (status == 0)
		status = uv_read_start((uv_stream_t *)&q->pipe, fake_runtime_on_alloc, fake_runtime_on_read);
	if (status == 0 && uv_try_write((uv_stream_t *)&q->pipe, &b, 1) != (int)b.len)
		status = UV_EPIPE;
	if (status < 0)
		question_fail(q, -status, uv_strerror(status));
}

static void
fake_runtime_on_timer(uv_timer_t *t)
{
	question_fail(t->data, ETIMEDOUT, "no answer");
}

static void
question_ask(struct agent *a, const char *words, int timeout_ms, runtime_done *done, runtime_standstill *still)
{
	struct question *q = xcalloc(1, sizeof *q);

	*q = (struct question){ .agent = a, .words = words, .done = done, .still = still, .open = 2 };
	uv_pipe_init(&a->loop, &q->pipe, 0);
	uv_timer_init(&a->loop, &q->timer);
	q->pipe.data = q->timer.data = q->connect.data = q;
	if (timeout_ms)
		uv_timer_start(&q->timer, fake_runtime_on_timer, (uint64_t)timeout_ms, 0);
	uv_pipe_connect(&q->connect, &q->pipe, a->launch.machine.control, fake_runtime_on_connect);
}

static void
fake_ask_if_up(struct agent *a, runtime_done *done)
{
	question_ask(a, "up\n", ANSWER_MS, done, NULL);
}

static void
fake_runtime_press_button(struct agent *a, runtime_done *done)
{
	question_ask(a, "button\n", ANSWER_MS, done, NULL);
}

static void
fake_runtime_quit(struct agent *a, runtime_done *done)
{
	question_ask(a, "quit\n", ANSWER_MS, done, NULL);
}

static void
fake_ask_standstill(struct agent *a, runtime_standstill *done)
{
	question_ask(a, "stand\n", ANSWER_MS, NULL, done);
}

static void
fake_runtime_resume(struct agent *a, runtime_done *done)
{
	question_ask(a, "go-on\n", ANSWER_MS, done, NULL);
}

static void
fake_await_guest(struct agent *a, runtime_done *done)
{
	/* The question has no deadline: it ends with the machine. */
	question_ask(a, "ready\n", 0, done, NULL);
}

static bool
fake_runtime_find(const char *dir, struct process *out)
{
	auto_free char *pidfile = xasprintf("%s/fake.pid", dir), *control = xasprintf("%s/fake.sock", dir);

	if (pidfile_hold(pidfile, out))
		return true;
	return pidfile_leaves_doubt(pidfile, control) && pidfile_search((const char *const[]){ "lima-fake-machine", NULL }, "--pidfile", pidfile, out);
}

static int
fake_runtime_sweep(struct agent *a, struct error *err)
{
	auto_free char *pidfile = xasprintf("%s/fake.pid", a->launch.dir);

	return fs_unlink(pidfile, err) < 0 ? -1 : fs_unlink(a->launch.machine.control, err);
}

static const char *const fake_consoles[] = { "serial.log", NULL };

const struct runtime runtime_fake = {
	.driver = "fake",
	.title = "the fake machine",
	.log = "fake.log",
	.console_logs = fake_consoles,
	.find = fake_runtime_find,
	.sweep = fake_runtime_sweep,
	.ask_if_up = fake_ask_if_up,
	.press_button = fake_runtime_press_button,
	.quit = fake_runtime_quit,
	.ask_standstill = fake_ask_standstill,
	.resume = fake_runtime_resume,
	.await_guest = fake_await_guest,
	.transport = transport_fake,
};
