/* What changes on the host, and the guest agent that is told (mountInotify): the host agent as it is, and an agent that writes it down. */
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/fake_agent.h"

struct watched {
	struct machine m;
	char *folder, *told;
	struct launch_mount mount;
	struct ga_ports ports;
	pid_t agent;
};

static void
set_up(struct watched *w, const char *name)
{
	auto_free char *folder = xasprintf("%s-folder", name), *told = xasprintf("%s-told", name);
	struct error err;
	int fd;

	*w = (struct watched){ .folder = test_path(folder), .told = test_path(told) };
	ok(fs_mkdirs(w->folder, 0700, &err));
	make(&w->m, name);
	fd = open(w->told, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	w->agent = fake_agent(&w->m, GOOD, &w->ports, NULL, fd);
	close(fd);
	w->mount = (struct launch_mount){ .location = w->folder, .point = "/mnt/x", .writable = true };
	w->m.l.mounts = &w->mount;
	w->m.l.nmounts = 1;
	w->m.l.guest.inotify = true;
	ok(start(&w->m, &err));
	for (int i = 0; i < 1500; i++) {
		auto_free char *log = log_text(&w->m, "ha.stderr.log");

		if (strstr(log, "is running"))
			return;
		usleep(10000);
	}
	fail_msg("the agent is never heard of");
}

static void
tear_down(struct watched *w)
{
	done(&w->m);
	test_kill(w->agent);
	free(w->folder);
	free(w->told);
}

static void
change(const struct watched *w, const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", w->folder, name);
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) >= 0);
}

/* How often the guest was told of a path; NULL: of any. */
static size_t
times(const struct watched *w, const char *path)
{
	auto_free char *line = path ? xasprintf("/mnt/x/%s\n", path) : xstrdup("\n");
	AUTO(buf) b = BUF_INIT;
	struct error err;
	size_t n = 0;

	ok(fs_read(w->told, &b, 64 << 20, &err));
	for (const char *p = b.s; (p = strstr(p, line)); p += strlen(line))
		n++;
	return n;
}

/* Until it was that often, within 15 s; more is wrong at once. */
static void
told(const struct watched *w, const char *path, size_t n)
{
	for (int i = 0; i < 1500 && times(w, path) < n; i++)
		usleep(10000);
	assert_int_equal(times(w, path), n);
}

TEST(many_writes_are_one_piece_of_news)
{
	struct watched w;

	set_up(&w, "a");
	for (int i = 0; i < 50; i++)
		change(&w, "f", "x");
	change(&w, "g", "x");
	told(&w, "g", 1);
	told(&w, "f", 1);
	/* once more, and no oftener when nothing is new */
	usleep(20000);
	change(&w, "f", "x");
	told(&w, "f", 2);
	usleep(300000);
	told(&w, "f", 2);
	tear_down(&w);
}

TEST(a_folder_that_goes_and_comes_back_is_watched_again)
{
	auto_free char *away = NULL, *sub = NULL;
	struct watched w;
	struct error err;

	set_up(&w, "b");
	away = xasprintf("%s.away", w.folder);
	sub = xasprintf("%s/sub", w.folder);
	change(&w, "f", "x");
	told(&w, "f", 1);
	assert_int_equal(rename(w.folder, away), 0);
	ok(fs_mkdirs(w.folder, 0700, &err));
	/* it is looked for every few seconds */
	for (int i = 0; i < 200 && !times(&w, "g"); i++) {
		usleep(100000);
		change(&w, "g", "x");
	}
	assert_true(times(&w, "g"));
	/* deleted, and made again */
	ok(fs_remove_tree(w.folder, &err));
	ok(fs_mkdirs(sub, 0700, &err));
	for (int i = 0; i < 200 && !times(&w, "sub/h"); i++) {
		usleep(100000);
		change(&w, "sub/h", "x");
	}
	assert_true(times(&w, "sub/h"));
	tear_down(&w);
}

/* A guest would learn by them which files of the host there are, and when they were changed. */
TEST(links_are_not_told_of_nor_what_is_behind_them)
{
	auto_free char *out = test_path("news-out"), *secret = test_path("news-out/secret"), *link = NULL, *dir = NULL, *sub = NULL;
	auto_free char *late = NULL;
	size_t folder;
	struct watched w;
	struct error err;

	ok(fs_mkdirs(out, 0700, &err));
	ok(fs_write(secret, "x", 1, 0600, &err));
	set_up(&w, "links");
	link = xasprintf("%s/link", w.folder);
	dir = xasprintf("%s/dir", w.folder);
	sub = xasprintf("%s/sub", w.folder);
	late = xasprintf("%s/sub/secret", w.folder);
	assert_int_equal(symlink(secret, link), 0);
	assert_int_equal(symlink(out, dir), 0);
	/* a folder that is watched, and is a link a moment later */
	ok(fs_mkdirs(sub, 0700, &err));
	change(&w, "sub/f", "x");
	told(&w, "sub/f", 1);
	usleep(300000);
	folder = times(&w, "sub");
	ok(fs_remove_tree(sub, &err));
	assert_int_equal(symlink(out, sub), 0);
	ok(fs_write(secret, "xy", 2, 0600, &err));
	assert_int_equal(utimensat(AT_FDCWD, late, NULL, 0), 0);
	change(&w, "last", "x");
	told(&w, "last", 1);
	assert_int_equal(times(&w, "link"), 0);
	assert_int_equal(times(&w, "dir"), 0);
	assert_int_equal(times(&w, "dir/secret"), 0);
	/* once, when it was a folder */
	assert_int_equal(times(&w, "sub"), folder);
	assert_int_equal(times(&w, "sub/secret"), 0);
	tear_down(&w);
}

TEST(a_burst_of_many_files_is_told_whole_and_holds_little)
{
	enum { FILES = 10000, KIB = 16 * 1024 };
	struct watched w;
	struct error err;
	auto_free char *sub = NULL, *path = NULL;
	AUTO(buf) status = BUF_INIT;
	size_t n;

	set_up(&w, "c");
	sub = xasprintf("%s/sub", w.folder);
	ok(fs_mkdirs(sub, 0700, &err));
	for (int i = 0; i < FILES; i++) {
		auto_free char *name = xasprintf("sub/file-%d", i);

		change(&w, name, "x");
	}
	told(&w, "sub/file-0", 1);
	told(&w, "sub/file-9999", 1);
	path = xasprintf("/proc/%d/status", ha_pid(w.m.dir));
	ok(fs_read(path, &status, 1 << 20, &err));
#ifndef __SANITIZE_ADDRESS__	/* which takes memory of its own */
	assert_true(atoi(strstr(status.s, "VmHWM:") + 6) < KIB);
#endif
	/* each once, but for those whose writes were far apart; the folder ever again */
	for (int i = 0; i < 1500 && times(&w, NULL) - times(&w, "sub") < FILES; i++)
		usleep(10000);
	n = times(&w, NULL) - times(&w, "sub");
	assert_true(n >= FILES && n < FILES + FILES / 10);
	tear_down(&w);
}
