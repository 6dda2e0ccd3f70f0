#include "guest/agent/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vm_sockets.h>	/* needs sys/socket.h before it */

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "guest/agent/log.h"

int
listen_unix(const char *path, unsigned owner, struct error *err)
{
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	mode_t mask;
	int rc;

	if (fd < 0)
		return error_errno(err, "socket");
	if (strlen(path) >= sizeof a.sun_path)
		return error_set(err, ENAMETOOLONG, "%s: too long for a socket", path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(err, "remove %s", path);
	mask = umask(0177);	/* never for a moment open to others */
	rc = bind(fd, (const struct sockaddr *)&a, sizeof a);
	umask(mask);
	if (rc < 0 || (owner && chown(path, owner, (gid_t)-1) < 0) || listen(fd, 64) < 0)
		return error_errno(err, "listen on %s", path);
	return steal_fd(fd);
}

int
listen_vsock(unsigned port, struct error *err)
{
	auto_close int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_vm a = { .svm_family = AF_VSOCK, .svm_port = port, .svm_cid = VMADDR_CID_ANY };

	if (fd < 0 || bind(fd, (const struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 64) < 0)
		return error_errno(err, "listen on vsock port %u", port);
	return steal_fd(fd);
}

/* The device of the port of that name. */
static bool
find_port(const char *name, char *path, size_t size)
{
	auto_dir DIR *d = opendir("/sys/class/virtio-ports");
	AUTO(buf) text = BUF_INIT;

	for (struct dirent *e; d && (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		buf_truncate(&text, 0);
		snprintf(path, size, "/sys/class/virtio-ports/%s/name", e->d_name);
		if (fs_read_if(path, &text, 4096, NULL) <= 0)
			continue;
		text.s[strcspn(text.s, "\n")] = '\0';
		snprintf(path, size, "/dev/%s", e->d_name);
		if (!strcmp(text.s, name))
			return true;
	}
	return false;
}

int
open_virtio_port(const char *name, struct error *err)
{
	char path[300];
	int fd;

	if (name[0] == '/')
		snprintf(path, sizeof path, "%s", name);
	else if (!find_port(name, path, sizeof path))
		return error_set(err, ENOENT, "no virtio port is called %s", name);
	fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? error_errno(err, "open %s", path) : fd;
}

int
accept_host(int listener, bool vsock)
{
	struct sockaddr_vm peer = { 0 };
	socklen_t len = sizeof peer;
	auto_close int fd = accept4(listener, vsock ? (struct sockaddr *)&peer : NULL, vsock ? &len : NULL,
				    SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0 && vsock && peer.svm_cid != VMADDR_CID_HOST) {
		log_warn("vsock connection of %u, which is not the host, refused", peer.svm_cid);
		return -1;
	}
	return steal_fd(fd);
}
