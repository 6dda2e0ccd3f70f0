/* The helper of a host agent that a guest has taken over: it serves what limactl has said, and nothing else. */
#include "hostagent/helper/helper.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/paths.h"
#include "base/privilege.h"
#include "base/syscalls.h"
#include "base/view.h"
#include "hostagent/agent.h"
#include "hostagent/helper/message.h"
#include "hostagent/machine/runtime.h"
#include "hostagent/protocol/sshfs.h"
#include "providers/served.h"
#include "providers/written.h"
#include "tests/unit/test.h"

struct scene {
	char *root, *home, *work, *secret;
	struct agent agent;
};

static void
scene_set(struct scene *s, const char *name)
{
	struct error err;

	*s = (struct scene){ .root = test_path(name) };
	s->home = xasprintf("%s/home", s->root);
	s->work = xasprintf("%s/work", s->root);
	s->secret = xasprintf("%s/secret", s->root);
	s->agent.name = "a";
	s->agent.launch.dir = xasprintf("%s/a", s->home);
	ok(fs_mkdirs(s->agent.launch.dir, 0700, &err));
	ok(fs_mkdirs(s->work, 0700, &err));
	ok(fs_mkdirs(s->secret, 0700, &err));
	ok(served_put(s->home, "a", "mount-1", &(struct served){ .location = s->work }, &err));
	ok(helper_start(&s->agent, &err));
}

static void
scene_end(struct scene *s)
{
	helper_end(&s->agent);
	free((char *)(uintptr_t)s->agent.launch.dir);
	free(s->root);
	free(s->home);
	free(s->work);
	free(s->secret);
}

/* Asks for a server of `location`, with the folder `open`; 0: it was started; else the error's code. */
static int
scene_ask(struct scene *s, const char *location, const char *folder, bool writable, bool follow)
{
	const struct sshfs_mount m = { .location = location, .point = "/x", .writable = writable, .follow_symlinks = follow };
	auto_close int there = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct error err = { 0 };
	int fds[2], status;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	pid = helper_server(&s->agent, &m, (int[]){ fds[1], there }, &err);
	close(fds[0]);
	close(fds[1]);
	while (pid > 0 && helper_reap(&s->agent, pid, &status) == 0)
		usleep(1000);
	return pid > 0 ? 0 : err.code;
}

TEST(an_agent_gets_the_folders_that_limactl_has_said)
{
	struct scene s;

	scene_set(&s, "asked");
	assert_int_equal(scene_ask(&s, s.work, s.work, false, false), 0);
	/* another folder by its name, or by the name of the right one; and more than to read it */
	assert_int_equal(scene_ask(&s, s.secret, s.secret, false, false), EPERM);
	assert_int_equal(scene_ask(&s, s.work, s.secret, false, false), EPERM);
	assert_int_equal(scene_ask(&s, "/", "/", true, false), EPERM);
	assert_int_equal(scene_ask(&s, s.work, s.work, true, false), EPERM);
	assert_int_equal(scene_ask(&s, s.work, s.work, false, true), EPERM);
	scene_end(&s);
}

TEST(a_link_of_any_guest_is_not_the_folder_that_was_said)
{
	struct error err;
	struct scene s;
	auto_free char *link = NULL;

	scene_set(&s, "link");
	link = xasprintf("%s/out", s.work);
	assert_int_equal(symlink("../secret", link), 0);
	ok(served_put(s.home, "a", "mount-2", &(struct served){ .location = link }, &err));
	assert_int_equal(scene_ask(&s, link, s.secret, false, false), 0);
	ok(written_add(s.home, (const char *[]){ s.work }, 1, &err));
	assert_int_equal(scene_ask(&s, link, s.secret, false, false), ELOOP);
	scene_end(&s);
}

static const char *const machine_words[] = { "/bin/sleep", "60", NULL };
static const struct launch_companion beside[] = { { .name = "beside", .socket = "/none", .argv = machine_words, .nargv = 2 } };
static const struct runtime player = { .log = "player.log" };

/* The text of a line of /proc/PID/status. */
static void
status_line(pid_t pid, const char *key, char out[64])
{
	auto_free char *path = xasprintf("/proc/%d/status", (int)pid);
	AUTO(buf) b = BUF_INIT;
	struct error err;
	const char *line;

	ok(fs_read(path, &b, 1 << 16, &err));
	line = strstr(b.s, key);
	assert_non_null(line);
	snprintf(out, 64, "%.*s", (int)strcspn(line + strlen(key), "\n"), line + strlen(key));
}

TEST(with_a_machine_the_helper_starts_servers_and_no_second_machine)
{
	auto_free char *pidfile = test_path("player.pid");
	struct agent *a;
	struct error err;
	char seccomp[64], caps[64];
	struct scene s;
	pid_t pid, other;
	int status;

	scene_set(&s, "machine");
	helper_end(&s.agent);
	a = &s.agent;
	a->runtime = &player;
	a->launch.machine.argv = machine_words;
	a->launch.machine.pidfile = pidfile;
	a->launch.companions = beside;
	a->launch.ncompanions = 1;
	ok(helper_start(a, &err));
	other = helper_companion(a, 0, &err);
	assert_true(other > 0);
	pid = helper_machine(a, &err);
	assert_true(pid > 0);
	status_line(a->helper_pid, "\nSeccomp:\t", seccomp);
	assert_string_equal(seccomp, syscalls_possible() ? "2" : "0");
	status_line(a->helper_pid, "\nCapEff:\t", caps);
	assert_true(!strtoull(caps, NULL, 16) || strtoull(caps, NULL, 16) == 0x1e6);
	assert_int_equal(helper_machine(a, &err), -1);
	assert_int_equal(err.code, EPERM);
	assert_int_equal(helper_companion(a, 0, &err), -1);
	assert_int_equal(err.code, EPERM);
	assert_int_equal(scene_ask(&s, s.work, s.work, false, false), 0);
	helper_end_companion(a, 0);
	while (helper_reap(a, other, &status) == 0)
		usleep(1000);
	assert_int_equal(WTERMSIG(status), SIGTERM);
	ok(helper_signal(a, pid, SIGKILL, &err));
	while (helper_reap(a, pid, &status) == 0)
		usleep(1000);
	scene_end(&s);
}

/* Starts what lists its first folder, and waits for its end. 0, or the error's code; what it said is in the log. */
static int
scene_list(struct scene *s)
{
	static const char *const words[] = { "/bin/ls", "/proc/self/fd/3/", NULL };
	auto_free char *pidfile = xasprintf("%s/player.pid", s->agent.launch.dir);
	struct agent *a = &s->agent;
	struct error err;
	int status;
	pid_t pid;

	helper_end(a);
	a->runtime = &player;
	a->launch.machine.argv = words;
	a->launch.machine.pidfile = pidfile;
	ok(helper_start(a, &err));
	pid = helper_machine(a, &err);
	while (pid > 0 && helper_reap(a, pid, &status) == 0)
		usleep(1000);
	a->launch.machine.pidfile = NULL;
	return pid > 0 ? status : err.code;
}

TEST(a_folder_of_9p_is_opened_by_the_helper_and_no_link_that_came_meanwhile)
{
	struct scene s;
	struct error err;
	auto_free char *inner = NULL, *real = NULL, *log = NULL, *moved = NULL;
	AUTO(buf) said = BUF_INIT;
	struct launch_mount mount = { .point = "/m", .tag = "t", .type = "9p" };

	scene_set(&s, "served");
	inner = xasprintf("%s/inner", s.work);
	moved = xasprintf("%s/moved", s.work);
	real = xasprintf("%s/real", inner);
	log = xasprintf("%s/player.log", s.agent.launch.dir);
	ok(fs_mkdirs(real, 0700, &err));
	ok(written_add(s.home, (const char *[]){ s.work }, 1, &err));
	mount.location = inner;
	s.agent.launch.mounts = &mount;
	s.agent.launch.nmounts = 1;
	assert_int_equal(scene_list(&s), 0);
	ok(fs_read(log, &said, 1000, &err));
	assert_string_equal(said.s, "real\n");
	/* limactl has looked, and now the guest that owns what is above swaps it */
	assert_int_equal(rename(inner, moved), 0);
	assert_int_equal(symlink("../secret", inner), 0);
	assert_int_equal(scene_list(&s), ELOOP);
	scene_end(&s);
}

/* What a companion says that is given the folder, and does `script` there. */
static int
scene_companion(struct scene *s, const char *location, const char *script, bool read_only, struct buf *said)
{
	const struct launch_companion c = { .name = "virtiofsd-0", .socket = "/none", .argv = (const char *const[]){ "/bin/sh", "-c", script, NULL },
					    .nargv = 3, .location = location, .read_only = read_only };
	auto_free char *log = xasprintf("%s/virtiofsd-0.log", s->agent.launch.dir);
	struct agent *a = &s->agent;
	struct error err, why = { 0 };
	int status;
	pid_t pid;

	helper_end(a);
	a->launch.companions = &c;
	a->launch.ncompanions = 1;
	ok(helper_start(a, &err));
	pid = helper_companion(a, 0, &why);
	while (pid > 0 && helper_reap(a, pid, &status) == 0)
		usleep(1000);
	a->launch.ncompanions = 0;
	buf_truncate(said, 0);
	ok(fs_read(log, said, 1000, &err));
	return pid > 0 ? status : why.code;
}

TEST(a_folder_of_virtiofs_is_opened_by_the_helper_and_no_link_that_came_meanwhile)
{
	struct scene s;
	struct error err;
	auto_free char *inner = NULL, *real = NULL, *moved = NULL, *swap = NULL;
	AUTO(buf) said = BUF_INIT;

	if (!view_possible())
		return;
	scene_set(&s, "daemon");
	inner = xasprintf("%s/inner", s.work);
	moved = xasprintf("%s/moved", s.work);
	real = xasprintf("%s/real", inner);
	swap = xasprintf("mv '%s' '%s' && ln -s ../secret '%s'; ls " VIEW_PLACE, inner, moved, inner);
	ok(fs_mkdirs(real, 0700, &err));
	ok(written_add(s.home, (const char *[]){ s.work }, 1, &err));
	/* who owns what is above swaps it after the helper has looked, and before the daemon opens it; and before both */
	assert_int_equal(scene_companion(&s, inner, swap, false, &said), 0);
	assert_string_equal(said.s, "real\n");
	assert_int_equal(scene_companion(&s, inner, swap, false, &said), ELOOP);
	scene_end(&s);
}

TEST(what_is_served_to_be_read_cannot_be_written_and_the_host_s_own_place_can)
{
	struct scene s;
	AUTO(buf) said = BUF_INIT;
	auto_free char *script = NULL;

	if (!view_possible())
		return;
	scene_set(&s, "to read");
	script = xasprintf("touch " VIEW_PLACE "/no 2>/dev/null || echo refused; mount -o remount,rw " VIEW_PLACE " 2>/dev/null; "
			   "touch " VIEW_PLACE "/no 2>/dev/null || echo refused");
	assert_int_equal(scene_companion(&s, s.work, script, true, &said), 0);
	/* Root's daemon keeps CAP_SYS_ADMIN for name spaces of its own, and gives it up before it serves. */
	assert_true(!strncmp(said.s, "refused\n", 8) && (geteuid() == 0 || !strcmp(said.s + 8, "refused\n")));
	assert_int_equal(scene_companion(&s, s.work, "touch " VIEW_PLACE "/yes && echo done", false, &said), 0);
	assert_string_equal(said.s, "done\n");
	scene_end(&s);
}

/* The home of the instances in what is shared, with a key, and an instance that is kept elsewhere. */
static void
scene_keys(struct scene *s, const char *name)
{
	auto_free char *config = NULL, *key = NULL, *far = NULL, *link = NULL, *disk = NULL;
	struct error err;

	scene_set(s, name);
	config = xasprintf("%s/_config", s->home);
	key = xasprintf("%s/user", config);
	far = xasprintf("%s/far", s->root);
	link = xasprintf("%s/b", s->home);
	ok(fs_mkdirs(config, 0700, &err));
	ok(fs_write(key, "key", 3, 0600, &err));
	ok(fs_mkdirs(far, 0700, &err));
	assert_int_equal(symlink("../far", link), 0);
	disk = xasprintf("%s/disk", far);
	ok(fs_write(disk, "disk", 4, 0600, &err));
}

TEST(the_keys_of_all_instances_are_in_no_folder_that_they_are_below)
{
	static const char script[] = "cd \"$1\" && ls; ls home far; cat home/_config/user far/disk; mkdir home/x home/a/x; echo x >home/y; mv home h; echo end";
	auto_free char *above = NULL, *moves = NULL, *daemon = NULL, *machine = NULL, *pidfile = NULL, *log = NULL, *config = NULL;
	AUTO(buf) said = BUF_INIT;
	struct scene s;
	struct error err;
	struct launch_mount mount = { .point = "/m", .tag = "t", .type = "9p", .writable = true };

	if (!view_possible())
		return;
	scene_keys(&s, "keys");
	daemon = xasprintf("set -- " VIEW_PLACE "; exec 2>/dev/null; %s", script);
	assert_int_equal(scene_companion(&s, s.root, daemon, false, &said), 0);
	assert_string_equal(said.s, "far\nhome\nsecret\nwork\nfar:\n\nhome:\nend\n");
	/* a folder on the way stays where it is, with all other things in it as they were */
	above = xasprintf("%.*s", (int)(strrchr(s.root, '/') - s.root), s.root);
	moves = xasprintf("exec 2>/dev/null; cd " VIEW_PLACE "; mv keys other && echo moved; rmdir keys/home && echo gone; mv keys/work keys/near && mv keys/near keys/work && echo end");
	assert_int_equal(scene_companion(&s, above, moves, false, &said), 0);
	assert_string_equal(said.s, "end\n");
	/* by name they are asked for */
	config = xasprintf("%s/_config", s.home);
	assert_int_equal(scene_companion(&s, config, "cat " VIEW_PLACE "/user", false, &said), 0);
	assert_string_equal(said.s, "key");
	/* and by 9p; nor does QEMU find them where they are */
	machine = xasprintf("set -- /proc/self/fd/3; exec 2>/dev/null; cat '%s/user'; %s", config, script);
	pidfile = xasprintf("%s/player.pid", s.agent.launch.dir);
	log = xasprintf("%s/player.log", s.agent.launch.dir);
	mount.location = s.root;
	s.agent.launch.mounts = &mount;
	s.agent.launch.nmounts = 1;
	helper_end(&s.agent);
	s.agent.runtime = &player;
	s.agent.launch.machine.pidfile = pidfile;
	s.agent.launch.machine.argv = (const char *const[]){ "/bin/sh", "-c", machine, NULL };
	ok(helper_start(&s.agent, &err));
	for (pid_t pid = helper_machine(&s.agent, &err), status; pid > 0 && helper_reap(&s.agent, pid, &status) == 0;)
		usleep(1000);
	buf_truncate(&said, 0);
	ok(fs_read(log, &said, 1000, &err));
	assert_string_equal(said.s, "far\nhome\nsecret\nwork\nfar:\n\nhome:\nend\n");
	scene_end(&s);
}

TEST(a_companion_is_who_it_is_to_be_and_has_the_folder_that_is_its_own)
{
	enum { NOBODY_S = 61999 };
	static const char *const files[] = { "rx /usr", "rx /lib", "rx /lib64", "rx /bin", "rw /dev/null", "rwm /proc/self/fd/3" };
	const unsigned user = geteuid() == 0 && privilege_can_become(NOBODY_S) ? NOBODY_S : 0;
	auto_free char *script = NULL, *log = NULL, *config = NULL, *mine = NULL, *said_id = NULL;
	struct launch_companion c = { .name = "swtpm", .socket = "/none", .nargv = 3, .files = files, .nfiles = ARRAY_LEN(files), .user = user };
	AUTO(paths) p = PATHS_INIT;
	bool walls = paths_begin(&p);
	AUTO(buf) said = BUF_INIT;
	struct scene s;
	struct error err;
	int status;
	pid_t pid;

	scene_keys(&s, "own");
	config = xasprintf("%s/_config", s.home);
	mine = xasprintf("%s/swtpm", s.agent.launch.dir);
	log = xasprintf("%s/swtpm.log", s.agent.launch.dir);
	script = xasprintf("exec 2>/dev/null; id -u; echo x >/proc/self/fd/3/new && echo made; cat '%s/user' && echo key; "
			   "cat /proc/self/fd/3/../../_config/user && echo key; echo x >'%s/y' && echo out; echo end", config, s.work);
	ok(fs_mkdirs(mine, 0700, &err));
	assert_int_equal(user ? chown(mine, user, user) : 0, 0);
	c.argv = (const char *const[]){ "/bin/sh", "-c", script, NULL };
	c.own = mine;
	helper_end(&s.agent);
	s.agent.launch.companions = &c;
	s.agent.launch.ncompanions = 1;
	ok(helper_start(&s.agent, &err));
	pid = helper_companion(&s.agent, 0, &err);
	assert_true(pid > 0);
	while (helper_reap(&s.agent, pid, &status) == 0)
		usleep(1000);
	ok(fs_read(log, &said, 1000, &err));
	said_id = xasprintf("%u\nmade\nend\n", user ? user : geteuid());
	if (user || walls)
		assert_string_equal(said.s, said_id);
	scene_end(&s);
}

/* Landlock of Linux 6.12 */
static bool
scopes_signals(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 6;
}

TEST(a_machine_opens_the_files_that_it_was_given)
{
	struct scene s;
	struct error err;
	auto_free char *given = NULL, *lima_yaml = NULL, *script = NULL, *item = NULL, *log = NULL, *pidfile = NULL;
	AUTO(buf) said = BUF_INIT;
	AUTO(paths) p = PATHS_INIT;
	bool possible = paths_begin(&p);
	struct agent *a = &s.agent;
	int status;
	pid_t pid;

	scene_set(&s, "opens");
	helper_end(a);
	given = xasprintf("%s/given", s.agent.launch.dir);
	lima_yaml = xasprintf("%s/lima.yaml", s.agent.launch.dir);
	log = xasprintf("%s/player.log", s.agent.launch.dir);
	pidfile = xasprintf("%s/player.pid", s.agent.launch.dir);
	item = xasprintf("rw %s", given);
	script = xasprintf("echo x >>'%s' && echo given; echo x 2>/dev/null >>'%s' && echo lima.yaml; kill -0 %d 2>/dev/null && echo signalled; kill -0 $$",
			   given, lima_yaml, (int)getpid());
	ok(fs_write(given, "", 0, 0600, &err));
	ok(fs_write(lima_yaml, "", 0, 0600, &err));
	a->runtime = &player;
	a->launch.machine.pidfile = pidfile;
	a->launch.machine.argv = (const char *const[]){ "/bin/sh", "-c", script, NULL };
	a->launch.machine.files = (const char *const[]){ "rx /usr", "rx /lib", "rx /lib64", "rx /bin", "rw /dev/null", item };
	a->launch.machine.nfiles = 6;
	ok(helper_start(a, &err));
	pid = helper_machine(a, &err);
	assert_true(pid > 0);
	while (helper_reap(a, pid, &status) == 0)
		usleep(1000);
	assert_int_equal(status, 0);
	ok(fs_read(log, &said, 1000, &err));
	if (possible)
		assert_null(strstr(said.s, "\nlima.yaml\n"));
	if (scopes_signals())
		assert_null(strstr(said.s, "signalled"));
	assert_true(strncmp(said.s, "given\n", 6) == 0);
	scene_end(&s);
}

TEST(a_socket_that_somebody_listens_on_is_not_removed)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct scene s;
	struct error err;
	int dir, fd;

	scene_set(&s, "listens");
	snprintf(at.sun_path, sizeof at.sun_path, "%s/s", s.work);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 1), 0);
	dir = open(s.work, O_PATH | O_CLOEXEC);
	assert_int_equal(helper_remove_socket(&s.agent, dir, "s", &err), -1);
	assert_int_equal(err.code, EADDRINUSE);
	assert_int_equal(access(at.sun_path, F_OK), 0);
	close(fd);
	ok(helper_remove_socket(&s.agent, dir, "s", &err));
	assert_int_equal(access(at.sun_path, F_OK), -1);
	close(dir);
	scene_end(&s);
}

TEST(an_agent_has_files_written_that_are_its_own_and_what_copyToHost_names)
{
	struct launch_copy copy = { .guest = "/etc/x", .delete_on_stop = true };
	struct scene s;
	struct error err;
	auto_free char *bashrc = NULL, *display = NULL, *to = NULL;
	auto_free char *text = test_file("text", "told", 4);
	int fd = open(text, O_RDONLY | O_CLOEXEC);
	AUTO(buf) got = BUF_INIT;

	scene_set(&s, "files");
	helper_end(&s.agent);
	to = xasprintf("%s/sub/copied", s.work);
	bashrc = xasprintf("%s/.bashrc", s.work);
	display = xasprintf("%s/vncdisplay", s.agent.launch.dir);
	copy.host = to;
	s.agent.launch.copies = &copy;
	s.agent.launch.ncopies = 1;
	s.agent.socket_path = "/x/ha.sock";
	s.agent.pidfile_path = "/x/ha.pid";
	ok(helper_start(&s.agent, &err));
	for (const char *const *name = (const char *const[]){ "lima.yaml", "ssh.config", "../../x", "", "launch.json", NULL }; *name; name++) {
		assert_int_equal(helper_write_file(&s.agent, *name, "x", &err), -1);
		assert_int_equal(err.code, EPERM);
		assert_int_equal(helper_remove_file(&s.agent, *name, &err), -1);
		assert_int_equal(err.code, EPERM);
	}
	assert_int_equal(helper_write_file(&s.agent, "ha.pid", "1", &err), -1);
	assert_int_equal(helper_write_file(&s.agent, "ssh_known_hosts", "* a\n* b\n", &err), -1);
	ok(helper_write_file(&s.agent, "ssh_known_hosts", "* ssh-ed25519 AAAA\n", &err));
	assert_int_equal(helper_write_file(&s.agent, "ssh_known_hosts", "* ssh-ed25519 BBBB\n", &err), -1);
	ok(helper_write_file(&s.agent, "vncdisplay", "127.0.0.1:0", &err));
	assert_int_equal(access(display, F_OK), 0);
	ok(helper_remove_file(&s.agent, "vncdisplay", &err));
	assert_int_equal(access(display, F_OK), -1);
	assert_int_equal(helper_store_copy(&s.agent, bashrc, fd, &err), -1);
	assert_int_equal(err.code, EPERM);
	ok(helper_store_copy(&s.agent, to, fd, &err));
	ok(fs_read(to, &got, 100, &err));
	assert_string_equal(got.s, "told");
	assert_int_equal(helper_remove_copy(&s.agent, bashrc, &err), -1);
	ok(helper_remove_copy(&s.agent, to, &err));
	assert_int_equal(access(to, F_OK), -1);
	close(fd);
	scene_end(&s);
}

static size_t
entries_of(const char *path)
{
	auto_dir DIR *d = opendir(path);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	return n;
}

TEST(descriptors_that_nobody_asked_for_do_not_stay_with_the_helper)
{
	struct scene s;
	auto_free char *path = NULL;
	char one[CMSG_SPACE(sizeof(int))] = { 0 };
	struct cmsghdr *head = (struct cmsghdr *)(void *)one;
	struct iovec io = { (char[]){ "x" }, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = one, .msg_controllen = sizeof one };
	size_t before, after = 0;
	static char big[sizeof(struct request) + 1];
	int status;

	/* a message of the right size that asks for nothing there is: answered, and its one descriptor closed */
	scene_set(&s, "descriptors");
	path = xasprintf("/proc/%d/fd", (int)s.agent.helper_pid);
	assert_int_equal(helper_reap(&s.agent, 1, &status), -1);
	before = entries_of(path);
	for (int i = 0; i < 20; i++) {
		*head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(head), &(int){ 0 }, sizeof(int));
		io = (struct iovec){ big, sizeof(struct request) };
		big[0] = 100;
		assert_true(sendmsg(s.agent.helper, &m, 0) > 0);
		assert_true(recv(s.agent.helper, big, sizeof big, 0) > 0);
		memset(big, 0, sizeof big);
	}
	after = entries_of(path);
	assert_int_equal(after, before);
	scene_end(&s);
}
