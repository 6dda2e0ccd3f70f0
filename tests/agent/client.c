/*
 * tests/agent/client.c - talks to a guest agent, ours or upstream's, by hand or from a script.
 *
 *	client SOCKET info				ports and features, one a line
 *	client SOCKET watch SECONDS			events as they come, with milliseconds since the start
 *	client SOCKET sync				the guest's clock against ours (may set it!)
 *	client SOCKET touch PATH SECONDS		a file event with that time
 *	client SOCKET pipe PROTO ADDR			stdin and stdout through a tunnel; tcp and unix half close
 *	client SOCKET ask PROTO ADDR COUNT		each line of stdin as one message, until COUNT answers came
 *	client SOCKET get PROTO ADDR			what comes through a tunnel is counted, not printed
 *	client SOCKET put PROTO ADDR BYTES		so many zeros through a tunnel, until the service closes
 *
 * It is the smallest complete user of guest/wire/ga_client.h: one poll loop.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "guest/wire/ga_client.h"

struct run {
	struct ga_client *c;
	int fd;
	const char *command;
	char **arg;
	struct ga_tunnel *tunnel;
	bool stdin_on;		/* to be read */
	bool over;
	int rc;
	long long begin_ms, bytes, left;
	int answers;
};

static const char zeros[256 << 10];

static long long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool
is(const struct run *r, const char *command)
{
	return !strcmp(r->command, command);
}

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static void
print_ports(const char *sign, const struct ga_ports *l)
{
	char text[54];

	for (size_t i = 0; i < l->n; i++)
		printf("%s%s %s\n", sign, ga_port_proto(&l->v[i]), ga_port_addr(&l->v[i], text));
}

static void
pump_zeros(struct run *r)
{
	while (r->left > 0) {
		size_t n = r->left < (long long)sizeof zeros ? (size_t)r->left : sizeof zeros;

		r->left -= (long long)n;
		if (!ga_tunnel_send(r->tunnel, zeros, n))
			return;
	}
	if (!ga_tunnel_shutdown(r->tunnel))
		fprintf(stderr, "no half close\n");
}

static void
on_data(void *ctx, const uint8_t *p, size_t len)
{
	struct run *r = ctx;

	r->bytes += (long long)len;
	if (is(r, "get") || is(r, "put"))
		return;
	if (write(STDOUT_FILENO, p, len) != (ssize_t)len)
		die("stdout", strerror(errno));
	if (is(r, "ask") && ++r->answers == atoi(r->arg[2])) {
		ga_tunnel_close(r->tunnel);
		r->tunnel = NULL;
		r->over = true;
	}
}

static void
on_eof(void *ctx)
{
	struct run *r = ctx;

	fprintf(stderr, "eof from the service\n");
	if (is(r, "get"))
		ga_tunnel_shutdown(r->tunnel);
}

static void
on_drained(void *ctx)
{
	struct run *r = ctx;

	if (is(r, "put"))
		pump_zeros(r);
	else
		r->stdin_on = true;
}

static void
on_closed(void *ctx, const struct grpc_status *why)
{
	struct run *r = ctx;

	if (why->code)
		fprintf(stderr, "tunnel: %d %s\n", why->code, why->text);
	if (is(r, "get") || is(r, "put"))
		printf("%lld bytes came in %lld ms\n", r->bytes, now_ms() - r->begin_ms);
	r->tunnel = NULL;
	r->over = true;
	r->rc = why->code != 0;
}

static void
open_tunnel(struct run *r)
{
	static const struct ga_tunnel_ops ops = { on_data, on_eof, on_drained, on_closed };
	struct error err;

	r->tunnel = ga_tunnel_open(r->c, r->arg[0], r->arg[1], &ops, r, &err);
	if (!r->tunnel)
		die("tunnel", err.msg);
	r->stdin_on = is(r, "pipe") || is(r, "ask");
	if (is(r, "put")) {
		r->left = atoll(r->arg[2]);
		pump_zeros(r);
	}
}

/* The first answer: the agent is alive, and its features are known. */
static void
on_info(void *ctx, const struct ga_info *info, const struct grpc_status *why)
{
	struct run *r = ctx;
	struct timespec t;
	struct error err;

	if (!info)
		die("info", why->text);
	r->begin_ms = now_ms();
	if (is(r, "info")) {
		print_ports("", &info->ports);
		printf("features %u version \"%s\"\n", info->features, info->version);
		r->over = true;
	} else if (is(r, "watch")) {
		if (ga_client_watch(r->c, &err) < 0)
			die("watch", err.msg);
	} else if (is(r, "sync")) {
		clock_gettime(CLOCK_REALTIME, &t);
		if (ga_client_sync_time(r->c, &t, &err) < 0)
			die("sync", err.msg);
	} else if (is(r, "touch")) {
		t = (struct timespec){ .tv_sec = atoll(r->arg[1]) };
		if (ga_client_inotify(r->c, r->arg[0], &t, &err) < 0)
			die("touch", err.msg);
	} else {
		open_tunnel(r);
	}
}

static void
on_event(void *ctx, const struct ga_event *ev)
{
	struct run *r = ctx;

	printf("%lld ms%s%s%s\n", now_ms() - r->begin_ms, ev->flags & GA_EVENT_SNAPSHOT ? " snapshot" : "",
	       *ev->errors ? " errors: " : "", ev->errors);
	print_ports("+", &ev->added);
	print_ports("-", &ev->removed);
	fflush(stdout);
}

static void
on_watch_ended(void *ctx, const struct grpc_status *why)
{
	struct run *r = ctx;

	if (!r->over)
		die("watch", why->text);
}

static void
on_time(void *ctx, const struct ga_time_answer *a, const struct grpc_status *why)
{
	struct run *r = ctx;

	if (!a)
		die("sync", why->text);
	printf("drift %lld ms%s %s\n", (long long)a->drift_ms, a->adjusted ? " adjusted" : "", a->error);
	r->over = true;
}

/* The guest's socket; a path, or a descriptor that we were given as "@3". */
static int
dial(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	if (connect(fd, (const struct sockaddr *)&a, sizeof a) < 0)
		die(path, strerror(errno));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void
flush_output(struct run *r)
{
	const uint8_t *p;
	size_t n;

	while ((n = ga_client_output(r->c, &p))) {
		ssize_t sent = write(r->fd, p, n);

		if (sent < 0 && errno == EAGAIN)
			return;
		if (sent < 0)
			die("write", strerror(errno));
		ga_client_sent(r->c, (size_t)sent);
	}
}

static void
read_agent(struct run *r)
{
	static char chunk[256 << 10];
	ssize_t n = read(r->fd, chunk, sizeof chunk);
	struct error err;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("agent", n ? strerror(errno) : "closed the connection");
	if (ga_client_feed(r->c, chunk, (size_t)n, &err) < 0)
		die("agent", err.msg);
}

static void
read_stdin(struct run *r)
{
	char chunk[32 << 10];
	ssize_t n;

	if (is(r, "ask")) {
		if (fgets(chunk, sizeof chunk, stdin))
			ga_tunnel_send(r->tunnel, chunk, strcspn(chunk, "\n"));
		else
			r->stdin_on = false;
		return;
	}
	n = read(STDIN_FILENO, chunk, sizeof chunk);
	if (n > 0) {
		r->stdin_on = ga_tunnel_send(r->tunnel, chunk, (size_t)n);
	} else {
		r->stdin_on = false;
		if (!ga_tunnel_shutdown(r->tunnel))
			fprintf(stderr, "no half close\n");
	}
}

/* Everything was said and sent. */
static bool
finished(const struct run *r, const uint8_t *p)
{
	if (is(r, "watch"))
		return r->begin_ms && now_ms() - r->begin_ms >= atoll(r->arg[0]) * 1000;
	return r->over || (is(r, "touch") && r->begin_ms && !ga_client_output(r->c, &p));
}

int
main(int argc, char **argv)
{
	static const struct ga_client_ops ops = { on_info, on_event, on_watch_ended, on_time };
	struct run r = { .command = argc > 2 ? argv[2] : "", .arg = argv + 3 };
	struct error err;

	if (argc < 3)
		die("usage", "client SOCKET COMMAND [ARGUMENT...]");
	r.fd = dial(argv[1]);
	r.c = ga_client_new(&ops, &r);
	r.begin_ms = 0;
	if (ga_client_get_info(r.c, &err) < 0)
		die("info", err.msg);
	flush_output(&r);
	while (!finished(&r, NULL)) {
		const uint8_t *p;
		bool more = ga_client_output(r.c, &p);
		struct pollfd fds[2] = { { r.fd, (short)(POLLIN | (more ? POLLOUT : 0)), 0 },
					 { r.stdin_on ? STDIN_FILENO : -1, POLLIN, 0 } };

		poll(fds, 2, 50);
		if (fds[0].revents & (POLLIN | POLLHUP))
			read_agent(&r);
		if (fds[1].revents && r.tunnel)
			read_stdin(&r);
		flush_output(&r);
	}
	r.over = true;
	ga_client_free(r.c, "done");
	close(r.fd);
	return r.rc;
}
