#include "providers/dns_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/sha256.h"
#include "providers/ssh/ssh_config.h"

enum { FIRST = 20000, COUNT = 12000, TRIES = 64 };

int
dns_port_usable(int port, struct error *err)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0)
		return error_errno(err, "UDP port %d of 127.0.0.1", port);
	return ssh_port_usable("127.0.0.1", port, err);
}

int
dns_port_choose(const char *seed, struct error *err)
{
	char hex[65];
	unsigned long at;

	sha256_hex(seed, strlen(seed), hex);
	hex[8] = '\0';
	at = strtoul(hex, NULL, 16);
	for (unsigned long i = 0; i < TRIES; i++) {
		int port = FIRST + (int)((at + i) % COUNT);

		if (dns_port_usable(port, NULL) == 0)
			return port;
	}
	return error_set(err, EADDRINUSE, "no free port for the host's resolver near %d", FIRST + (int)(at % COUNT));
}
