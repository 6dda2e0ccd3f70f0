#include "guest/agent/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"

static bool
dial_is(const void *p, size_t len, const char *s)
{
	return len == strlen(s) && !memcmp(p, s, len);
}

/* Cuts "HOST:PORT" or "[HOST]:PORT" in place; the port, or 0 if it is none. */
static unsigned
dial_split(char *text, const char **host)
{
	char *colon = strrchr(text, ':'), *end;
	unsigned long port;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return 0;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port > 65535)
		return 0;
	*colon = '\0';
	*host = text;
	if (*text == '[' && colon > text + 1 && colon[-1] == ']') {
		colon[-1] = '\0';
		*host = text + 1;
	} else if (strchr(text, ':')) {
		return 0;
	}
	return (unsigned)port;
}

static int
dial_parse_ip(struct dial *out, char *text, struct error *err)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&out->addr;
	struct sockaddr_in *four = (struct sockaddr_in *)&out->addr;
	const char *host = NULL;
	unsigned port = dial_split(text, &host);

	if (!port)
		return error_set(err, EINVAL, "not an address with a port");
	if (!strcmp(host, "localhost"))
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		out->len = sizeof *four;
	} else if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		out->len = sizeof *six;
	} else {
		return error_set(err, EINVAL, "not a numeric address");
	}
	return 0;
}

static int
dial_parse_path(struct dial *out, const char *path, struct error *err)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&out->addr;

	size_t len = strlen(path);

	if (path[0] != '/' || len >= sizeof un->sun_path)
		return error_set(err, EINVAL, "not an absolute path of a socket");
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, len + 1);
	out->len = sizeof *un;
	return 0;
}

int
dial_parse(struct dial *out, const void *proto, size_t proto_len, const void *addr, size_t addr_len, struct error *err)
{
	struct dial d = { 0 };
	char text[128];

	if (!addr_len || addr_len >= sizeof text || memchr(addr, 0, addr_len))
		return error_set(err, EINVAL, "not an address");
	memcpy(text, addr, addr_len);
	text[addr_len] = '\0';
	if (dial_is(proto, proto_len, "tcp"))
		d.kind = DIAL_TCP;
	else if (dial_is(proto, proto_len, "udp"))
		d.kind = DIAL_UDP;
	else if (dial_is(proto, proto_len, "unix"))
		d.kind = DIAL_UNIX;
	else
		return error_set(err, EINVAL, "neither tcp, udp nor unix");
	if ((d.kind == DIAL_UNIX ? dial_parse_path(&d, text, err) : dial_parse_ip(&d, text, err)) < 0)
		return -1;
	*out = d;
	return 0;
}

int
dial_open(const struct dial *d, bool *pending, struct error *err)
{
	int type = d->kind == DIAL_UDP ? SOCK_DGRAM : SOCK_STREAM, one = 1;
	struct pollfd p = { .events = POLLOUT };
	auto_close int fd = socket(d->addr.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return error_errno(err, "socket");
	if (d->kind == DIAL_TCP)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	*pending = false;
	p.fd = fd;
	if (connect(fd, (const struct sockaddr *)&d->addr, d->len) < 0) {
		if (errno != EINPROGRESS)
			return error_errno(err, "connect");
		/* Within the guest it is there at once, though connect() does not say so: a round of the loop saved */
		*pending = poll(&p, 1, 0) != 1 || p.revents != POLLOUT;
	}
	return steal_fd(fd);
}
