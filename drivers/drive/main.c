/*
 * lima-drive --name NAME --program FILE --dir DIR --instance FILE --pidfile FILE --control SOCKET [--patience-ms N]
 * lima-drive --name NAME --program FILE --dir DIR --instance FILE --validate [--patience-ms N]
 *
 * Runs the machine of the instance folder DIR by the external driver FILE, as long as that runs; or asks whether the driver takes
 * such an instance, which does not run. What goes wrong, and what the driver writes, is on stderr.
 */
#include "drivers/drive/drive.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/poller.h"
#include "drivers/wire/driver_msg.h"
#include "guest/wire/ga_msg.h"
#include "providers/external.h"
#include "providers/pidfile.h"

enum { CONNECT_MS = 10000, TICK_MS = 50, IDLE_MS = 500 };

void
drive_fail(struct drive *d, const char *fmt, ...)
{
	char why[600], clean[600];
	va_list ap;

	if (d->over)
		return;
	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	ga_printable(clean, sizeof clean, why, strlen(why));
	fprintf(stderr, "lima-driver-%s: %s\n", d->name, clean);
	d->over = true;
	d->status = 1;
}

static int
drive_options(struct drive *d, int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' }, { "program", required_argument, NULL, 'P' }, { "dir", required_argument, NULL, 'd' },
		{ "instance", required_argument, NULL, 'i' }, { "pidfile", required_argument, NULL, 'p' }, { "control", required_argument, NULL, 'c' },
		{ "patience-ms", required_argument, NULL, 'w' }, { "validate", no_argument, NULL, 'v' }, { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'n': d->name = optarg; break;
		case 'P': d->program = optarg; break;
		case 'd': d->dir = optarg; break;
		case 'i': d->instance = optarg; break;
		case 'p': d->pidfile = optarg; break;
		case 'c': d->control = optarg; break;
		case 'w': d->patience_ms = (int)strtol(optarg, NULL, 10); break;
		case 'v': d->validates = true; break;
		default: return -1;
		}
	return d->name && d->program && d->dir && d->instance && (d->validates || (d->pidfile && d->control)) && optind == argc ? 0 : -1;
}

/* One that is only asked is in nobody's way: whoever asks has the instance's lock. */
static int
drive_begin(struct drive *d, struct error *err)
{
	if (!d->validates && (pidfile_take(d->pidfile, err) < 0 || drive_listen(d, err) < 0))
		return -1;
	if (fs_read(d->instance, &d->config, DRIVER_MESSAGE_MAX, err) < 0)
		return -1;
	d->connect_by = clock_ms() + drive_bounded(d, CONNECT_MS);
	return drive_child_start(d, err);
}

static int
drive_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return os_signals_open(&set);
}

static void
drive_turn(struct drive *d, int signals)
{
	const uint8_t *out;
	struct pollfd p[5 + DRIVE_CLIENTS] = {
		{ .fd = signals, .events = POLLIN }, { .fd = d->driver.fd, .events = POLLIN }, { .fd = d->log, .events = POLLIN },
		{ .fd = d->fd, .events = (short)(POLLIN | (d->conn && grpc_output(d->conn, &out) ? POLLOUT : 0)) },
		{ .fd = d->listener, .events = POLLIN },
	};
	size_t n = d->nclients;

	for (size_t i = 0; i < n; i++)
		p[5 + i] = (struct pollfd){ .fd = d->client[i].fd, .events = d->client[i].waits ? 0 : POLLIN };
	if (poll(p, 5 + n, d->conn ? IDLE_MS : TICK_MS) < 0 && errno != EINTR)
		drive_fail(d, "poll: %s", strerror(errno));
	if (p[2].revents)
		drive_child_read(d);
	if (p[0].revents)
		d->over = d->asked_to_stop = true;
	for (size_t i = n; i-- > 0;)
		if (p[5 + i].revents)
			drive_client_read(d, i);
	if (p[4].revents)
		drive_accept(d);
	if (d->conn && p[3].revents & ~POLLOUT)
		drive_read(d);
	if (p[1].revents && drive_child_gone(d))
		d->over = true;
	if (d->fd < 0 && !d->over)
		drive_connect(d);
	drive_look_at_calls(d);
	drive_flush(d);
}

/* It cancels what still runs, which is to a driver that its machine is to end. */
static void
drive_end(struct drive *d)
{
	if (d->conn && d->starting.stream)
		grpc_reset(d->starting.stream);
	d->starting.stream = NULL;
	drive_flush(d);
	drive_child_end(d);
	drive_hang_up(d);
	for (size_t i = 0; i < d->nclients; i++)
		close(d->client[i].fd);
	if (d->control && d->listener >= 0)
		unlink(d->control);
	buf_release(&d->config);
}

int
main(int argc, char **argv)
{
	struct drive d = { .fd = -1, .log = -1, .listener = -1, .driver.fd = -1, .config = BUF_INIT };
	auto_free char *pid = NULL, *sock = NULL;
	auto_close int signals = -1;
	struct error err;

	if (drive_options(&d, argc, argv) < 0) {
		fputs("usage: lima-drive --name NAME --program FILE --dir DIR --instance FILE --pidfile FILE --control SOCKET\n", stderr);
		return 2;
	}
	setvbuf(stderr, NULL, _IOLBF, 0);
	d.drv_pid = pid = xasprintf("%s/%s" EXTERNAL_DRIVER_PID, d.dir, d.name);
	d.drv_sock = sock = xasprintf("%s/%s" EXTERNAL_DRIVER_SOCKET, d.dir, d.name);
	signals = drive_signals();
	if (drive_begin(&d, &err) < 0)
		drive_fail(&d, "%s", err.msg);
	while (!d.over)
		drive_turn(&d, signals);
	drive_end(&d);
	return d.status;
}
