/* Paths, parts of which a guest can write: links are followed before its folders, and never in them. */
#include "base/guarded.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

struct place {
	char *root, *guest, *victim;
	struct guarded g;
	struct error err;
};

static char *
under(const char *dir, const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void
make_link(const char *text, const char *dir, const char *name)
{
	auto_free char *path = under(dir, name);

	assert_int_equal(symlink(text, path), 0);
}

static void
set_up(struct place *p, const char *name)
{
	*p = (struct place){ .root = test_path(name) };
	p->guest = under(p->root, "guest");
	p->victim = under(p->root, "victim");
	assert_int_equal(fs_mkdirs(p->guest, 0700, &p->err), 0);
	assert_int_equal(fs_mkdirs(p->victim, 0700, &p->err), 0);
	guarded_add(&p->g, p->guest);
	make_link("guest", p->root, "to-guest");
	make_link(p->victim, p->guest, "out");
	make_link("../victim", p->guest, "up");
}

static void
tear_down(struct place *p)
{
	guarded_release(&p->g);
	free(p->root);
	free(p->guest);
	free(p->victim);
}

/* 0: opened; else the error's code */
static int
folder(struct place *p, const char *rel, mode_t make)
{
	auto_free char *path = under(p->root, rel);
	auto_close int fd = guarded_folder(&p->g, path, make, &p->err);

	return fd < 0 ? p->err.code : 0;
}

TEST(links_are_followed_where_only_the_user_can_put_them)
{
	struct place p;

	set_up(&p, "walk");
	assert_int_equal(folder(&p, "to-guest", 0), 0);
	assert_int_equal(folder(&p, "guest/.//.", 0), 0);
	assert_int_equal(folder(&p, "victim", 0), 0);
	assert_int_equal(folder(&p, "guest/out", 0), ELOOP);
	assert_int_equal(folder(&p, "to-guest/out", 0700), ELOOP);
	assert_int_equal(folder(&p, "guest/up/deeper", 0700), ELOOP);
	assert_int_equal(folder(&p, "guest/../victim", 0), ELOOP);
	assert_int_equal(folder(&p, "guest/none", 0), ENOENT);
	assert_int_equal(folder(&p, "to-guest/a/b", 0700), 0);
	assert_int_equal(folder(&p, "guest/a/b", 0), 0);
	/* a link that goes round, and what is no folder */
	make_link("round", p.root, "round");
	assert_int_equal(folder(&p, "round", 0), ELOOP);
	assert_int_equal(folder(&p, "guest/out/x", 0700), ELOOP);
	p.g.straight = true;
	assert_int_equal(folder(&p, "to-guest", 0), ELOOP);
	assert_int_equal(folder(&p, "guest", 0), 0);
	tear_down(&p);
}

static int
write_file(struct place *p, const char *rel, const char *text)
{
	auto_free char *path = under(p->root, rel);
	AUTO(guarded_file) f = GUARDED_FILE_INIT;

	return guarded_create(&f, &p->g, path, 0700, 0640, &p->err) < 0 || fs_write_all(f.fd, text, strlen(text)) < 0 ||
		       guarded_commit(&f, &p->err) < 0 ? p->err.code : 0;
}

TEST(a_file_is_written_where_it_was_meant_to_be)
{
	AUTO(buf) text = BUF_INIT;
	auto_free char *path = NULL, *secret = NULL;
	struct place p;
	struct stat st;

	set_up(&p, "write");
	path = under(p.guest, "new/file");
	secret = under(p.victim, "secret");
	assert_int_equal(write_file(&p, "to-guest/new/file", "text"), 0);
	assert_int_equal(fs_read(path, &text, 100, &p.err), 0);
	assert_string_equal(text.s, "text");
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(write_file(&p, "guest/out/secret", "x"), ELOOP);
	assert_false(fs_exists(secret));
	/* in the place of a link, of whatever kind, nothing is put, nor behind it */
	assert_int_equal(fs_write(secret, "s", 1, 0600, &p.err), 0);
	make_link(secret, p.guest, "file");
	assert_int_equal(write_file(&p, "guest/file", "x"), EEXIST);
	make_link(secret, p.guest, "file.tmp");
	assert_int_equal(write_file(&p, "guest/file2", "x"), 0);
	assert_int_equal(lstat(secret, &st), 0);
	assert_int_equal(st.st_size, 1);
	tear_down(&p);
}

TEST(a_file_is_removed_where_it_was_meant_to_be)
{
	auto_free char *secret = NULL, *there = NULL, *wrong = NULL, *none = NULL;
	struct place p;

	set_up(&p, "remove");
	secret = under(p.victim, "file");
	there = under(p.guest, "file");
	wrong = under(p.guest, "out/file");
	none = under(p.guest, "no/where");
	assert_int_equal(fs_write(secret, "s", 1, 0600, &p.err), 0);
	assert_int_equal(fs_write(there, "s", 1, 0600, &p.err), 0);
	assert_int_equal(guarded_unlink(&p.g, wrong, &p.err), -1);
	assert_int_equal(p.err.code, ELOOP);
	assert_true(fs_exists(secret));
	assert_int_equal(guarded_unlink(&p.g, there, &p.err), 0);
	assert_false(fs_exists(there));
	assert_int_equal(guarded_unlink(&p.g, there, &p.err), 0);
	assert_int_equal(guarded_unlink(&p.g, none, &p.err), 0);
	tear_down(&p);
}

TEST(below_a_folder_there_are_no_links)
{
	struct place p;
	int dir;

	set_up(&p, "below");
	assert_int_equal(folder(&p, "guest/a/b", 0700), 0);
	dir = open(p.guest, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	for (int i = 0; i < 3; i++) {
		static const char *const there[] = { "a/b", "", "a//b/" };
		auto_close int fd = guarded_below(dir, there[i], O_PATH | O_DIRECTORY);

		assert_true(fd >= 0);
	}
	assert_int_equal(guarded_below(dir, "out", O_RDONLY | O_DIRECTORY), -1);
	assert_int_equal(guarded_below(dir, "up/x", O_PATH), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(guarded_below(dir, "../victim", O_PATH), -1);
	assert_int_equal(errno, EXDEV);
	close(dir);
	tear_down(&p);
}

static int
place(struct place *p, const char *rel)
{
	auto_free char *path = under(p->root, rel);
	auto_close int fd = guarded_place(&p->g, path, &p->err);

	return fd < 0 ? p->err.code : 0;
}

TEST(what_is_at_the_end_of_a_path_may_be_a_file_and_no_link_of_a_guest)
{
	auto_free char *secret = NULL;
	struct place p;

	set_up(&p, "place");
	secret = under(p.victim, "secret");
	assert_int_equal(fs_write(secret, "s", 1, 0600, &p.err), 0);
	assert_int_equal(write_file(&p, "guest/own", "x"), 0);
	make_link(secret, p.guest, "cert");
	make_link("victim/secret", p.root, "mine");
	assert_int_equal(place(&p, "victim/secret"), 0);
	assert_int_equal(place(&p, "mine"), 0);
	assert_int_equal(place(&p, "to-guest/own"), 0);
	assert_int_equal(place(&p, "guest"), 0);
	assert_int_equal(place(&p, "guest/cert"), ELOOP);
	assert_int_equal(place(&p, "guest/out/secret"), ELOOP);
	assert_int_equal(place(&p, "guest/own/x"), ENOTDIR);
	assert_int_equal(place(&p, "guest/none"), ENOENT);
	tear_down(&p);
}

static bool
covers(struct place *p, const char *rel)
{
	auto_free char *path = under(p->root, rel);

	return guarded_covers(&p->g, path);
}

TEST(what_a_guest_can_put_a_link_into_is_told)
{
	struct place p;

	set_up(&p, "covers");
	for (const char *const *v = (const char *const[]){ "guest", "guest/none/at/all", "to-guest", "to-guest/x", "guest/out/x", NULL }; *v; v++)
		assert_true(covers(&p, *v));
	for (const char *const *v = (const char *const[]){ "", "victim", "victim/x", "none/guest", "guest2", NULL }; *v; v++)
		assert_false(covers(&p, *v));
	tear_down(&p);
}
