/* A connection to a machine that only plays one: what is asked on it, and the answers. */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "providers/drivers/fake/machine.h"

void
fake_client_close(struct fake *f, struct client *c)
{
	close(c->fd);
	free(c->input);
	*c = f->client[--f->nclients];
}

bool
fake_client_say(struct client *c, const char *text)
{
	return send(c->fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

void
fake_console_say(struct fake *f, const char *text)
{
	dprintf(f->log, "%s\r\n", text);
}

void
fake_answer_ready(struct fake *f, struct client *c)
{
	char no[MAX_LINE];

	c->waits = clock_ms() < f->ready_at || f->stands != RUNS || f->parked;
	if (c->waits)
		return;
	snprintf(no, sizeof no, "no %s\n", f->fail ? f->fail : "");
	f->parks = false;
	fake_client_say(c, f->fail ? no : "ok\n");
}

static void
fake_answer_connect(struct client *c, const char *port)
{
	char hello[MAX_LINE];

	snprintf(hello, sizeof hello, "ok\nport %s of the guest\n", port);
	c->guest = fake_client_say(c, hello);
}

static void
fake_answer_off(struct fake *f, struct client *c, bool deaf, int after_ms)
{
	fake_client_say(c, "ok\n");
	if (!deaf)
		f->off_at = clock_ms() + after_ms;
}

static void
fake_guest_reboot(struct fake *f)
{
	f->ready_at = clock_ms() + f->reboot_ms;
	fake_console_say(f, "the guest boots");
	for (size_t i = f->nclients; i-- > 0;)
		if (f->client[i].guest)
			fake_client_close(f, &f->client[i]);
}

static void
fake_answer_run(struct client *c, const char *bytes)
{
	c->asked = (size_t)strtoul(bytes, NULL, 10);
	if (c->asked > MOST_GIVEN)
		exit(2);
	c->input = xcalloc(1, c->asked + 1);
	c->given = 0;
	fake_client_say(c, "ok\n");
}

static void
fake_guest_shell(int in, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execl("/bin/sh", "sh", "-s", (char *)NULL);
	_exit(127);
}

/* All that comes from there, to its end. */
static void
fake_guest_relay(int from, int to)
{
	char room[4096];
	ssize_t n;

	fcntl(to, F_SETFL, 0);
	while ((n = read(from, room, sizeof room)) > 0)
		for (ssize_t done = 0, w; done < n; done += w)
			if ((w = write(to, room + done, (size_t)(n - done))) < 0)
				_exit(1);
	_exit(0);
}

/*
 * The connection is another process's from now on, which ends with the machine: what the shell has begun may go on, as nothing in a real
 * machine could, but whoever listens hears that the machine is gone.
 */
static void
fake_guest_run(const struct client *c)
{
	int in = memfd_create("input", MFD_CLOEXEC), out[2];

	if (in < 0 || write(in, c->input, c->asked) != (ssize_t)c->asked || lseek(in, 0, SEEK_SET) < 0 || fork() != 0) {
		close(in);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pipe2(out, O_CLOEXEC) < 0)
		_exit(1);
	if (fork() == 0)
		fake_guest_shell(in, out[1]);
	close(out[1]);
	fake_guest_relay(out[0], c->fd);
}

/* False: the connection is a shell's now. */
static bool
fake_client_input(struct client *c, const char *p, size_t n)
{
	n = n < c->asked - c->given ? n : c->asked - c->given;
	memcpy(c->input + c->given, p, n);
	c->given += n;
	if (c->given < c->asked)
		return true;
	fake_guest_run(c);
	return false;
}

static void
fake_client_answer(struct fake *f, struct client *c, const char *line)
{
	if (!strcmp(line, "up"))
		fake_client_say(c, "ok\n");
	else if (!strcmp(line, "ready"))
		fake_answer_ready(f, c);
	else if (!strcmp(line, "button"))
		fake_answer_off(f, c, f->deaf, f->off_ms);
	else if (!strcmp(line, "quit"))
		fake_answer_off(f, c, f->stuck, 0);
	else if (!strncmp(line, "connect ", 8))
		fake_answer_connect(c, line + 8);
	else if (!strncmp(line, "run ", 4))
		fake_answer_run(c, line + 4);
	else if (!strncmp(line, "say ", 4))
		fake_console_say(f, line + 4);
	else if (!strncmp(line, "die ", 4))
		exit(fake_machine_number(line + 4));
	else if (!strcmp(line, "hang"))
		f->hangs = fake_client_say(c, "ok\n");
	else if (!strcmp(line, "reboot"))
		fake_guest_reboot(f);
	else if (!strcmp(line, "get-ready"))
		f->ready_at = fake_client_say(c, "ok\n") ? clock_ms() : NEVER;
	else if (!fake_answer_memory(f, c, line))
		fake_client_say(c, "no such word\n");
}

bool
fake_client_read(struct fake *f, struct client *c)
{
	ssize_t n = read(c->fd, c->line + c->len, sizeof c->line - 1 - c->len);
	char *nl;

	if (c->loads && n == 0)
		fake_client_loaded(f);
	if (n <= 0)
		return false;
	if (c->loads) {
		fake_client_load(f, c->line, (size_t)n);
		return true;
	}
	if (c->parks)
		return fake_park_read(f, c, c->line, (size_t)n);
	if (c->input)
		return fake_client_input(c, c->line, (size_t)n);
	if (c->guest)
		return send(c->fd, c->line, (size_t)n, MSG_NOSIGNAL) == n;
	c->len += (size_t)n;
	c->line[c->len] = '\0';
	nl = strchr(c->line, '\n');
	if (!nl)
		return c->len < sizeof c->line - 1;
	*nl = '\0';
	c->len = 0;
	fake_client_answer(f, c, c->line);
	return true;
}
