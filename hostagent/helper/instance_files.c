#include "hostagent/helper/instance_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/guarded.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/machine/runtime.h"
#include "providers/ssh/host_key.h"

enum { CHUNK = 64 << 10, COPY_MAX = 16 << 20 };	/* as much as the agent holds of a file of the guest's */

static const char *
instance_name_of(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "";
}

static bool
instance_name_is_displays(const char *name)
{
	return !strcmp(name, "vncdisplay") || !strcmp(name, "vncpassword");
}

int
instance_file_write(const struct agent *a, const char *name, const char *text, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s", a->launch.dir, name);

	/* a guest's key is learnt once, and is one line */
	if (!instance_name_is_displays(name) && (strcmp(name, HOST_KEY_KNOWN) != 0 || fs_exists(path) || strncmp(text, "* ", 2) != 0 ||
						 strcspn(text, "\n") + 1 != strlen(text)))
		return error_set(err, EPERM, "%.100s: not a file of the host agent's", name);
	return fs_write(path, text, strlen(text), 0600, err);
}

int
instance_file_remove(const struct agent *a, const char *name, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s", a->launch.dir, name);

	if (!*name || (!instance_name_is_displays(name) && strcmp(name, instance_name_of(a->socket_path)) != 0 &&
		       strcmp(name, instance_name_of(a->pidfile_path)) != 0))
		return error_set(err, EPERM, "%.100s: not a file of the host agent's", name);
	return fs_unlink(path, err);
}

int
instance_socket_place(const struct agent *a, struct error *err)
{
	auto_free char *made = xasprintf("%s.tmp", a->socket_path);
	struct stat st;

	if (lstat(made, &st) < 0 || !S_ISSOCK(st.st_mode))
		return error_set(err, ENOTSOCK, "%s: not a socket", made);
	return rename(made, a->socket_path) < 0 ? error_errno(err, "listen on %s", a->socket_path) : 0;
}

static bool
instance_copy_is_in(const struct launch *l, const char *host)
{
	for (size_t i = 0; i < l->ncopies; i++)
		if (!strcmp(l->copies[i].host, host))
			return true;
	return false;
}

/* As limactl had said when we were started, or says now; what was allowed once may be removed when its rule has gone. */
static int
instance_copy_allow(struct agent *a, const char *host, struct error *err)
{
	AUTO(launch) now = { 0 };
	struct launch *l = &a->launch;
	struct launch_copy *v;

	if (instance_copy_is_in(l, host))
		return 0;
	if (!a->launch_path || launch_load(&now, a->launch_path, NULL) < 0 || !instance_copy_is_in(&now, host))
		return error_set(err, EPERM, "%.200s: copyToHost names no such file", host);
	v = arena_alloc(&l->mem, (l->ncopies + 1) * sizeof *v);
	for (size_t i = 0; i < l->ncopies; i++)
		v[i] = l->copies[i];
	v[l->ncopies++] = (struct launch_copy){ .host = arena_strdup(&l->mem, host) };
	l->copies = v;
	return 0;
}

int
instance_copy_store(struct agent *a, const char *host, int fd, struct error *err)
{
	AUTO(guarded) g = { 0 };
	AUTO(guarded_file) new = GUARDED_FILE_INIT;
	auto_free char *chunk = xrealloc(NULL, 1, CHUNK);
	off_t at = 0;
	ssize_t n;

	if (instance_copy_allow(a, host, err) < 0)
		return -1;
	mounts_guard_launch(&a->launch, &g);
	if (guarded_create(&new, &g, host, 0700, 0600, err) < 0)
		return -1;
	while ((n = pread(fd, chunk, CHUNK, at)) > 0) {
		at += n;
		if (at > COPY_MAX || fs_write_all(new.fd, chunk, (size_t)n) < 0)
			return at > COPY_MAX ? error_set(err, EFBIG, "%s: bigger than 16 MiB", host) : error_errno(err, "write %s", host);
	}
	return n < 0 ? error_errno(err, "copy to %s", host) : guarded_commit(&new, err);
}

int
instance_copy_remove(struct agent *a, const char *host, struct error *err)
{
	AUTO(guarded) g = { 0 };

	if (instance_copy_allow(a, host, err) < 0)
		return -1;
	mounts_guard_launch(&a->launch, &g);
	return guarded_unlink(&g, host, err);
}

int
instance_file_make(const char *path, struct error *err)
{
	auto_close int fd = -1;

	/* nobody appends to one of a run before, and nobody else has it */
	if (fs_unlink(path, err) < 0)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? error_errno(err, "make %s", path) : 0;
}

static int
instance_log_make(const struct agent *a, const char *name, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s", a->launch.dir, name);

	return instance_file_make(path, err);
}

int
instance_logs_make(const struct agent *a, struct error *err)
{
	for (const char *const *name = a->runtime->console_logs; name && *name; name++)
		if (instance_log_make(a, *name, err) < 0)
			return -1;
	return instance_log_make(a, a->runtime->log, err);
}
