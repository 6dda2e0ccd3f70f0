#include "guest/agent/sock_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

/* Of include/net/tcp_states.h; a UDP socket that is not connected is "closed" */
enum { STATE_CLOSE = 7, STATE_LISTEN = 10 };

int
sock_diag_open(struct error *err)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	struct timeval limit = { .tv_sec = 2 };

	if (fd < 0)
		return error_errno(err, "socket diagnostics");
	/* The kernel answers within the call; never hang should it not */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	return fd;
}

static int
sock_diag_ask(int fd, enum ga_proto proto, int family, struct error *err)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} q = {
		.head = { .nlmsg_len = sizeof q, .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = (uint8_t)family,
			  .sdiag_protocol = proto == GA_UDP ? IPPROTO_UDP : IPPROTO_TCP,
			  .idiag_states = 1u << (proto == GA_UDP ? STATE_CLOSE : STATE_LISTEN) },
	};

	if (send(fd, &q, sizeof q, 0) != sizeof q)
		return error_errno(err, "socket diagnostics");
	return 0;
}

static void
sock_diag_add(const struct inet_diag_msg *m, enum ga_proto proto, struct ga_ports *out)
{
	uint16_t number = ntohs(m->id.idiag_sport);
	struct ga_port port;

	if (!number || m->idiag_state != (proto == GA_UDP ? STATE_CLOSE : STATE_LISTEN))
		return;
	if (m->idiag_family != AF_INET && m->idiag_family != AF_INET6)
		return;
	port = ga_port_make(proto, m->idiag_family == AF_INET6, m->id.idiag_src, number);
	ga_ports_add(out, &port);
}

int
sock_diag_parse(const void *p, size_t len, enum ga_proto proto, struct ga_ports *out, struct error *err)
{
	const char *at = p;

	while (len >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr h;
		struct inet_diag_msg m;
		int code;

		memcpy(&h, at, sizeof h);
		if (h.nlmsg_len < sizeof h || h.nlmsg_len > len)
			break;
		if (h.nlmsg_type == NLMSG_DONE)
			return 0;
		if (h.nlmsg_type == NLMSG_ERROR) {
			memcpy(&code, at + sizeof h, h.nlmsg_len >= sizeof h + sizeof code ? sizeof code : 0);
			errno = h.nlmsg_len >= sizeof h + sizeof code && code < 0 ? -code : EIO;
			return error_errno(err, "socket diagnostics");
		}
		if (h.nlmsg_len >= sizeof h + sizeof m) {
			memcpy(&m, at + sizeof h, sizeof m);
			sock_diag_add(&m, proto, out);
		}
		if (NLMSG_ALIGN(h.nlmsg_len) >= len)
			return 1;
		at += NLMSG_ALIGN(h.nlmsg_len);
		len -= NLMSG_ALIGN(h.nlmsg_len);
	}
	return len ? error_set(err, EPROTO, "socket diagnostics: damaged answer") : 1;
}

static int
read_dump(int fd, enum ga_proto proto, struct ga_ports *out, struct error *err)
{
	char chunk[16384];

	for (;;) {
		ssize_t n = recv(fd, chunk, sizeof chunk, MSG_TRUNC);
		int more;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "socket diagnostics");
		if ((size_t)n > sizeof chunk)
			return error_set(err, EMSGSIZE, "socket diagnostics: long answer");
		more = sock_diag_parse(chunk, (size_t)n, proto, out, err);
		if (more <= 0)
			return more;
	}
}

int
sock_diag_list(int fd, enum ga_proto proto, int family, struct ga_ports *out, struct error *err)
{
	return sock_diag_ask(fd, proto, family, err) < 0 || read_dump(fd, proto, out, err) < 0 ? -1 : 0;
}
