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
 *	hold TEXT, held		what it is to hold in its memory; what it holds
 *	save			ok; from then on it stands still, and says what it holds, to the end of the connection
 *	saved			ok, if it said all of it
 *	load			ok; and takes what follows, to the end of the connection: whatever is wrong with that ends it
 *	run N			ok; and takes N bytes, which a shell of the guest's reads; what it says comes back, to its end
 *	stand			ok, and whether it runs, stands still or waits for what it is to hold
 *	go-on			ok, and it does
 *	park			ok; from then on the connection is one to the port by which the guest waits (base/park.h), where it has one
 *	renewed			ok, and what it was told to become last, in one line
 *
 * Options: --up-ms N and --ready-ms N: how long until it listens, and until the guest is ready; --off-ms N: how long the
 * guest takes for the power button; --deaf: it does not listen to it; --stuck: nor to quit and SIGTERM;
 * --dies-ms N: it ends by itself, with status 3; --refuse WHY: it ends at once; --fail WHY: the guest never gets ready.
 * --waits: for what it is to hold; --memory-kib N: how much that is; --slow-ms N: how long it takes to say or take 64 KiB of it;
 * --unsaved: it says all of it, and then that it could not. --parks: the guest waits in its boot, if somebody listens by then;
 * --holds TEXT: what it holds in its memory from then on; --unrenewed: it never answers that.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/park.h"
#include "base/mem.h"
#include "providers/pidfile.h"

enum { MAX_CLIENTS = 64, MAX_LINE = 1024, MOST_GIVEN = 16 << 20, NEVER = -1 };

enum stands { RUNS, STANDS, WAITS };

struct client {
	int fd;
	char line[MAX_LINE];
	size_t len;
	bool waits;	/* for the guest to be ready */
	bool guest;	/* it is a connection to a port of the guest */
	size_t saves;	/* KiB of memory that are still to be said */
	bool loads;	/* what comes is memory */
	bool parks;	/* it is one to the port of that name */
	char *input;	/* what comes is for a shell: `given` of `asked` bytes are there */
	size_t given, asked;
};

struct fake {
	const char *pidfile, *control, *console, *refuse, *fail;
	int off_ms, reboot_ms;
	bool deaf, stuck, hangs, said, unsaved;
	bool parks, parked, unrenewed;
	char told[PARK_MAX], renewed[PARK_MAX];	/* by who listens there; the whole of it, in one line */
	size_t ntold;
	enum stands stands;
	char holds[MAX_LINE];
	size_t kib, slow_ms, loaded;	/* bytes */
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
		{ "stuck", no_argument, NULL, 'S' }, { "waits", no_argument, NULL, 'W' },
		{ "memory-kib", required_argument, NULL, 'k' }, { "slow-ms", required_argument, NULL, 's' },
		{ "unsaved", no_argument, NULL, 'U' }, { "parks", no_argument, NULL, 'P' },
		{ "holds", required_argument, NULL, 'H' }, { "unrenewed", no_argument, NULL, 'N' }, { 0 },
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
		case 'W': f->stands = WAITS; break;
		case 'k': f->kib = (size_t)fake_machine_number(optarg); break;
		case 's': f->slow_ms = (size_t)fake_machine_number(optarg); break;
		case 'U': f->unsaved = true; break;
		case 'P': f->parks = true; break;
		case 'H': snprintf(f->holds, sizeof f->holds, "%s", optarg); break;
		case 'N': f->unrenewed = true; break;
		default: return -1;
		}
	f->ready_at = now + f->reboot_ms;
	return f->pidfile && f->control && f->console && optind == argc ? 0 : -1;
}

static void
client_close(struct fake *f, struct client *c)
{
	close(c->fd);
	free(c->input);
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

	c->waits = clock_ms() < f->ready_at || f->stands != RUNS || f->parked;
	if (c->waits)
		return;
	snprintf(no, sizeof no, "no %s\n", f->fail ? f->fail : "");
	f->parks = false;
	client_say(c, f->fail ? no : "ok\n");
}

/* Who comes when the guest has booted finds nobody there. */
static void
answer_park(struct fake *f, struct client *c)
{
	if (!f->parks && !f->parked) {
		client_say(c, "ok\n");
		return;
	}
	f->parked = c->parks = true;
	f->ntold = 0;
	client_say(c, f->stands == RUNS ? "ok\n" PARK_PARKED : "ok\n");
}

/* The whole of it has come: the guest is what it says, and goes on. */
static void
park_renew(struct fake *f, struct client *c)
{
	const char *last = f->told, *next;

	while ((next = strstr(last + 1, PARK_RENEW)))
		last = next;
	if (strncmp(last, PARK_RENEW, strlen(PARK_RENEW)) != 0 || f->unrenewed)
		return;
	snprintf(f->renewed, sizeof f->renewed, "%s", last);
	for (char *p = f->renewed; *p; p++)
		if (*p == '\n')
			*p = ' ';
	f->parked = f->parks = false;
	f->ready_at = clock_ms();
	client_say(c, PARK_RENEWED);
}

static bool
park_read(struct fake *f, struct client *c, const char *p, size_t n)
{
	if (n >= sizeof f->told - f->ntold)
		return false;
	memcpy(f->told + f->ntold, p, n);
	f->told[f->ntold += n] = '\0';
	if (f->parked && f->ntold > 1 && !strcmp(f->told + f->ntold - 2, "\n\n"))
		park_renew(f, c);
	return true;
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
answer_save(struct fake *f, struct client *c)
{
	f->stands = STANDS;
	f->said = false;
	c->saves = client_say(c, "ok\n") ? f->kib : 0;
}

/* The memory: what it holds in its first KiB, and numbers that no compression makes small. */
static void
memory_fill(const struct fake *f, size_t at, char out[1024])
{
	uint32_t x = (uint32_t)at * 2654435761u + 1;

	for (size_t i = 0; i < 1024; i++) {
		x = x * 1664525u + 1013904223u;
		out[i] = (char)(x >> 24);
	}
	if (at)
		return;
	memcpy(out, f->holds, MAX_LINE);
	/* The end of the text is held before it. */
	out[MAX_LINE - 1] = f->parked;
}

/* False: all is said, or nobody listens. */
static bool
client_save(struct fake *f, struct client *c)
{
	char kib[1024];

	for (size_t i = 0; i < 64 && c->saves; i++, c->saves--) {
		memory_fill(f, f->kib - c->saves, kib);
		if (send(c->fd, kib, sizeof kib, MSG_NOSIGNAL) != (ssize_t)sizeof kib)
			return false;
	}
	if (f->slow_ms)
		poll(NULL, 0, (int)f->slow_ms);
	f->said = c->saves == 0;
	return !f->said;
}

static _Noreturn void
memory_refuse(void)
{
	fprintf(stderr, "fake machine: that is no memory of this machine\n");
	exit(1);
}

/* At its end; what came is checked byte by byte. */
static void
client_loaded(struct fake *f)
{
	if (f->loaded != f->kib * 1024)
		memory_refuse();
	f->stands = STANDS;
	f->parked = f->holds[MAX_LINE - 1] != '\0';
	f->holds[MAX_LINE - 1] = '\0';
	f->ready_at = clock_ms();
}

static void
client_load(struct fake *f, const char *p, size_t n)
{
	char kib[1024];

	for (size_t i = 0; i < n; i++, f->loaded++) {
		if (f->loaded < MAX_LINE) {
			f->holds[f->loaded] = p[i];
			continue;
		}
		if (f->loaded % 1024 == 0 || i == 0)
			memory_fill(f, f->loaded / 1024, kib);
		if (kib[f->loaded % 1024] != p[i])
			memory_refuse();
	}
	if (f->slow_ms)
		poll(NULL, 0, (int)f->slow_ms);
}

static bool
answer_memory(struct fake *f, struct client *c, const char *line)
{
	static const char *const stands[] = { "ok runs\n", "ok stands\n", "ok waits\n" };
	char held[PARK_MAX + 8];

	if (!strncmp(line, "hold ", 5))
		snprintf(f->holds, sizeof f->holds, "%s", line + 5);
	else if (!strcmp(line, "held"))
		return snprintf(held, sizeof held, "ok %s\n", f->holds), client_say(c, held), true;
	else if (!strcmp(line, "renewed"))
		return snprintf(held, sizeof held, "ok %s\n", f->renewed), client_say(c, held), true;
	else if (!strcmp(line, "park"))
		return answer_park(f, c), true;
	else if (!strcmp(line, "save"))
		return answer_save(f, c), true;
	else if (!strcmp(line, "saved"))
		return client_say(c, f->said && !f->unsaved ? "ok\n" : "no the memory has not been said to its end\n"), true;
	else if (!strcmp(line, "load"))
		c->loads = f->stands == WAITS;
	else if (!strcmp(line, "stand"))
		return client_say(c, stands[f->stands]), true;
	else if (!strcmp(line, "go-on"))
		f->stands = RUNS;
	else
		return false;
	client_say(c, "ok\n");
	return true;
}

static void
answer_run(struct client *c, const char *bytes)
{
	c->asked = (size_t)strtoul(bytes, NULL, 10);
	if (c->asked > MOST_GIVEN)
		exit(2);
	c->input = xcalloc(1, c->asked + 1);
	c->given = 0;
	client_say(c, "ok\n");
}

static void
guest_shell(int in, int out)
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
guest_relay(int from, int to)
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
guest_run(const struct client *c)
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
		guest_shell(in, out[1]);
	close(out[1]);
	guest_relay(out[0], c->fd);
}

/* False: the connection is a shell's now. */
static bool
client_input(struct client *c, const char *p, size_t n)
{
	n = n < c->asked - c->given ? n : c->asked - c->given;
	memcpy(c->input + c->given, p, n);
	c->given += n;
	if (c->given < c->asked)
		return true;
	guest_run(c);
	return false;
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
	else if (!strncmp(line, "run ", 4))
		answer_run(c, line + 4);
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
	else if (!answer_memory(f, c, line))
		client_say(c, "no such word\n");
}

/* Returns false when the client is gone. */
static bool
client_read(struct fake *f, struct client *c)
{
	ssize_t n = read(c->fd, c->line + c->len, sizeof c->line - 1 - c->len);
	char *nl;

	if (c->loads && n == 0)
		client_loaded(f);
	if (n <= 0)
		return false;
	if (c->loads) {
		client_load(f, c->line, (size_t)n);
		return true;
	}
	if (c->parks)
		return park_read(f, c, c->line, (size_t)n);
	if (c->input)
		return client_input(c, c->line, (size_t)n);
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
		if (f->client[i].saves)
			return 0;
		else if (f->client[i].waits && f->stands == RUNS && !f->parked)
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

		if (c->saves ? !client_save(f, c) : p[i + 1].revents && !client_read(f, c))
			client_close(f, c);
		else if (c->waits && clock_ms() >= f->ready_at && f->stands == RUNS && !f->parked)
			answer_ready(f, c);
	}
	if (p[0].revents)
		control_accept(f);
	return -1;
}

int
main(int argc, char **argv)
{
	struct fake f = { .kib = 256, .up_at = 0, .dies_at = NEVER, .off_at = NEVER, .listener = -1 };
	struct error err;
	int status = -1;

	if (fake_machine_options(&f, argc, argv) < 0)
		return 2;
	if (f.refuse) {
		fprintf(stderr, "fake machine: %s\n", f.refuse);
		return 1;
	}
	signal(SIGTERM, on_term);
	signal(SIGCHLD, SIG_IGN);
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
