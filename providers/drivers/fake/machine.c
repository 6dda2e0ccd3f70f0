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
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "providers/drivers/fake/machine.h"
#include "providers/pidfile.h"

static volatile sig_atomic_t fake_told_to_end;

static void
fake_on_term(int sig)
{
	(void)sig;
	fake_told_to_end = 1;
}

static int
fake_control_listen(struct fake *f)
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
fake_control_accept(struct fake *f)
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
fake_time_left(const struct fake *f)
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
	if (poll(p, f->nclients + 1, fake_time_left(f)) < 0 && errno != EINTR)
		return 1;
	if (fake_machine_is_over(f->dies_at))
		return 3;
	if (fake_machine_is_over(f->off_at) || (fake_told_to_end && !f->stuck))
		return 0;
	if (fake_machine_is_over(f->up_at) && fake_control_listen(f) < 0)
		return 1;
	for (size_t i = f->nclients; i-- > 0;) {
		struct client *c = &f->client[i];

		if (c->saves ? !fake_client_save(f, c) : p[i + 1].revents && !fake_client_read(f, c))
			fake_client_close(f, c);
		else if (c->waits && clock_ms() >= f->ready_at && f->stands == RUNS && !f->parked)
			fake_answer_ready(f, c);
	}
	if (p[0].revents)
		fake_control_accept(f);
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
	signal(SIGTERM, fake_on_term);
	signal(SIGCHLD, SIG_IGN);
	f.log = open(f.console, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (f.log < 0 || pidfile_take(f.pidfile, &err) < 0) {
		fprintf(stderr, "fake machine: %s: %s\n", f.pidfile, f.log < 0 ? strerror(errno) : err.msg);
		return 1;
	}
	fake_console_say(&f, "the guest boots");
	while (status < 0)
		status = fake_turn(&f);
	unlink(f.control);
	return status;
}
