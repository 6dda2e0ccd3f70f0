/*
 * peer - what the tests run in a guest to be connected to.
 *
 *	peer PLACE...		listens on all of them, answers each line or datagram with "PLACE: " before it, and,
 *				when the other side has sent its end, with "PLACE: end", and closes
 *	peer -c PATH TEXT	connects to a UNIX socket, sends TEXT and the end, prints what comes
 *
 * A PLACE is tcp:IP:PORT, udp:IP:PORT (an IPv6 address without brackets), unix:PATH, or tcp:IP:FIRST-LAST.
 * It says "ready" once all of them listen.
 */
#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX = 8192 };

static struct pollfd fds[MAX];
static struct {
	char name[100];
	int kind; /* 0: a connection, else its first letter */
} what[MAX];
static size_t n;

static void
add(int fd, const char *name, int kind)
{
	if (fd < 0 || n == MAX)
		err(1, "%s", name);
	fds[n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	snprintf(what[n].name, sizeof what[n].name, "%s", name);
	what[n++].kind = kind;
}

static int
bound(int kind, const char *host, int port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((in_port_t)port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int family = kind == 'u' + 'x' ? AF_UNIX : strchr(host, ':') ? AF_INET6 : AF_INET, one = 1;
	int fd = socket(family, kind == 'd' ? SOCK_DGRAM : SOCK_STREAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (family == AF_UNIX) {
		snprintf(un.sun_path, sizeof un.sun_path, "%s", host);
		unlink(host);
		return bind(fd, (void *)&un, sizeof un) | listen(fd, 16) ? -1 : fd;
	}
	if (family == AF_INET6) {
		/* so that it does not stand in the way of another on the same number */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
		inet_pton(AF_INET6, host, &six.sin6_addr);
	}
	inet_pton(AF_INET, host, &four.sin_addr);
	if (bind(fd, family == AF_INET6 ? (void *)&six : (void *)&four, family == AF_INET6 ? sizeof six : sizeof four) < 0)
		return -1;
	return kind == 'd' || listen(fd, 16) == 0 ? fd : -1;
}

static void
open_place(const char *spec)
{
	char host[100], name[100], *colon;
	int kind = strncmp(spec, "udp:", 4) == 0 ? 'd' : strncmp(spec, "tcp:", 4) == 0 ? 't' : 'u' + 'x', first, last;

	snprintf(host, sizeof host, "%s", strchr(spec, ':') + 1);
	if (kind == 'u' + 'x') {
		add(bound(kind, host, 0), spec, kind);
		return;
	}
	colon = strrchr(host, ':');
	*colon = '\0';
	first = last = atoi(colon + 1);
	if (strchr(colon + 1, '-'))
		last = atoi(strchr(colon + 1, '-') + 1);
	for (; first <= last; first++) {
		snprintf(name, sizeof name, "%.4s%.80s:%d", spec, host, first);
		add(bound(kind, host, first), name, kind);
	}
}

static void
serve(size_t i)
{
	char in[2048], out[2300];
	struct sockaddr_storage from;
	socklen_t len = sizeof from;
	ssize_t got;

	if (what[i].kind && what[i].kind != 'd') {
		add(accept(fds[i].fd, NULL, NULL), what[i].name, 0);
		return;
	}
	got = recvfrom(fds[i].fd, in, sizeof in, 0, (void *)&from, &len);
	if (what[i].kind == 'd') {
		int size = snprintf(out, sizeof out, "%s: %.*s", what[i].name, (int)got, in);

		sendto(fds[i].fd, out, (size_t)size, 0, (void *)&from, len);
		return;
	}
	dprintf(fds[i].fd, "%s: %.*s", what[i].name, got > 0 ? (int)got : 4, got > 0 ? in : "end\n");
	if (got <= 0) {
		close(fds[i].fd);
		fds[i] = fds[--n];
		what[i] = what[n];
	}
}

static int
client(const char *path, const char *text)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char in[2048];
	ssize_t got;

	snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
	if (connect(fd, (void *)&un, sizeof un) < 0 || write(fd, text, strlen(text)) < 0 || shutdown(fd, SHUT_WR) < 0)
		err(1, "%s", path);
	while ((got = read(fd, in, sizeof in)) > 0)
		fwrite(in, 1, (size_t)got, stdout);
	return 0;
}

int
main(int argc, char **argv)
{
	struct rlimit r = { MAX, MAX };

	if (argc == 4 && strcmp(argv[1], "-c") == 0)
		return client(argv[2], argv[3]);
	setrlimit(RLIMIT_NOFILE, &r);
	for (int i = 1; i < argc; i++)
		open_place(argv[i]);
	puts("ready");
	fflush(stdout);
	for (;;) {
		if (poll(fds, n, -1) < 0)
			err(1, "poll");
		for (size_t i = n; i-- > 0;)
			if (i < n && fds[i].revents)
				serve(i);
	}
}
