#include "guest/init/block.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "guest/init/log.h"
#include "guest/init/probe.h"

int
block_events(void)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void
block_scan_scsi(bool first)
{
	const char *where = first ? "0 0 0" : "- - -";
	glob_t g = { 0 };

	if (glob("/sys/class/scsi_host/*/scan", 0, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++) {
			auto_close int fd = open(g.gl_pathv[i], O_WRONLY | O_CLOEXEC);

			if (fd < 0 || write(fd, where, strlen(where)) < 0)
				say_errno("%s", g.gl_pathv[i]);
		}
	globfree(&g);
}

static bool
block_holds(int fd, enum block_kind kind, const char *label)
{
	uint8_t b[PROBE_ISO_LEN];
	struct probe_ext4 ext4;
	char volume[33];

	if (kind == BLOCK_EXT4)
		return pread(fd, b, PROBE_EXT4_LEN, PROBE_EXT4_AT) == PROBE_EXT4_LEN &&
		    probe_ext4(b, &ext4) && strcmp(ext4.label, label) == 0;
	return pread(fd, b, PROBE_ISO_LEN, PROBE_ISO_AT) == PROBE_ISO_LEN &&
	    probe_iso(b, volume) && strcasecmp(volume, label) == 0;
}

static bool
block_look(const char *name, enum block_kind kind, const char *label, struct block_dev *out)
{
	struct block_dev d = { .size_bytes = 0 };
	uint64_t size = 0;
	int fd;

	if ((size_t)snprintf(d.path, sizeof d.path, "/dev/%s", name) >= sizeof d.path)
		return false;
	fd = open(d.path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (!block_holds(fd, kind, label) || ioctl(fd, BLKGETSIZE64, &size) < 0) {
		close(fd);
		return false;
	}
	close(fd);
	d.size_bytes = size;
	*out = d;
	return true;
}

static int
block_wanted(const struct dirent *e)
{
	return e->d_name[0] != '.' && strncmp(e->d_name, "loop", 4) != 0 && strncmp(e->d_name, "ram", 3) != 0;
}

/* In the order of names: of two that would do, the first disk of the machine is taken. */
static bool
look_all(enum block_kind kind, const char *label, struct block_dev *out)
{
	struct dirent **list = NULL;
	int n = scandir("/sys/class/block", &list, block_wanted, alphasort);
	bool found = false;

	for (int i = 0; i < n; i++) {
		found = found || block_look(list[i]->d_name, kind, label, out);
		free(list[i]);
	}
	free(list);
	return found;
}

static long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int
block_wait(int events, enum block_kind kind, const char *label, int timeout_ms, struct block_dev *out)
{
	long end = now_ms() + timeout_ms;

	for (;;) {
		struct pollfd p = { .fd = events, .events = POLLIN };
		long left;
		char b[4096];
		bool block = false;

		if (look_all(kind, label, out))
			return 0;
		/* Other kinds of devices come by the dozen: look again only after a block device. */
		while (!block) {
			ssize_t n;

			left = end - now_ms();
			if (left <= 0 || events < 0 || poll(&p, 1, (int)left) == 0)
				return -1;
			while ((n = recv(events, b, sizeof b - 1, 0)) > 0) {
				b[n] = '\0';
				for (char *s = b; s < b + n; s += strlen(s) + 1)
					block |= strcmp(s, "SUBSYSTEM=block") == 0;
			}
		}
	}
}
