/* The server of a folder for sshfs, packet by packet: what it does, and what a hostile guest gets for its trouble. */
#include "hostagent/sftpd/session.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test.h"

/* A session, and the answer to what was asked last. */
struct client {
	struct sftpd s;
	char *location;
	struct buf in, out;
	int type;
	uint32_t id;
	struct wire answer;	/* behind type and number */
};

/* A packet of `form`: s text, p path below the location, h number as a handle, u 32 bits, q 64. 1: all of it was taken; -1. */
static int
send(struct client *c, int type, const char *form, ...)
{
	va_list ap;
	size_t begin;

	buf_truncate(&c->in, 0);
	buf_truncate(&c->out, 0);
	begin = wire_begin(&c->in, type, ++c->id);
	va_start(ap, form);
	for (; *form; form++) {
		auto_free char *path = NULL;
		const char *s;

		switch (*form) {
		case 's':
			s = va_arg(ap, const char *);
			wire_put_text(&c->in, s, strlen(s));
			break;
		case 'p':
			path = xasprintf("%s/%s", c->location, va_arg(ap, const char *));
			wire_put_text(&c->in, path, strlen(path));
			break;
		case 'h':
			wire_put_u32(&c->in, 4);
			wire_put_u32(&c->in, va_arg(ap, unsigned));
			break;
		case 'u':
			wire_put_u32(&c->in, va_arg(ap, unsigned));
			break;
		case 'q':
			wire_put_u64(&c->in, va_arg(ap, unsigned long long));
			break;
		}
	}
	va_end(ap);
	wire_end(&c->in, begin);
	return sftpd_take(&c->s, c->in.s, c->in.len, &c->out) == (ptrdiff_t)c->in.len ? 1 : -1;
}

/* One whole answer is there, to this question; its type. */
static int
answered(struct client *c)
{
	const uint8_t *p = (const uint8_t *)c->out.s;
	struct wire w = { p, p + c->out.len, false };
	uint32_t len = wire_u32(&w);

	assert_int_equal(len + 4, c->out.len);
	assert_true(len <= SFTPD_PACKET_MAX);
	c->type = *w.p++;
	assert_int_equal(wire_u32(&w), c->id);
	assert_false(w.bad);
	c->answer = w;
	return c->type;
}

#define ask(c, ...) (assert_int_equal(send((c), __VA_ARGS__), 1), answered(c))
/* the same, of what is answered with a status */
#define status(c, ...) (assert_int_equal(ask((c), __VA_ARGS__), FXP_STATUS), (int)wire_u32(&(c)->answer))

static unsigned
opened(struct client *c, const char *name, unsigned flags)
{
	unsigned n;

	assert_int_equal(ask(c, FXP_OPEN, "puu", name, flags, 0), FXP_HANDLE);
	assert_int_equal(wire_u32(&c->answer), 4);
	n = wire_u32(&c->answer);
	assert_true(c->answer.p == c->answer.end);
	return n;
}

static struct wire_attrs
attrs(struct client *c)
{
	struct wire_attrs a;

	assert_int_equal(c->type, FXP_ATTRS);
	a = wire_attrs(&c->answer);
	assert_true(!c->answer.bad && c->answer.p == c->answer.end);
	return a;
}

static void
begin(struct client *c, const char *name, bool writable, bool follow)
{
	struct error err;

	*c = (struct client){ .location = test_path(name), .in = BUF_INIT, .out = BUF_INIT };
	ok(fs_mkdirs(c->location, 0700, &err));
	assert_int_equal(jail_open(&c->s.jail, open(c->location, O_PATH | O_DIRECTORY | O_CLOEXEC), c->location, writable, follow), 0);
	c->id = 2;
	assert_int_equal(ask(c, FXP_INIT, ""), FXP_VERSION);
}

static void
end(struct client *c)
{
	sftpd_release(&c->s);
	buf_release(&c->in);
	buf_release(&c->out);
	free(c->location);
}

static void
put(const char *name, const char *text)
{
	free(test_file(name, text, strlen(text)));
}

TEST(a_file_is_made_written_read_and_closed)
{
	struct client c;
	struct wire_text data;
	unsigned h;

	begin(&c, "a", true, false);
	h = opened(&c, "f", FXF_READ | FXF_WRITE | FXF_CREAT | FXF_EXCL);
	assert_int_equal(status(&c, FXP_WRITE, "hqs", h, 3ULL, "defg"), FX_OK);
	assert_int_equal(status(&c, FXP_WRITE, "hqs", h, 0ULL, "abc"), FX_OK);
	assert_int_equal(status(&c, FXP_EXTENDED, "sh", "fsync@openssh.com", h), FX_OK);
	assert_int_equal(ask(&c, FXP_READ, "hqu", h, 2ULL, 100), FXP_DATA);
	data = wire_text(&c.answer);
	assert_int_equal(data.len, 5);
	assert_memory_equal(data.p, "cdefg", 5);
	assert_int_equal(status(&c, FXP_READ, "hqu", h, 7ULL, 100), FX_EOF);
	ask(&c, FXP_FSTAT, "h", h);
	assert_int_equal(attrs(&c).size, 7);
	assert_int_equal(status(&c, FXP_FSETSTAT, "huq", h, ATTR_SIZE, 2ULL), FX_OK);
	ask(&c, FXP_LSTAT, "p", "f");
	assert_int_equal(attrs(&c).size, 2);
	assert_int_equal(status(&c, FXP_CLOSE, "h", h), FX_OK);
	assert_int_equal(status(&c, FXP_CLOSE, "h", h), FX_NO_SUCH_FILE);
	assert_int_equal(status(&c, FXP_READ, "hqu", h, 0ULL, 1), FX_NO_SUCH_FILE);
	assert_int_equal(status(&c, FXP_OPEN, "puu", "f", FXF_WRITE | FXF_CREAT | FXF_EXCL, 0), FX_FAILURE);
	h = opened(&c, "f", FXF_WRITE | FXF_TRUNC | FXF_CREAT);
	ask(&c, FXP_FSTAT, "h", h);
	assert_int_equal(attrs(&c).size, 0);
	end(&c);
}

TEST(names_are_made_moved_and_taken_away)
{
	struct client c;
	struct wire_attrs a;

	begin(&c, "b", true, false);
	assert_int_equal(status(&c, FXP_MKDIR, "puu", "d", ATTR_MODE, 02755), FX_OK);
	opened(&c, "d/f", FXF_WRITE | FXF_CREAT);
	opened(&c, "g", FXF_WRITE | FXF_CREAT);
	assert_int_equal(status(&c, FXP_RENAME, "pp", "d/f", "g"), FX_FAILURE);
	assert_int_equal(status(&c, FXP_EXTENDED, "spp", "posix-rename@openssh.com", "d/f", "g"), FX_OK);
	assert_int_equal(status(&c, FXP_RENAME, "pp", "g", "d/g"), FX_OK);
	assert_int_equal(status(&c, FXP_EXTENDED, "spp", "hardlink@openssh.com", "d/g", "h"), FX_OK);
	assert_int_equal(status(&c, FXP_SYMLINK, "sp", "../any where", "d/l"), FX_OK);
	assert_int_equal(ask(&c, FXP_READLINK, "p", "d/l"), FXP_NAME);
	assert_int_equal(wire_u32(&c.answer), 1);
	assert_memory_equal(wire_text(&c.answer).p, "../any where", 12);
	assert_int_equal(status(&c, FXP_SETSTAT, "puuuu", "h", ATTR_MODE | ATTR_TIMES, 0640, 1000, 2000), FX_OK);
	ask(&c, FXP_STAT, "p", "d/g");
	a = attrs(&c);
	assert_int_equal(a.mode, S_IFREG | 0640);
	assert_int_equal(a.atime, 1000);
	assert_int_equal(a.mtime, 2000);
	assert_int_equal(status(&c, FXP_RMDIR, "p", "d"), FX_FAILURE);
	assert_int_equal(status(&c, FXP_REMOVE, "p", "d"), FX_FAILURE);
	assert_int_equal(status(&c, FXP_REMOVE, "p", "d/g"), FX_OK);
	assert_int_equal(status(&c, FXP_REMOVE, "p", "d/l"), FX_OK);
	assert_int_equal(status(&c, FXP_RMDIR, "p", "d"), FX_OK);
	assert_int_equal(status(&c, FXP_RMDIR, "p", ""), FX_FAILURE);
	assert_int_equal(status(&c, FXP_RENAME, "pp", "", "x"), FX_FAILURE);
	assert_int_equal(ask(&c, FXP_EXTENDED, "sp", "statvfs@openssh.com", ""), FXP_EXTENDED_REPLY);
	assert_int_equal(c.answer.end - c.answer.p, 11 * 8);
	assert_int_equal(ask(&c, FXP_EXTENDED, "s", "limits@openssh.com"), FXP_EXTENDED_REPLY);
	assert_int_equal(status(&c, FXP_EXTENDED, "s", "unknown@openssh.com"), FX_OP_UNSUPPORTED);
	end(&c);
}

TEST(a_path_is_told_as_the_guest_may_go_on_with_it)
{
	static const char *const paths[][2] = { { ".", "" }, { "", "" }, { "x//y/./z/", "/x/y/z" }, { NULL, "" } };
	struct client c;

	begin(&c, "p", false, false);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		auto_free char *want = xasprintf("%s%s", c.location, paths[i][1]);
		struct wire_text name;

		assert_int_equal(ask(&c, FXP_REALPATH, "s", paths[i][0] ? paths[i][0] : c.location), FXP_NAME);
		assert_int_equal(wire_u32(&c.answer), 1);
		name = wire_text(&c.answer);
		assert_int_equal(name.len, strlen(want));
		assert_memory_equal(name.p, want, name.len);
	}
	end(&c);
}

TEST(a_folder_of_many_is_listed_once_each)
{
	enum { MANY = 3000 };
	static bool seen[MANY];
	struct client c;
	unsigned h, n = 0;

	begin(&c, "many", false, false);
	for (unsigned i = 0; i < MANY; i++) {
		auto_free char *name = xasprintf("many/%0*u", i % 2 ? 200 : 4, i), *path = test_path(name);

		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	assert_int_equal(ask(&c, FXP_OPENDIR, "p", ""), FXP_HANDLE);
	wire_u32(&c.answer);
	h = wire_u32(&c.answer);
	while (ask(&c, FXP_READDIR, "h", h) == FXP_NAME)
		for (uint32_t k = wire_u32(&c.answer); k; k--) {
			auto_free char *name = NULL;
			struct wire_text t = wire_text(&c.answer);

			name = xstrndup(t.p, t.len);
			wire_text(&c.answer);
			assert_true(wire_attrs(&c.answer).flags);
			assert_false(c.answer.bad);
			if (*name == '.')
				continue;
			assert_false(seen[atoi(name)]);
			seen[atoi(name)] = true;
			n++;
		}
	assert_int_equal(wire_u32(&c.answer), FX_EOF);
	assert_int_equal(n, MANY);
	end(&c);
}

/* Every way to touch what is at a path. */
static void
all_refused(struct client *c, const char *path)
{
	assert_int_not_equal(status(c, FXP_OPEN, "suu", path, FXF_READ, 0), FX_OK);
	assert_int_not_equal(status(c, FXP_OPEN, "suu", path, FXF_WRITE | FXF_CREAT | FXF_TRUNC, 0), FX_OK);
	assert_int_not_equal(status(c, FXP_OPENDIR, "s", path), FX_OK);
	assert_int_not_equal(status(c, FXP_STAT, "s", path), FX_OK);
	assert_int_not_equal(status(c, FXP_MKDIR, "su", path, 0), FX_OK);
	assert_int_not_equal(status(c, FXP_EXTENDED, "ss", "statvfs@openssh.com", path), FX_OK);
}

static void
all_names_refused(struct client *c, const char *path)
{
	assert_int_not_equal(status(c, FXP_LSTAT, "s", path), FX_OK);
	assert_int_not_equal(status(c, FXP_SETSTAT, "suu", path, ATTR_MODE, 0777), FX_OK);
	assert_int_not_equal(status(c, FXP_READLINK, "s", path), FX_OK);
	assert_int_not_equal(status(c, FXP_REMOVE, "s", path), FX_OK);
	assert_int_not_equal(status(c, FXP_RMDIR, "s", path), FX_OK);
	assert_int_not_equal(status(c, FXP_RENAME, "sp", path, "stolen"), FX_OK);
	assert_int_not_equal(status(c, FXP_RENAME, "ps", "mine", path), FX_OK);
	assert_int_not_equal(status(c, FXP_EXTENDED, "ssp", "hardlink@openssh.com", path, "stolen"), FX_OK);
	assert_int_not_equal(status(c, FXP_EXTENDED, "sps", "posix-rename@openssh.com", "mine", path), FX_OK);
	assert_int_not_equal(status(c, FXP_SYMLINK, "ss", "x", path), FX_OK);
}

TEST(there_is_no_way_out)
{
	auto_free char *out = test_path("out"), *out_f = test_path("out/f"), *beside = test_path("c2"), *beside_f = test_path("c2/f");
	auto_free char *loc = test_path("c"), *up = xasprintf("%s/../out/f", loc), *deep = xasprintf("%s/d/../../out/f", loc);
	auto_free char *file_link = test_path("c/file"), *dir_link = test_path("c/dir"), *rel_link = test_path("c/rel");
	auto_free char *through = xasprintf("%s/f", dir_link), *through_rel = xasprintf("%s/f", rel_link);
	auto_free char *new = xasprintf("%s/new", dir_link), *proc_link = test_path("c/magic");
	const char *paths[] = { "/", "/etc/passwd", out, out_f, beside, beside_f, up, deep, "..", "../out/f", "d/../../out/f",
				through, through_rel, new };
	const char *links[] = { file_link, dir_link, rel_link, proc_link };
	struct timespec old[] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct stat before, after;
	struct client c;
	struct error err;

	ok(fs_mkdirs(out, 0700, &err));
	ok(fs_mkdirs(beside, 0700, &err));
	put("out/f", "secret");
	put("c2/f", "secret");
	begin(&c, "c", true, false);
	put("c/mine", "x");
	assert_int_equal(status(&c, FXP_MKDIR, "pu", "d", 0), FX_OK);
	/* the guest can make such links; to follow them is the guest's own business */
	assert_int_equal(status(&c, FXP_SYMLINK, "sp", out_f, "file"), FX_OK);
	assert_int_equal(status(&c, FXP_SYMLINK, "sp", out, "dir"), FX_OK);
	assert_int_equal(status(&c, FXP_SYMLINK, "sp", "../out", "rel"), FX_OK);
	assert_int_equal(status(&c, FXP_SYMLINK, "sp", "/proc/self/root", "magic"), FX_OK);
	assert_int_equal(utimensat(AT_FDCWD, out_f, old, 0), 0);
	assert_int_equal(stat(out_f, &before), 0);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		all_refused(&c, paths[i]);
		all_names_refused(&c, paths[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		all_refused(&c, links[i]);
	/* its attributes are the link's own */
	assert_int_not_equal(status(&c, FXP_SETSTAT, "suu", file_link, ATTR_MODE, 0777), FX_OK);
	assert_int_not_equal(status(&c, FXP_SETSTAT, "suq", file_link, ATTR_SIZE, 0ULL), FX_OK);
	assert_int_equal(status(&c, FXP_SETSTAT, "suuu", file_link, ATTR_TIMES, 5, 5), FX_OK);
	assert_int_equal(stat(out_f, &after), 0);
	assert_int_equal(after.st_mtime, before.st_mtime);
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_equal(after.st_size, before.st_size);
	assert_int_equal(after.st_nlink, 1);
	assert_int_equal(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
	assert_int_equal(access(new, F_OK), -1);
	end(&c);
}

TEST(what_is_read_only_stays_as_it_is)
{
	auto_free char *f = test_path("ro/f");
	struct stat before, after;
	struct client c;
	unsigned h;

	begin(&c, "ro", false, false);
	put("ro/f", "text");
	assert_int_equal(stat(f, &before), 0);
	h = opened(&c, "f", FXF_READ);
	for (unsigned flags = 2; flags < 64; flags++)
		assert_int_equal(status(&c, FXP_OPEN, "puu", "f", flags, 0), FX_PERMISSION_DENIED);
	assert_int_not_equal(status(&c, FXP_WRITE, "hqs", h, 0ULL, "x"), FX_OK);
	assert_int_equal(status(&c, FXP_FSETSTAT, "huu", h, ATTR_MODE, 0777), FX_PERMISSION_DENIED);
	assert_int_equal(status(&c, FXP_SETSTAT, "puq", "f", ATTR_SIZE, 0ULL), FX_PERMISSION_DENIED);
	assert_int_equal(status(&c, FXP_SETSTAT, "puuu", "f", ATTR_TIMES, 1, 1), FX_PERMISSION_DENIED);
	assert_int_equal(status(&c, FXP_SETSTAT, "puuu", "f", ATTR_OWNER, 1, 1), FX_PERMISSION_DENIED);
	assert_int_equal(status(&c, FXP_MKDIR, "pu", "d", 0), FX_PERMISSION_DENIED);
	assert_int_equal(status(&c, FXP_REMOVE, "p", "f"), FX_PERMISSION_DENIED);
	assert_int_equal(status(&c, FXP_RMDIR, "p", "f"), FX_PERMISSION_DENIED);
	assert_int_equal(status(&c, FXP_RENAME, "pp", "f", "g"), FX_PERMISSION_DENIED);
	assert_int_equal(status(&c, FXP_SYMLINK, "sp", "f", "g"), FX_PERMISSION_DENIED);
	assert_int_equal(status(&c, FXP_EXTENDED, "spp", "posix-rename@openssh.com", "f", "g"), FX_PERMISSION_DENIED);
	assert_int_equal(status(&c, FXP_EXTENDED, "spp", "hardlink@openssh.com", "f", "g"), FX_PERMISSION_DENIED);
	assert_int_equal(stat(f, &after), 0);
	assert_int_equal(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
	end(&c);
}

TEST(only_files_are_opened_and_nobody_is_made_somebody_else)
{
	auto_free char *fifo = test_path("s/fifo"), *suid = test_path("s/suid");
	struct client c;
	struct stat st;

	begin(&c, "s", true, false);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	/* one would wait for a writer */
	alarm(10);
	assert_int_equal(status(&c, FXP_OPEN, "puu", "fifo", FXF_READ, 0), FX_PERMISSION_DENIED);
	assert_int_equal(status(&c, FXP_OPEN, "puu", "fifo", FXF_WRITE | FXF_CREAT, 0), FX_PERMISSION_DENIED);
	assert_int_not_equal(status(&c, FXP_OPEN, "puu", "", FXF_READ, 0), FX_OK);
	alarm(0);
	assert_int_equal(ask(&c, FXP_OPEN, "puuu", "new", FXF_WRITE | FXF_CREAT, ATTR_MODE, 06755), FXP_HANDLE);
	ask(&c, FXP_LSTAT, "p", "new");
	assert_int_equal(attrs(&c).mode & 07000, 0);
	assert_int_equal(status(&c, FXP_SETSTAT, "puu", "new", ATTR_MODE, 04755), FX_PERMISSION_DENIED);
	assert_int_equal(status(&c, FXP_SETSTAT, "puu", "new", ATTR_MODE, 02755), FX_PERMISSION_DENIED);
	/* what the user has done is not undone */
	put("s/suid", "x");
	assert_int_equal(chmod(suid, 04700), 0);
	assert_int_equal(status(&c, FXP_SETSTAT, "puu", "suid", ATTR_MODE, 04755), FX_OK);
	assert_int_equal(stat(suid, &st), 0);
	assert_int_equal(st.st_mode & 07777, 04755);
	/* but what the guest writes anew is not run as anybody, whoever serves it */
	opened(&c, "suid", FXF_WRITE);
	assert_int_equal(stat(suid, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(chmod(suid, 06755), 0);
	assert_int_equal(status(&c, FXP_SETSTAT, "puq", "suid", ATTR_SIZE, 0ULL), FX_OK);
	assert_int_equal(stat(suid, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	end(&c);
}

TEST(a_link_that_leads_up_stays_where_it_is_and_is_followed_there)
{
	auto_free char *out = test_path("moved-out"), *deep = test_path("mv/a/b/c"), *link = test_path("mv/a/b/link");
	auto_free char *absolute = test_path("mv/a/absolute");
	struct client c;
	struct error err;

	ok(fs_mkdirs(out, 0700, &err));
	begin(&c, "mv", true, true);
	ok(fs_mkdirs(deep, 0700, &err));
	put("mv/a/f", "text");
	assert_int_equal(symlink("../f", link), 0);
	assert_int_equal(symlink(out, absolute), 0);
	ask(&c, FXP_STAT, "p", "a/b/link");
	assert_int_equal(attrs(&c).size, 4);
	/* from elsewhere it would lead elsewhere: out, in the end; and so would a folder with such a one in it */
	assert_int_not_equal(status(&c, FXP_RENAME, "pp", "a/b/link", "link"), FX_OK);
	assert_int_not_equal(status(&c, FXP_EXTENDED, "spp", "posix-rename@openssh.com", "a/b/link", "a/b/c/link"), FX_OK);
	assert_int_not_equal(status(&c, FXP_EXTENDED, "spp", "hardlink@openssh.com", "a/b/link", "link"), FX_OK);
	assert_int_not_equal(status(&c, FXP_RENAME, "pp", "a/b", "b"), FX_OK);
	/* what leads to the same place wherever it is, or has no link in it, is moved */
	assert_int_equal(status(&c, FXP_RENAME, "pp", "a/b/link", "a/b/l2"), FX_OK);
	assert_int_equal(status(&c, FXP_RENAME, "pp", "a/absolute", "absolute"), FX_OK);
	assert_int_equal(status(&c, FXP_RENAME, "pp", "a/b/c", "c"), FX_OK);
	assert_int_equal(status(&c, FXP_RENAME, "pp", "a", "a2"), FX_OK);
	ask(&c, FXP_STAT, "p", "a2/b/l2");
	assert_int_equal(attrs(&c).size, 4);
	end(&c);
}

TEST(what_is_hidden_is_not_there_by_any_name)
{
	auto_free char *home = test_path("u/.lima"), *config = test_path("u/.lima/_config"), *moved = test_path("u/x/y"), *far = test_path("u/far");
	struct client c, named;
	struct error err;

	begin(&c, "u", true, false);
	ok(fs_mkdirs(config, 0700, &err));
	put("u/.lima/_config/user", "secret");
	put("u/mine", "x");
	put("u/.limax", "x");
	put("u/far", "secret");
	put("u/farther", "x");
	jail_hide(&c.s.jail, home);
	jail_hide(&c.s.jail, far);
	/* a single file, which must get no other name */
	all_refused(&c, far);
	assert_int_not_equal(status(&c, FXP_EXTENDED, "spp", "hardlink@openssh.com", "far", "near"), FX_OK);
	assert_int_not_equal(status(&c, FXP_RENAME, "pp", "far", "near"), FX_OK);
	assert_int_not_equal(status(&c, FXP_RENAME, "pp", "farther", "far"), FX_OK);
	ask(&c, FXP_STAT, "p", "farther");
	for (size_t i = 0; i < 3; i++) {
		auto_free char *path = xasprintf("%s/%s", c.location, ((const char *[]){ ".lima", ".lima/_config", ".lima/_config/user" }[i]));

		all_refused(&c, path);
		all_names_refused(&c, path);
	}
	assert_int_not_equal(status(&c, FXP_OPEN, "puu", ".lima/new", FXF_WRITE | FXF_CREAT, 0), FX_OK);
	ask(&c, FXP_STAT, "p", ".limax");
	/* by its new name, if the user (or another mount) moves it */
	assert_int_equal(status(&c, FXP_MKDIR, "pu", "x", 0), FX_OK);
	assert_int_equal(rename(home, moved), 0);
	assert_int_not_equal(status(&c, FXP_OPEN, "puu", "x/y/_config/user", FXF_READ, 0), FX_OK);
	/* nor is what it is in moved away, so that another one could be put in its place */
	assert_int_not_equal(status(&c, FXP_RENAME, "pp", "x", "z"), FX_OK);
	assert_int_not_equal(status(&c, FXP_EXTENDED, "spp", "posix-rename@openssh.com", "x", "z"), FX_OK);
	assert_int_equal(status(&c, FXP_MKDIR, "pu", "z", 0), FX_OK);
	assert_int_equal(status(&c, FXP_RENAME, "pp", "z", "w"), FX_OK);
	end(&c);
	/* who mounts it by name wants it */
	begin(&named, "u/x/y", false, false);
	jail_hide(&named.s.jail, moved);
	opened(&named, "_config/user", FXF_READ);
	end(&named);
}

TEST(links_are_followed_where_the_user_asks_for_it_and_only_his)
{
	auto_free char *out = test_path("far"), *link = test_path("fl/link");
	struct client c;
	struct error err;

	ok(fs_mkdirs(out, 0700, &err));
	put("far/f", "text");
	begin(&c, "fl", true, true);
	assert_int_equal(symlink(out, link), 0);
	ask(&c, FXP_STAT, "p", "link/f");
	assert_int_equal(attrs(&c).size, 4);
	opened(&c, "link/f", FXF_READ);
	assert_int_not_equal(status(&c, FXP_STAT, "p", "link/../f"), FX_OK);
	assert_int_not_equal(status(&c, FXP_STAT, "s", "/etc/passwd"), FX_OK);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(status(&c, FXP_SYMLINK, "sp", ((const char *[]){ "/etc", "..", "../x", "a/../../x", "a/..", "/" }[i]), "l"),
				 FX_PERMISSION_DENIED);
	assert_int_equal(status(&c, FXP_SYMLINK, "sp", "a..b/..c", "l"), FX_OK);
	end(&c);
}

TEST(a_packet_that_is_none_is_told_from_one)
{
	static const uint8_t types[] = { FXP_OPEN, FXP_CLOSE, FXP_READ, FXP_WRITE, FXP_LSTAT, FXP_FSTAT, FXP_SETSTAT, FXP_FSETSTAT,
					 FXP_OPENDIR, FXP_READDIR, FXP_REMOVE, FXP_MKDIR, FXP_RMDIR, FXP_REALPATH, FXP_STAT,
					 FXP_RENAME, FXP_READLINK, FXP_SYMLINK };
	static const uint8_t empty[4], large[] = { 0, 4, 0, 1, 1 }, short_one[] = { 0, 0, 0, 1, FXP_STAT };
	struct client c;

	begin(&c, "k", true, false);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		assert_int_equal(status(&c, types[i], ""), FX_BAD_MESSAGE);
		/* a text of 4 GiB */
		assert_int_equal(status(&c, types[i], "uu", 0xffffffff, 1), FX_BAD_MESSAGE);
	}
	assert_int_equal(status(&c, FXP_MKDIR, "puu", "d", 0x80000000, 0xffffffff), FX_BAD_MESSAGE);
	assert_int_equal(status(&c, FXP_STAT, "uq", 8, 0ULL), FX_BAD_MESSAGE);	/* NULs */
	assert_int_equal(status(&c, FXP_VERSION, ""), FX_OP_UNSUPPORTED);
	assert_int_equal(status(&c, FXP_DATA, ""), FX_OP_UNSUPPORTED);
	assert_int_equal(status(&c, 255, ""), FX_OP_UNSUPPORTED);
	/* all but its last byte is no packet yet */
	send(&c, FXP_STAT, "p", "x");
	buf_truncate(&c.out, 0);
	assert_int_equal(sftpd_take(&c.s, c.in.s, c.in.len - 1, &c.out), 0);
	assert_int_equal(sftpd_take(&c.s, c.in.s, 3, &c.out), 0);
	assert_int_equal(sftpd_take(&c.s, empty, sizeof empty, &c.out), -1);
	assert_int_equal(sftpd_take(&c.s, large, sizeof large, &c.out), -1);
	assert_int_equal(sftpd_take(&c.s, short_one, sizeof short_one, &c.out), -1);
	assert_int_equal(c.out.len, 0);
	c.s.greeted = false;
	assert_int_equal(send(&c, FXP_STAT, "p", ""), -1);
	end(&c);
}

TEST(handles_have_an_end)
{
	struct client c;
	unsigned n = 0;

	begin(&c, "h", true, false);
	opened(&c, "f", FXF_WRITE | FXF_CREAT);
	/* ours, or the kernel's, which may be less */
	while (ask(&c, FXP_OPEN, "puu", "f", FXF_READ, 0) == FXP_HANDLE)
		assert_true(++n < HANDLES_MAX);
	assert_int_equal(wire_u32(&c.answer), FX_FAILURE);
	assert_int_equal(status(&c, FXP_CLOSE, "h", 7), FX_OK);
	assert_int_equal(opened(&c, "f", FXF_READ), 7);
	assert_int_equal(status(&c, FXP_CLOSE, "h", HANDLES_MAX), FX_NO_SUCH_FILE);
	assert_int_equal(status(&c, FXP_CLOSE, "h", 0xffffffff), FX_NO_SUCH_FILE);
	end(&c);
}
