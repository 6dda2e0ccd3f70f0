/*
 * Folders of the host in the guest by sshfs: the host agent, its servers, sshfs and the
 * kernel's FUSE as they are; only that the guest is an sshd of this host.
 */
#include "hostagent/protocol/sshfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/vfs.h>

#include "base/process.h"
#include "providers/pidfile.h"
#include "providers/served.h"
#include "tests/unit/agent.h"

#define FUSE_MAGIC 0x65735546

struct shared {
	struct sshd guest;
	struct machine m;
	char *location, *point;
	struct sshfs_mount def;
	struct error err;
};

static void
put(struct shared *s, const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", s->location, name);
	struct error err;

	ok(fs_write(path, text, strlen(text), 0644, &err));
}

static void
set_up(struct shared *s, const char *name)
{
	auto_free char *vm = xasprintf("%s-vm", name), *loc = xasprintf("%s-loc %%d#\n\303\251,'\"", name);
	auto_free char *point = xasprintf("%s-mnt \\ '$x\"/de#ep \n\303\251 er", name);
	struct error err;

	*s = (struct shared){ .guest = guest(name), .location = test_path(loc), .point = test_path(point) };
	s->def = (struct sshfs_mount){ .location = s->location, .point = s->point, .cache = true };
	ok(fs_mkdirs(s->location, 0700, &err));
	put(s, "hello", "from the host");
	make(&s->m, vm);
	use_guest(&s->m, &s->guest);
	s->m.l.guest.sshfs = true;
	set_marker(name, "lima-ssh-ready", "iid-1\n");
	set_marker(name, "lima-fuse-ready", "iid-1\n");
	ok(start(&s->m, &err));
}

static bool
is_fuse(const char *path)
{
	struct statfs st;

	return statfs(path, &st) == 0 && st.f_type == FUSE_MAGIC;
}

/* With the agent's end the mounts end too, in their own time. */
static void
tear_down(struct shared *s)
{
	done(&s->m);
	for (int i = 0; i < 1000 && is_fuse(s->point); i++)
		usleep(10000);
	assert_false(is_fuse(s->point));
	sshd_stop(&s->guest);
	free(s->location);
	free(s->point);
}

static const char *
put_mount(struct shared *s, struct arena *a)
{
	const struct served said = { s->def.location, s->def.writable, s->def.follow_symlinks, s->def.openssh, false };
	auto_free char *home = xasprintf("%.*s", (int)(strrchr(s->m.dir, '/') - s->m.dir), s->m.dir);
	const char *state = "";
	struct error err;

	ok(served_put(home, "t", "mount-1", &said, &err));
	ok(ha_put_mount(s->m.dir, "mount-1", &s->def, PATIENCE_MS, NULL, a, &state, &err));
	return state;
}

/* As the agent tells it, within 15 s. */
static void
becomes(struct shared *s, const char *state)
{
	struct ha_mount *v = NULL;
	struct error err;
	size_t n = 0;

	for (int i = 0; i < 1500; i++) {
		AUTO(arena) a = { 0 };

		ok(ha_mounts(s->m.dir, &a, &v, &n, &err));
		if (n == 1 && strncmp(v[0].state, state, strlen(state)) == 0)
			return;
		usleep(10000);
		if (i == 1499)
			fail_msg("never '%s', but '%s'", state, n ? v[0].state : "not there");
	}
}

static char *
content(struct shared *s, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", s->point, name);
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(fs_read(path, &b, 4 << 20, &err));
	return buf_detach(&b);
}

static int
create(struct shared *s, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", s->point, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), e = errno;

	if (fd >= 0 && (write(fd, "guest", 5) != 5 || close(fd) < 0))
		fail_msg("%s: %s", path, strerror(errno));
	return fd < 0 ? e : 0;
}

TEST(mounted_read_only_and_then_writable)
{
	AUTO(arena) a = { 0 };
	struct shared s;
	struct ha_info i;
	struct error err;
	auto_free char *hello = NULL, *big = NULL, *text = NULL;

	set_up(&s, "a");
	assert_string_equal(put_mount(&s, &a), "waiting");
	set_marker("a", "lima-boot-done", "iid-1\n");
	ok(ha_wait_ready(s.m.dir, 0, PATIENCE_MS, NULL, &a, &i, &err));
	assert_string_equal(i.errors, "");
	becomes(&s, "mounted");
	hello = content(&s, "hello");
	assert_string_equal(hello, "from the host");
	assert_int_equal(create(&s, "new"), EROFS);
	/* the machine runs: the answer is that it is mounted */
	s.def.writable = true;
	assert_string_equal(put_mount(&s, &a), "mounted");
	assert_int_equal(create(&s, "new"), 0);
	text = xrealloc(NULL, 1, 3000001);
	memset(text, 'x', 3000000);
	text[3000000] = '\0';
	put(&s, "big", text);
	big = content(&s, "big");
	assert_string_equal(big, text);
	ok(ha_delete_mount(s.m.dir, "mount-1", NULL, &err));
	assert_false(is_fuse(s.point));
	ok(ha_delete_mount(s.m.dir, "mount-1", NULL, &err));
	tear_down(&s);
}

/* As npm and python make them; a link of the host means to the guest what it says, in the guest. */
TEST(links_are_what_they_are)
{
	AUTO(arena) a = { 0 };
	struct shared s;
	struct error err;
	auto_free char *bin = NULL, *script = NULL, *link = NULL, *absolute = NULL, *text = NULL, *root = NULL;
	char target[64] = "";

	set_up(&s, "links");
	bin = xasprintf("%s/node_modules/.bin", s.location);
	script = xasprintf("%s/node_modules/tool", s.location);
	link = xasprintf("%s/run", bin);
	absolute = xasprintf("%s/root", s.location);
	ok(fs_mkdirs(bin, 0700, &err));
	ok(fs_mkdirs(script, 0700, &err));
	put(&s, "node_modules/tool/run.js", "#!/usr/bin/env node");
	assert_int_equal(symlink("../tool/run.js", link), 0);
	assert_int_equal(symlink("/", absolute), 0);
	set_marker("links", "lima-boot-done", "iid-1\n");
	put_mount(&s, &a);
	becomes(&s, "mounted");
	text = content(&s, "node_modules/.bin/run");
	assert_string_equal(text, "#!/usr/bin/env node");
	root = xasprintf("%s/root", s.point);
	assert_int_equal(readlink(root, target, sizeof target - 1), 1);
	assert_string_equal(target, "/");
	tear_down(&s);
}

TEST(a_killed_agent_is_followed_by_one_that_mounts_again)
{
	AUTO(arena) a = { 0 };
	struct shared s;
	struct error err;
	int busy;

	set_up(&s, "b");
	set_marker("b", "lima-boot-done", "iid-1\n");
	put_mount(&s, &a);
	becomes(&s, "mounted");
	/* somebody works in it: the old one cannot go away by itself */
	busy = open(s.point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	kill(ha_pid(s.m.dir), SIGKILL);
	while (ha_pid(s.m.dir))
		usleep(1000);
	ok(start(&s.m, &err));
	put_mount(&s, &a);
	becomes(&s, "mounted");
	free(content(&s, "hello"));
	close(busy);
	tear_down(&s);
}

TEST(a_folder_that_vanishes_is_told_and_comes_back)
{
	AUTO(arena) a = { 0 };
	struct shared s;
	struct ha_info i;
	struct error err;
	auto_free char *away = NULL, *events = NULL;

	set_up(&s, "c");
	set_marker("c", "lima-boot-done", "iid-1\n");
	put_mount(&s, &a);
	ok(ha_wait_ready(s.m.dir, 0, PATIENCE_MS, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_RUNNING);
	away = xasprintf("%s.away", s.location);
	assert_int_equal(rename(s.location, away), 0);
	becomes(&s, "failed: the folder ");
	ok(ha_info(s.m.dir, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	assert_non_null(strstr(i.errors, "has vanished"));
	/* another one of its name */
	ok(fs_mkdirs(s.location, 0700, &err));
	put(&s, "hello", "again");
	becomes(&s, "mounted");
	free(content(&s, "hello"));
	ok(ha_info(s.m.dir, &a, &i, &err));
	assert_int_equal(i.phase, HA_RUNNING);
	assert_string_equal(i.errors, "");
	events = log_text(&s.m, "ha.stdout.log");
	assert_non_null(strstr(events, "\"degraded\":true,\"errors\":[\"mount "));
	tear_down(&s);
}

/* The guest makes of the folder, which is in another one that it can write, a link to anything of the host's. */
TEST(a_folder_that_became_a_link_is_not_served_anew)
{
	AUTO(arena) a = { 0 };
	auto_free char *away = NULL, *outside = test_path("outside"), *secret = test_path("outside/hello"), *text = NULL;
	struct shared s;
	struct error err;

	set_up(&s, "swap");
	set_marker("swap", "lima-boot-done", "iid-1\n");
	ok(fs_mkdirs(outside, 0700, &err));
	ok(fs_write(secret, "secret", 6, 0600, &err));
	put_mount(&s, &a);
	becomes(&s, "mounted");
	away = xasprintf("%s.away", s.location);
	assert_int_equal(rename(s.location, away), 0);
	assert_int_equal(symlink(outside, s.location), 0);
	becomes(&s, "failed: ");
	text = content(&s, "hello");
	assert_string_equal(text, "from the host");
	tear_down(&s);
}

/* The same while nothing runs: the agent knows no more than which folders the guest can write. */
TEST(a_link_in_a_folder_that_the_guest_writes_is_never_followed)
{
	AUTO(arena) a = { 0 };
	auto_free char *outside = test_path("outside2"), *link = NULL, *trusted = test_path("trusted"), *text = NULL;
	const char *writes[1];
	struct shared s;
	struct error err;

	set_up(&s, "inner");
	done(&s.m);
	writes[0] = s.location;
	s.m.l.guest.writes = writes;
	s.m.l.guest.nwrites = 1;
	make(&s.m, "inner-vm2");
	use_guest(&s.m, &s.guest);
	s.m.l.guest.sshfs = true;
	s.m.l.guest.writes = writes;
	s.m.l.guest.nwrites = 1;
	ok(start(&s.m, &err));
	set_marker("inner", "lima-boot-done", "iid-1\n");
	ok(fs_mkdirs(outside, 0700, &err));
	link = xasprintf("%s/inner", s.location);
	assert_int_equal(symlink(outside, link), 0);
	s.def.location = link;
	put_mount(&s, &a);
	becomes(&s, "failed: ");
	/* a link of the user's leads to where he says */
	assert_int_equal(symlink(s.location, trusted), 0);
	s.def.location = trusted;
	put_mount(&s, &a);
	becomes(&s, "mounted");
	text = content(&s, "hello");
	assert_string_equal(text, "from the host");
	tear_down(&s);
}

TEST(what_cannot_be_mounted_is_told)
{
	AUTO(arena) a = { 0 };
	struct shared s;
	struct ha_info i;
	struct error err;
	auto_free char *file = NULL;

	set_up(&s, "d");
	set_marker("d", "lima-boot-done", "iid-1\n");
	file = xasprintf("%s/hello", s.location);
	s.def.location = file;
	put_mount(&s, &a);
	ok(ha_wait_ready(s.m.dir, 0, PATIENCE_MS, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	assert_non_null(strstr(i.errors, "is not there"));
	assert_int_equal(strncmp(put_mount(&s, &a), "failed: the folder", 18), 0);
	/* the mount point is no folder of the guest */
	s.def.location = s.location;
	s.def.point = "/proc/version";
	assert_int_equal(strncmp(put_mount(&s, &a), "failed: ", 8), 0);
	not_ok(ha_put_mount(s.m.dir, "mount-2", &(struct sshfs_mount){ "x", "/y" }, 1000, NULL, &a, &(const char *){ 0 }, &err),
	       "location: not an absolute path");
	tear_down(&s);
}

TEST(an_sshfs_that_is_killed_is_started_again)
{
	AUTO(arena) a = { 0 };
	auto_free char *word = NULL, *log = NULL;
	struct shared s;
	AUTO(process) was = { 0 };
	struct error err;
	pid_t next = 0;

	set_up(&s, "e");
	s.def.openssh = true;
	set_marker("e", "lima-boot-done", "iid-1\n");
	put_mount(&s, &a);
	becomes(&s, "mounted");
	word = xasprintf(":%s", s.location);
	assert_true(pidfile_search(NULL, word, s.point, &was));
	ok(process_signal(&was, SIGKILL, &err));
	for (int i = 0; i < 1500 && (!next || next == was.pid); i++) {
		AUTO(process) p = { 0 };

		usleep(10000);
		next = pidfile_search(NULL, word, s.point, &p) ? p.pid : 0;
	}
	assert_true(next > 0 && next != was.pid);
	becomes(&s, "mounted");
	free(content(&s, "hello"));
	log = log_text(&s.m, "ha.stderr.log");
	assert_non_null(strstr(log, "sshfs has ended in the guest"));
	tear_down(&s);
}

static int
confined(const char *access, const char *folder, const char *program, const char *word)
{
	auto_free char *agent = agent_program();
	const char *argv[] = { agent, "confine", access, folder, program, word, NULL };

	return proc_run(argv, &(struct proc_opts){ .timeout_ms = 10000 }, NULL);
}

TEST(the_server_sees_its_folder_and_no_other)
{
	auto_free char *in = test_path("in"), *out = test_path("out"), *file = test_path("in/f"), *other = test_path("out/f");
	auto_free char *link = test_path("in/link"), *new = test_path("in/new");
	struct error err;

	ok(fs_mkdirs(in, 0700, &err));
	ok(fs_mkdirs(out, 0700, &err));
	ok(fs_write(file, "x", 1, 0600, &err));
	ok(fs_write(other, "x", 1, 0600, &err));
	assert_int_equal(symlink(other, link), 0);
	assert_int_equal(confined("ro", in, "/bin/cat", file), 0);
	assert_int_equal(confined("ro", in, "/bin/cat", other), -1);
	assert_int_equal(confined("ro", in, "/bin/cat", link), -1);
	assert_int_equal(confined("ro", in, "/bin/ls", out), -1);
	assert_int_equal(confined("ro", in, "/bin/touch", new), -1);
	assert_int_equal(confined("rw", in, "/bin/touch", new), 0);
	assert_int_equal(confined("rw", in, "/usr/bin/tee", other), -1);
	assert_int_equal(confined("rw", "/nonexistent", "/bin/true", NULL), -1);
}
