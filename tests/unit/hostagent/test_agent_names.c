/* The names that a host agent answers to its guest, as limactl changes them. */
#include "hostagent/protocol/ha_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "hostagent/dns/dns_msg.h"
#include "providers/dns_port.h"
#include "providers/port_book.h"
#include "tests/unit/agent.h"

/* The address that the guest would be told; asked again until there is an answer. */
static void
look_up(int port, const char *name, const char *want)
{
	uint8_t q[300] = { 1, 2, 1, 0, 0, 1 }, r[512];
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	auto_close int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct timeval tv = { .tv_usec = 200000 };
	int n = dns_name_put(q + 12, name);
	ssize_t len = -1;
	char text[INET_ADDRSTRLEN];

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	memcpy(q + 12 + n, "\0\1\0\1", 4);
	for (int i = 0; i < 100 && len < 0; i++) {
		sendto(fd, q, 12 + (size_t)n + 4, 0, (void *)&a, sizeof a);
		len = recv(fd, r, sizeof r, 0);
	}
	if (len < 28 || r[7] != 1 || !inet_ntop(AF_INET, r + len - 4, text, sizeof text) || strcmp(text, want) != 0)
		fail_msg("%s: not %s, %zd bytes", name, want, len);
}

TEST(names_are_answered_and_can_be_changed)
{
	struct launch_host hosts[] = { { "a.test", "10.0.0.1" }, { "b.test", "A.test" } };
	struct machine m;
	struct error err;
	int busy = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	auto_free char *log = NULL, *qmp = NULL;

	make(&m, "n");
	m.l.dns.port = port_draw(m.dir, 0, dns_port_usable, &err);
	m.l.dns.hosts = hosts;
	m.l.dns.nhosts = 2;
	ok(start(&m, &err));
	look_up(m.l.dns.port, "b.test", "10.0.0.1");
	hosts[0].value = "10.0.0.2";
	m.l.machine.control = qmp = xasprintf("%s/qmp.sock", m.dir);
	ok(launch_save(&m.l, m.launch, &err));
	look_up(m.l.dns.port, "b.test", "10.0.0.1");
	ok(ha_reload(m.dir, &err));
	look_up(m.l.dns.port, "b.test", "10.0.0.2");
	ok(fs_write(m.launch, "{}", 2, 0600, &err));
	not_ok(ha_reload(m.dir, &err), "launch.json: ");
	look_up(m.l.dns.port, "b.test", "10.0.0.2");
	done(&m);
	/* somebody has the port: it is taken when it is free, and the machine runs meanwhile */
	make(&m, "n");
	m.l.dns.port = port_draw(m.dir, 0, dns_port_usable, &err);
	m.l.dns.hosts = hosts;
	m.l.dns.nhosts = 2;
	at.sin_port = htons((in_port_t)m.l.dns.port);
	assert_int_equal(bind(busy, (void *)&at, sizeof at), 0);
	not_ok(dns_port_usable(m.l.dns.port, &err), "in use");
	assert_int_not_equal(port_draw(m.dir, 0, dns_port_usable, &err), m.l.dns.port);
	ok(start(&m, &err));
	/* soon after its socket is there */
	for (int i = 0; i < 1000 && (!log || !strstr(log, "address already in use; trying again")); i++) {
		free(log);
		log = log_text(&m, "ha.stderr.log");
		usleep(10000);
	}
	assert_non_null(strstr(log, "address already in use; trying again"));
	close(busy);
	look_up(m.l.dns.port, "a.test", "10.0.0.2");
	done(&m);
}
