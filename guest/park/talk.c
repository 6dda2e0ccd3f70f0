#include "guest/park/talk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/park.h"

/* A machine with such a port has this as well, and it is there without a driver. */
#define SIGN "/sys/bus/acpi/devices/QEMUVGID:00"

enum { PORT_MS = 3000, HOST_MS = 200, LOOK_MS = 10, AGAIN_MS = 100 };

static void
park_nap(int ms)
{
	poll(NULL, 0, ms);
}

/* The device of the port of that name; the kernel learns the names one by one. */
static int
park_open(void)
{
	auto_dir DIR *d = opendir("/sys/class/virtio-ports");
	AUTO(buf) text = BUF_INIT;
	char path[300];

	for (struct dirent *e; d && (e = readdir(d));) {
		buf_truncate(&text, 0);
		snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", e->d_name);
		if (e->d_name[0] == '.' || fs_read_if(path, &text, 4096, NULL) <= 0 || strcmp(text.s, PARK_PORT "\n") != 0)
			continue;
		snprintf(path, sizeof path, "/dev/%s", e->d_name);
		return open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	}
	return -1;
}

int
park_find(void)
{
	int fd = park_open();

	for (int ms = 0; fd < 0 && ms < PORT_MS; ms += LOOK_MS) {
		park_nap(LOOK_MS);
		fd = park_open();
	}
	return fd;
}

bool
park_host_listens(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	for (int ms = 0; ms < HOST_MS; ms += LOOK_MS) {
		if (poll(&p, 1, 0) > 0 && (p.revents & POLLOUT) && !(p.revents & POLLHUP))
			return true;
		park_nap(LOOK_MS);
	}
	return false;
}

/* --- what it is to be --- */

static bool
park_hex(const char *text, unsigned char *out, size_t n)
{
	unsigned v;

	for (size_t i = 0; i < n; i++, text += 2) {
		if (sscanf(text, "%2x", &v) != 1)
			return false;
		out[i] = (unsigned char)v;
	}
	return true;
}

/* Into the pool, and from there into what everybody is given, at once: each processor's generator is made anew. */
static bool
park_random(const char *value)
{
	auto_free struct rand_pool_info *p = xcalloc(1, sizeof *p + PARK_RANDOM);
	auto_close int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);

	p->entropy_count = PARK_RANDOM * 8;
	p->buf_size = PARK_RANDOM;
	return park_hex(value, (unsigned char *)p->buf, PARK_RANDOM) && fd >= 0 && ioctl(fd, RNDADDENTROPY, p) == 0 && ioctl(fd, RNDRESEEDCRNG) == 0;
}

static bool
park_time(const char *value)
{
	struct timespec now = { 0 };
	long long s;

	if (sscanf(value, "%lld.%9ld", &s, &now.tv_nsec) != 2)
		return false;
	now.tv_sec = (time_t)s;
	return clock_settime(CLOCK_REALTIME, &now) == 0;
}

/* The first interface, which is down yet, and has no name that counts. */
static bool
park_mac(const char *value)
{
	auto_close int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned char mac[6];

	for (unsigned i = 1; i < 16; i++) {
		struct ifreq r = { .ifr_flags = 0 };

		if (!if_indextoname(i, r.ifr_name) || ioctl(s, SIOCGIFHWADDR, &r) < 0 || r.ifr_hwaddr.sa_family != ARPHRD_ETHER)
			continue;
		for (int k = 0; k < 6; k++)
			if (!park_hex(value + 3 * k, mac + k, 1))
				return false;
		memcpy(r.ifr_hwaddr.sa_data, mac, 6);
		return ioctl(s, SIOCSIFHWADDR, &r) == 0;
	}
	return false;
}

/* False: that could not be done, and this guest must not go on as somebody else. */
static bool
park_become(char *text, park_say *say)
{
	static const struct {
		const char *name;
		bool (*become)(const char *value);
	} rows[] = { { "random ", park_random }, { "time ", park_time }, { "mac ", park_mac } };
	bool all = true;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *at = xasprintf("\n%s", rows[i].name);
		const char *line = strstr(text, at);

		if (line && rows[i].become(line + strlen(at)))
			continue;
		say("park: %.*s: %s", (int)strlen(rows[i].name) - 1, rows[i].name, line ? strerror(errno) : "not told");
		all = false;
	}
	return all;
}

/* --- the conversation --- */

/* The last message of what has come, if all of it has. */
static char *
park_message(char *text, size_t len)
{
	char *last = NULL;

	if (len < 2 || strcmp(text + len - 2, "\n\n") != 0)
		return NULL;
	for (char *p = text; (p = strstr(p, PARK_RENEW)); p++)
		last = p;
	return last;
}

void
park_wait(int fd, park_say *say)
{
	char text[PARK_MAX + 1];
	size_t len = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		char *message;
		ssize_t n = poll(&p, 1, AGAIN_MS) > 0 && (p.revents & POLLIN) ? read(fd, text + len, PARK_MAX - len) : 0;

		if (n > 0)
			text[len += (size_t)n] = '\0';
		message = n > 0 ? park_message(text, len) : NULL;
		if (message && park_become(message, say))
			return;
		if (len == PARK_MAX || message)
			len = 0;
		if (n > 0)
			continue;
		/* Nobody there: what he had begun to say is void. */
		if (p.revents & POLLHUP)
			park_nap(AGAIN_MS);
		else if (write(fd, PARK_PARKED, strlen(PARK_PARKED)) < 0 && errno != EAGAIN)
			park_nap(AGAIN_MS);
	}
}

bool
park_renewed(int fd)
{
	return write(fd, PARK_RENEWED, strlen(PARK_RENEWED)) == (ssize_t)strlen(PARK_RENEWED);
}

bool
park_possible(void)
{
	return access(SIGN, F_OK) == 0;
}
