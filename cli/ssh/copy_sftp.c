#include "cli/ssh/copy_sftp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/guarded.h"
#include "base/mem.h"
#include "base/size.h"
#include "cli/cli.h"
#include "cli/commands/start.h"
#include "providers/ssh/sftp.h"

enum { CHUNK = 256 << 10, MAX_DEPTH = 100, DRAW_MS = 120 };

/* --- either side --- */

/* 1: there it is, 0: nothing is there, -1; ELOOP: a link of a guest's is in the way */
static int
copy_sftp_look(const struct copy_sftp *how, const struct copy_end *e, struct sftp_attr *out, struct error *err)
{
	auto_close int fd = -1;
	struct error why = { 0 };
	struct stat st;

	if (e->guest) {
		if (sftp_stat(e->guest, e->path, true, out, &why) == 0)
			return 1;
		return why.code == ENOENT ? 0 : error_set(err, why.code, "%s", why.msg);
	}
	fd = guarded_place(how->guarded, e->path, &why);
	if (fd < 0)
		return why.code == ENOENT ? 0 : error_set(err, why.code, "%s", why.msg);
	if (fstat(fd, &st) < 0)
		return error_errno(err, "%s", e->path);
	*out = (struct sftp_attr){ .mode = st.st_mode, .size = (uint64_t)st.st_size, .mtime = st.st_mtime };
	return 1;
}

struct listing {
	char **v;
	size_t n, cap;
};

static void
listing_release(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static int
take_name(struct listing *l, const char *name)
{
	GROW(l->v, l->n, l->cap);
	l->v[l->n++] = xstrdup(name);
	return 0;
}

static int
take_remote(void *ctx, const char *name, const struct sftp_attr *a)
{
	(void)a;
	return take_name(ctx, name);
}

static int
copy_sftp_list(const struct copy_sftp *how, const struct copy_end *e, struct listing *out, struct error *err)
{
	auto_close int place = -1;
	auto_dir DIR *d = NULL;
	struct dirent *entry;
	int fd;

	if (e->guest)
		return sftp_list(e->guest, e->path, take_remote, out, err);
	place = guarded_folder(how->guarded, e->path, 0, err);
	if (place < 0)
		return -1;
	fd = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "%s", e->path);
	d = fdopendir(fd);
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			take_name(out, entry->d_name);
	return 0;
}

static int
make_folder(const struct copy_sftp *how, const struct copy_end *e, mode_t mode, struct error *err)
{
	auto_close int fd = e->guest ? -1 : guarded_folder(how->guarded, e->path, (mode & 0777) | 0700, err);
	struct sftp_attr a;
	int r = e->guest ? copy_sftp_look(how, e, &a, err) : 0;

	if (!e->guest)
		return fd < 0 ? -1 : 0;
	if (r != 0)
		return r < 0 || S_ISDIR(a.mode) ? (r < 0 ? -1 : 0) : error_set(err, ENOTDIR, "%s is in the way", e->path);
	/* The folder stays writable for us until it is filled. */
	return sftp_mkdir(e->guest, e->path, (mode & 0777) | 0700, err);
}

/* --- the bytes of one file --- */

/* A file that is read or written, of either side. */
struct stream {
	int fd;
	struct sftp_file *f;
	struct guarded_file new;	/* `fd` is its own */
};

static int
open_source(const struct copy_sftp *how, const struct copy_end *e, struct stream *s, struct error *err)
{
	auto_free char *name = NULL;
	auto_close int place = -1;

	*s = (struct stream){ .fd = -1 };
	if (e->guest)
		return (s->f = sftp_read_begin(e->guest, e->path, err)) ? 0 : -1;
	place = guarded_place(how->guarded, e->path, err);
	if (place < 0)
		return -1;
	name = xasprintf("/proc/self/fd/%d", place);
	return (s->fd = fs_open(name, NULL, err)) < 0 ? -1 : 0;
}

static int
open_target(const struct copy_sftp *how, const struct copy_end *e, mode_t mode, struct stream *s, struct error *err)
{
	*s = (struct stream){ .fd = -1, .new = GUARDED_FILE_INIT };
	if (e->guest)
		return (s->f = sftp_write_begin(e->guest, e->path, mode & 0777, err)) ? 0 : -1;
	if (guarded_create(&s->new, how->guarded, e->path, 0, mode & 0777, err) < 0)
		return -1;
	s->new.over_links = true;
	s->fd = s->new.fd;
	return 0;
}

static ssize_t
copy_sftp_get(struct stream *s, char *p, struct error *err)
{
	ssize_t n;

	if (s->f)
		return sftp_read(s->f, p, CHUNK, err);
	do
		n = read(s->fd, p, CHUNK);
	while (n < 0 && errno == EINTR);
	return n < 0 ? error_errno(err, "read") : n;
}

static int
copy_sftp_put(struct stream *s, const char *p, size_t len, struct error *err)
{
	if (s->f)
		return sftp_write(s->f, p, len, err);
	while (len) {
		ssize_t n = write(s->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "write");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Of what was read, and of what was written in the guest; a new file of the host is committed. */
static int
copy_sftp_finish(struct stream *s, struct error *err)
{
	if (s->f)
		return sftp_end(s->f, err);
	return s->fd >= 0 && s->fd != s->new.fd && close(s->fd) < 0 ? error_errno(err, "close") : 0;
}

/* --- the line on the terminal --- */

struct meter {
	bool on;
	const char *name;
	uint64_t done, total;
	int64_t began, drawn;
};

static void
copy_sftp_draw(struct meter *m, bool last)
{
	int64_t now = m->on ? clock_ms() : 0;
	AUTO(arena) a = { 0 };

	if (!m->on || (!last && now - m->drawn < DRAW_MS))
		return;
	m->drawn = now;
	fputs("\r\033[K", stderr);
	cli_print(stderr, m->name, strnlen(m->name, 40));
	fprintf(stderr, "  %3u%%  %s  %s/s%s", m->total ? (unsigned)(m->done * 100 / m->total) : 100u,
		size_text(&a, m->done), size_text(&a, m->done * 1000 / (uint64_t)(now - m->began + 1)), last ? "\n" : "");
	fflush(stderr);
}

static int
copy_sftp_pour(const struct copy_sftp *how, struct stream *from, struct stream *to, struct meter *m, struct error *err)
{
	auto_free char *room = xcalloc(1, CHUNK);
	const volatile int *cancel = how->cli->env.cancel;
	ssize_t n;

	while ((n = copy_sftp_get(from, room, err)) > 0 && !(cancel && *cancel)) {
		if ((n = copy_sftp_put(to, room, (size_t)n, err) < 0 ? -1 : n) < 0)
			break;
		m->done += (uint64_t)n;
		copy_sftp_draw(m, false);
	}
	/* A cancellation counts wherever it was noticed. */
	if (n != 0 && cancel && *cancel)
		return error_set(err, ERR_CANCELLED, "interrupted");
	return n < 0 ? -1 : 0;
}

static const char *
copy_sftp_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void
say_pair(const char *from, const char *to)
{
	AUTO(buf) line = BUF_INIT;

	buf_addf(&line, "%s -> %s\n", from, to);
	cli_print(stderr, line.s, line.len);
}

static int
copy_file(const struct copy_sftp *how, const struct copy_end *from, const struct copy_end *to, const struct sftp_attr *a,
	  struct error *err)
{
	struct meter m = { .on = how->progress, .name = copy_sftp_base_name(from->path), .total = a->size, .began = clock_ms() };
	struct stream in, out = { .new = GUARDED_FILE_INIT };
	int r;

	if (how->verbose)
		say_pair(from->path, to->path);
	if (open_source(how, from, &in, err) < 0)
		return -1;
	r = open_target(how, to, a->mode, &out, err);
	if (r == 0) {
		r = copy_sftp_pour(how, &in, &out, &m, err);
		if (copy_sftp_finish(&out, r < 0 ? NULL : err) < 0)
			r = -1;
		copy_sftp_draw(&m, true);
	}
	copy_sftp_finish(&in, NULL);
	if (r == 0 && !to->guest)
		r = guarded_commit(&out.new, err);
	guarded_file_release(&out.new);
	if (r < 0 && !to->guest)
		fs_explain_full(err, to->path);
	return r < 0 ? error_wrap(err, "%s", from->path) : 0;
}

/* --- trees --- */

static int copy_any(const struct copy_sftp *how, const struct copy_end *from, const struct copy_end *to, int depth, struct error *err);

static char *
copy_sftp_below(const char *dir, const char *name)
{
	size_t len = strlen(dir);

	return xasprintf("%s%s%s", dir, len && dir[len - 1] == '/' ? "" : "/", name);
}

static int
copy_sftp_folder(const struct copy_sftp *how, const struct copy_end *from, const struct copy_end *to, mode_t mode, int depth, struct error *err)
{
	AUTO(listing) names = { 0 };

	if (depth > MAX_DEPTH)
		return error_set(err, ELOOP, "%s: folders within folders, deeper than %d", from->path, MAX_DEPTH);
	if (make_folder(how, to, mode, err) < 0 || copy_sftp_list(how, from, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *a = copy_sftp_below(from->path, names.v[i]), *b = copy_sftp_below(to->path, names.v[i]);

		if (copy_any(how, &(struct copy_end){ from->guest, a }, &(struct copy_end){ to->guest, b }, depth + 1, err) < 0)
			return -1;
	}
	return 0;
}

static int
copy_any(const struct copy_sftp *how, const struct copy_end *from, const struct copy_end *to, int depth, struct error *err)
{
	struct error why = { 0 };
	struct sftp_attr a;
	int r = copy_sftp_look(how, from, &a, &why);

	/* A link inside a folder is skipped, because its target was not asked for. */
	if (r < 0 && depth && why.code == ELOOP && !from->guest) {
		cli_say(&how->cli->env, SAY_WARN, "skipped: %s", why.msg);
		return 0;
	}
	if (r < 0)
		return error_set(err, why.code, "%s", why.msg);
	if (r == 0)
		return error_set(err, ENOENT, "%s: no such file or directory", from->path);
	if (S_ISDIR(a.mode))
		return how->recursive ? copy_sftp_folder(how, from, to, a.mode, depth, err)
				      : error_set(err, EISDIR, "%s is a folder: not copied without --recursive", from->path);
	if (!S_ISREG(a.mode))
		return error_set(err, EINVAL, "%s is not an ordinary file", from->path);
	return copy_file(how, from, to, &a, err);
}

/* Without slashes at its end, but for the root. */
static char *
copy_sftp_trimmed(const char *path)
{
	char *p = xstrdup(*path ? path : ".");
	size_t len = strlen(p);

	while (len > 1 && p[len - 1] == '/')
		p[--len] = '\0';
	return p;
}

int
copy_sftp(const struct copy_sftp *how, const struct copy_end *ends, size_t n, struct error *err)
{
	struct copy_end to = ends[n - 1];
	auto_free char *target = copy_sftp_trimmed(to.path);
	struct sftp_attr a;
	bool folder;
	int r;

	to.path = target;
	r = copy_sftp_look(how, &to, &a, err);
	if (r < 0)
		return -1;
	folder = r == 1 && S_ISDIR(a.mode);
	if (!folder && (n > 2 || (ends[n - 1].path[0] && ends[n - 1].path[strlen(ends[n - 1].path) - 1] == '/' && !how->recursive)))
		return error_set(err, ENOTDIR, "%s is not a folder", ends[n - 1].path);
	for (size_t i = 0; i + 1 < n; i++) {
		auto_free char *source = copy_sftp_trimmed(ends[i].path);
		auto_free char *path = folder ? copy_sftp_below(target, copy_sftp_base_name(source)) : xstrdup(target);

		if (copy_any(how, &(struct copy_end){ ends[i].guest, source }, &(struct copy_end){ to.guest, path }, 0, err) < 0)
			return -1;
	}
	return 0;
}
