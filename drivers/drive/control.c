/*
 * Lines of limactl and the host agent, one a connection, each answered with one that begins with "ok" or "no":
 *
 *	up		ok, as soon as the driver says that the boot has begun
 *	button		ok, as soon as the driver was asked to stop its machine
 *	quit		ok, and then it is ended
 *	snapshot-list	ok, and the list behind it, to the end of the connection
 *	snapshot-create TAG, snapshot-apply TAG, snapshot-delete TAG
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "drivers/drive/drive.h"
#include "drivers/wire/driver_msg.h"
#include "guest/wire/ga_msg.h"
#include "providers/sock.h"

enum { STOP_MS = 200000, SNAPSHOT_MS = 600000, LIST_MS = 30000 };

struct drive_command {
	const char *word, *method;
	int ms;
	bool tag, list;
};

static const struct drive_command commands[] = {
	{ "snapshot-list", "ListSnapshots", LIST_MS, .list = true },
	{ "snapshot-create", "CreateSnapshot", SNAPSHOT_MS, .tag = true },
	{ "snapshot-apply", "ApplySnapshot", SNAPSHOT_MS, .tag = true },
	{ "snapshot-delete", "DeleteSnapshot", SNAPSHOT_MS, .tag = true },
};

int
drive_listen(struct drive *d, struct error *err)
{
	d->listener = sock_listen(d->control, err);
	return d->listener < 0 ? -1 : 0;
}

void
drive_accept(struct drive *d)
{
	int fd = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && d->nclients == DRIVE_CLIENTS)
		close(fd);
	else if (fd >= 0)
		d->client[d->nclients++] = (struct drive_client){ .fd = fd };
}

/* What does not fit into a socket's buffer, its reader does without: a list is far shorter. */
static void
client_answer(const struct drive_client *c, const char *text, size_t len)
{
	if (send(c->fd, text, len, MSG_NOSIGNAL) < 0)
		return;
}

static void
client_drop(struct drive *d, size_t i)
{
	close(d->client[i].fd);
	d->client[i] = d->client[--d->nclients];
}

void
drive_up(struct drive *d)
{
	d->up = true;
	for (size_t i = d->nclients; i-- > 0;)
		if (d->client[i].waits_up) {
			client_answer(&d->client[i], "ok\n", 3);
			client_drop(d, i);
		}
}

static void
on_stopped(struct drive *d, const struct error *e, const uint8_t *p, size_t len)
{
	(void)p, (void)len;
	if (e && !d->over)
		fprintf(stderr, "lima-driver-%s: %s\n", d->name, e->msg);
	else
		d->over = true;
}

static void
command_answered(const struct drive_command *k, const struct error *e, const uint8_t *p, size_t len, struct buf *out)
{
	const char *text = "";
	struct error why;
	size_t n = 0;

	if (!e && k->list && driver_msg_bytes(p, len, &text, &n, &why) < 0)
		e = &why;
	if (e) {
		buf_addf(out, "no %s\n", e->msg);
		return;
	}
	buf_adds(out, "ok\n");
	for (size_t i = 0; i < n; i++)
		buf_addc(out, drive_printable(text[i]));
}

static void
on_command(struct drive *d, const struct error *e, const uint8_t *p, size_t len)
{
	AUTO(buf) out = BUF_INIT;

	command_answered(d->asking, e, p, len, &out);
	d->asking = NULL;
	for (size_t i = d->nclients; i-- > 0;)
		if (d->client[i].waits) {
			client_answer(&d->client[i], out.s, out.len);
			client_drop(d, i);
		}
}

static const struct drive_command *
command_of(const char *line)
{
	size_t len = strcspn(line, " ");

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strlen(commands[i].word) == len && !strncmp(commands[i].word, line, len) && commands[i].tag == (line[len] == ' ' && line[len + 1]))
			return &commands[i];
	return NULL;
}

static int
command_ask(struct drive *d, const struct drive_command *k, const char *tag, struct error *err)
{
	if (d->asking)
		return error_set(err, EBUSY, "%s: it is busy with another", k->method);
	if (drive_call(d, k->method, k->ms, tag, strlen(tag), on_command, err) < 0)
		return -1;
	d->asking = k;
	return 0;
}

/* NULL: it has been done; "": the answer comes later; else why not. */
static const char *
line_obey(struct drive *d, struct drive_client *c, char *line, struct error *why)
{
	const struct drive_command *k = command_of(line);

	if (!strcmp(line, "up")) {
		c->waits_up = !d->up;
		return d->up ? NULL : "";
	}
	if (!strcmp(line, "quit")) {
		d->over = d->asked_to_stop = true;
		return NULL;
	}
	if (!d->up)
		return "it has not begun to boot";
	if (!strcmp(line, "button")) {
		if (!d->asked_to_stop && drive_call(d, "Stop", STOP_MS, "", 0, on_stopped, why) < 0)
			return why->msg;
		d->asked_to_stop = true;
		return NULL;
	}
	if (!k)
		return "no such word";
	c->waits = command_ask(d, k, k->tag ? line + strlen(k->word) + 1 : "", why) == 0;
	return c->waits ? "" : why->msg;
}

void
drive_client_read(struct drive *d, size_t i)
{
	struct drive_client *c = &d->client[i];
	ssize_t n = read(c->fd, c->line + c->len, sizeof c->line - 1 - c->len);
	auto_free char *no = NULL;
	struct error why;
	const char *answer;
	char *nl;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->len += n > 0 ? (size_t)n : 0;
	c->line[c->len] = '\0';
	nl = n > 0 ? strchr(c->line, '\n') : NULL;
	if (c->waits_up && n > 0)
		return;
	if (!nl) {
		if (n <= 0 || c->len == sizeof c->line - 1)
			client_drop(d, i);
		return;
	}
	*nl = '\0';
	answer = line_obey(d, c, c->line, &why);
	if (answer && !*answer)
		return;
	no = xasprintf("no %s\n", answer ? answer : "");
	client_answer(c, answer ? no : "ok\n", answer ? strlen(no) : 3);
	client_drop(d, i);
}
