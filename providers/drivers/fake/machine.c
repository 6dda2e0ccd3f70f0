/*
 * lima-fake-machine --pidfile FILE --control FILE --console FILE [OPTION...] - a process that plays a machine and its guest.
 *
 * For tests of everything around a machine, without a boot. It keeps a lock on its pid file as a hypervisor does, and answers
 * on its control socket, a line each:
 *
 *	up			ok
 *	ready			ok, once the guest is; or no WHY
 *	button, quit		ok, and then it ends; unless it is --deaf, or --stuck
 *	connect PORT		ok; from then on the connection is one to that port of the guest, which greets and echoes
 *	say TEXT		a line on the guest's console
 *	die N, hang, reboot	what a test wants: to exit with N; to answer nothing any more; to be not ready for a while
 *	get-ready		and to be ready now
 *
 * Options: --up-ms N and --ready-ms N: how long until it listens, and until the guest is ready; --off-ms N: how long the
 * guest takes for the power button; --deaf: it does not listen to it; --stuck: nor to quit and SIGTERM;
 * --dies-ms N: it ends by itself, with status 3; --refuse WHY: it ends at once; --fail WHY: the guest never gets ready.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "providers/pidfile.h"

enum { MAX_CLIENTS = 64, MAX_LINE = 1024, NEVER = -1 };

struct client {
	int fd;
	char line[MAX_LINE];
	size_t len;
	bool waits;	/* for the guest to be ready */
	bool guest;	/* it is a connection to a port of the guest */
};

struct fake {
	const char *pidfile, *control, *console, *refuse, *fail;
	int off_ms, reboot_ms;
	bool deaf, stuck, hangs;
	long long up_at, ready_at, dies_at, off_at;	/* NEVER: not at all */
	int listener, log;
	struct client client[MAX_CLIENTS];
	size_t nclients;
};

static volatile sig_atomic_t told_to_end;

static void
on_term(int sig)
{
	(void)sig;
	told_to_end = 1;
}

static int
fake_machine_number(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

static int
fake_machine_options(struct fake *f, int argc, char **argv)
{
	static const struct option options[] = {
		{ "pidfile", required_argument, NULL, 'p' }, { "control", required_argument, NULL, 'c' },
		{ "console", required_argument, NULL, 'l' }, { "up-ms", required_argument, NULL, 'u' },
		{ "ready-ms", required_argument, NULL, 'r' }, { "off-ms", required_argument, NULL, 'o' },
		{ "dies-ms", required_argument, NULL, 'd' }, { "refuse", required_argument, NULL, 'R' },
		{ "fail", required_argument, NULL, 'F' }, { "deaf", no_argument, NULL, 'D' },
		{ "stuck", no_argument, NULL, 'S' }, { 0 },
	};
	long long now = clock_ms();
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'p': f->pidfile = optarg; break;
		case 'c': f->control = optarg; break;
		case 'l': f->console = optarg; break;
		case 'u': f->up_at = now + fake_machine_number(optarg); break;
		case 'r': f->reboot_ms = fake_machine_number(optarg); break;
		case 'o': f->off_ms = fake_machine_number(optarg); break;
		case 'd': f->dies_at = now + fake_machine_number(optarg); break;
		case 'R': f->refuse = optarg; break;
		case 'F': f->fail = optarg; break;
		case 'S': f->stuck = true; /* fallthrough */
		case 'D': f->deaf = true; break;
		default: return -1;
		}
	f->ready_at = now + f->reboot_ms;
	return f->pidfile && f->control && f->console && optind == argc ? 0 : -1;
}

static void
client_close(struct fake *f, struct client *c)
{
	close(c->fd);
	*c = f->client[--f->nclients];
}

static bool
client_say(struct client *c, const char *text)
{
	return send(c->fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

static void
console_say(struct fake *f, const char *text)
{
	dprintf(f->log, "%s\r\n", text);
}

static void
answer_ready(struct fake *f, struct client *c)
{
	char no[MAX_LINE];

	c->waits = clock_ms() < f->ready_at;
	if (c->waits)
		return;
	snprintf(no, sizeof no, "no %s\n", f->fail ? f->fail : "");
	client_say(c, f->fail ? no : "ok\n");
}

static void
answer_connect(struct client *c, const char *port)
{
	char hello[MAX_LINE];

	snprintf(hello, sizeof hello, "ok\nport %s of the guest\n", port);
	c->guest = client_say(c, hello);
}

static void
answer_off(struct fake *f, struct client *c, bool deaf, int after_ms)
{
	client_say(c, "ok\n");
	if (!deaf)
		f->off_at = clock_ms() + after_ms;
}

static void
guest_reboot(struct fake *f)
{
	f->ready_at = clock_ms() + f->reboot_ms;
	console_say(f, "the guest boots");
	for (size_t i = f->nclients; i-- > 0;)
		if (f->client[i].guest)
			client_close(f, &f->client[i]);
}

static void
client_answer(struct fake *f, struct client *c, const char *line)
{
	if (!strcmp(line, "up"))
		client_say(c, "ok\n");
	else if (!strcmp(line, "ready"))
		answer_ready(f, c);
	else if (!strcmp(line, "button"))
		answer_off(f, c, f->deaf, f->off_ms);
	else if (!strcmp(line, "quit"))
		answer_off(f, c, f->stuck, 0);
	else if (!strncmp(line, "connect ", 8))
		answer_connect(c, line + 8);
	else if (!strncmp(line, "say ", 4))
		console_say(f, line + 4);
	else if (!strncmp(line, "die ", 4))
		exit(fake_machine_number(line + 4));
	else if (!strcmp(line, "hang"))
		f->hangs = client_say(c, "ok\n");
	else if (!strcmp(line, "reboot"))
		guest_reboot(f);
	else if (!strcmp(line, "get-ready"))
		f->ready_at = client_say(c, "ok\n") ? clock_ms() : NEVER;
	else
		client_say(c, "no such word\n");
}

/* Returns false when the client is gone. */
static bool
client_read(struct fake *f, struct client *c)
{
	ssize_t n = read(c->fd, c->line + c->len, sizeof c->line - 1 - c->len);
	char *nl;

	if (n <= 0)
		return false;
	if (c->guest)
		return send(c->fd, c->line, (size_t)n, MSG_NOSIGNAL) == n;
	c->len += (size_t)n;
	c->line[c->len] = '\0';
	nl = strchr(c->line, '\n');
	if (!nl)
		return c->len < sizeof c->line - 1;
	*nl = '\0';
	c->len = 0;
	client_answer(f, c, c->line);
	return true;
}

static int
control_listen(struct fake *f)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	f->up_at = NEVER;
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (f->listener < 0 || strlen(f->control) >= sizeof sa.sun_path)
		return -1;
	strcpy(sa.sun_path, f->control);
	unlink(f->control);
	return bind(f->listener, (struct sockaddr *)&sa, sizeof sa) < 0 ? -1 : listen(f->listener, 64);
}

static void
control_accept(struct fake *f)
{
	int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0 && f->nclients == MAX_CLIENTS)
		close(fd);
	else if (fd >= 0)
		f->client[f->nclients++] = (struct client){ .fd = fd };
}

static void
fake_machine_sooner(long long *left, long long at, long long now)
{
	long long ms = at - now > 0 ? at - now : 0;

	if (at != NEVER && (*left == NEVER || ms < *left))
		*left = ms;
}

static int
time_left(const struct fake *f)
{
	long long left = NEVER, now = clock_ms();

	fake_machine_sooner(&left, f->up_at, now);
	fake_machine_sooner(&left, f->dies_at, now);
	fake_machine_sooner(&left, f->off_at, now);
	for (size_t i = 0; i < f->nclients; i++)
		if (f->client[i].waits)
			fake_machine_sooner(&left, f->ready_at, now);
	return (int)left;
}

static bool
fake_machine_is_over(long long at)
{
	return at != NEVER && clock_ms() >= at;
}

/* One turn; -1: it goes on; else the status to end with. */
static int
fake_turn(struct fake *f)
{
	struct pollfd p[MAX_CLIENTS + 1] = { { .fd = f->hangs ? -1 : f->listener, .events = POLLIN } };

	for (size_t i = 0; i < f->nclients; i++)
		p[i + 1] = (struct pollfd){ .fd = f->hangs ? -1 : f->client[i].fd, .events = POLLIN };
	if (poll(p, f->nclients + 1, time_left(f)) < 0 && errno != EINTR)
		return 1;
	if (fake_machine_is_over(f->dies_at))
		return 3;
	if (fake_machine_is_over(f->off_at) || (told_to_end && !f->stuck))
		return 0;
	if (fake_machine_is_over(f->up_at) && control_listen(f) < 0)
		return 1;
	for (size_t i = f->nclients; i-- > 0;) {
		struct client *c = &f->client[i];

		if (p[i + 1].revents && !client_read(f, c))
			client_close(f, c);
		else if (c->waits && clock_ms() >= f->ready_at)
			answer_ready(f, c);
	}
	if (p[0].revents)
		control_accept(f);
	return -1;
}

int
main(int argc, char **argv)
{
	struct fake f = { .up_at = 0, .dies_at = NEVER, .off_at = NEVER, .listener = -1 };
	struct error err;
	int status = -1;

	if (fake_machine_options(&f, argc, argv) < 0)
		return 2;
	if (f.refuse) {
		fprintf(stderr, "fake machine: %s\n", f.refuse);
		return 1;
	}
	signal(SIGTERM, on_term);
	f.log = open(f.console, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (f.log < 0 || pidfile_take(f.pidfile, &err) < 0) {
		fprintf(stderr, "fake machine: %s: %s\n", f.pidfile, f.log < 0 ? strerror(errno) : err.msg);
		return 1;
	}
	console_say(&f, "the guest boots");
	while (status < 0)
		status = fake_turn(&f);
	unlink(f.control);
	return status;
}
