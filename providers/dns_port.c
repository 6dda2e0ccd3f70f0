#include "providers/dns_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/error.h"
#include "providers/ssh/ssh_config.h"

int
dns_port_usable(int port, struct error *err)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0)
		return error_errno(err, "UDP port %d of 127.0.0.1", port);
	return ssh_port_usable("127.0.0.1", port, err);
}
