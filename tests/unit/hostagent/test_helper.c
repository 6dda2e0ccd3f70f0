/* The helper of a host agent that a guest has taken over: it serves what limactl has said, and nothing else. */
#include "hostagent/helper/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostagent/agent.h"
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
