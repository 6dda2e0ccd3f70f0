/* What guest and host are told about shared folders: the commands, as a shell takes them, and the words of virtiofsd. */
#include "base/proc.h"
#include "base/view.h"
#include "providers/launch.h"
#include "hostagent/protocol/mount_check.h"
#include "hostagent/protocol/sshfs.h"
#include "providers/drivers/qemu/virtiofsd.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "tests/unit/test.h"

/* exit status of a script; its output in `said` */
static int
sh(const char *script, struct buf *said)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };

	return proc_run(argv, &(struct proc_opts){ .out = said, .timeout_ms = 20000 }, NULL);
}

/* Any bytes but NUL and slash, those that somebody escapes above all. */
static char *
odd_name(unsigned *seed)
{
	static const char odd[] = " \t\n\\#%\",'$`\\040\303\251\377\1\177";
	AUTO(buf) b = BUF_INIT;
	int n = 1 + rand_r(seed) % 12;

	for (int i = 0; i < n; i++) {
		char c = rand_r(seed) % 3 ? odd[(size_t)rand_r(seed) % (sizeof odd - 1)] : (char)(1 + rand_r(seed) % 255);

		buf_addc(&b, c == '/' ? '#' : c);
	}
	buf_addc(&b, 'x');
	return buf_detach(&b);
}

/* In a mount name space of its own: is what the kernel has mounted found by the commands, and by no other name? */
static int
mounts_are_found(const char *dir)
{
	static const char tag[] = "lima-0123456789abcdef";
	unsigned seed = 20;

	if ((geteuid() ? unshare(CLONE_NEWUSER | CLONE_NEWNS) : unshare(CLONE_NEWNS)) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 10;
	for (int i = 0; i < 100; i++) {
		auto_free char *name = odd_name(&seed), *point = xasprintf("%s/%s", dir, name);
		struct launch_mount m[] = { { "/l", point, tag, "tmpfs", true } };
		AUTO(buf) script = BUF_INIT;
		struct error err;

		if (fs_mkdirs(point, 0700, &err) < 0)
			return 11;
		buf_adds(&script, "nap() { :; }\nsudo() { return 1; }\n");
		mount_check_define(&script, m, 1);
		buf_adds(&script, "shared");
		if (i % 10 == 0 && sh(script.s, NULL) == 0)
			return 12;
		if (mount(tag, point, "tmpfs", 0, NULL) < 0)
			return 13;
		if (sh(script.s, NULL) != 0)
			return 14;
		umount2(point, MNT_DETACH);
	}
	return 0;
}

TEST(a_mount_point_is_found_whatever_its_name)
{
	auto_free char *dir = test_path("odd");
	struct error err;
	int status;
	pid_t pid;

	ok(fs_mkdirs(dir, 0700, &err));
	pid = fork();
	if (pid == 0)
		_exit(mounts_are_found(dir));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

TEST(commands_are_shell_whatever_the_names)
{
	struct sshfs_mount m = { "/l'$(touch /nonexistent)`x` \\", "/m \"'$x", .cache = false, .follow_symlinks = true };
	AUTO(buf) up = BUF_INIT;
	AUTO(buf) down = BUF_INIT;
	auto_free char *check = NULL;

	sshfs_mount_command(&up, &m, "iid'-1");
	sshfs_unmount_command(&down, &m);
	check = xasprintf("%.*s -n%s", (int)strlen("exec /bin/sh"), up.s, up.s + strlen("exec /bin/sh"));
	assert_int_equal(sh(check, NULL), 0);
	assert_non_null(strstr(up.s, "slave,allow_other,ro,cache=no,follow_symlinks"));
	/* nothing is mounted there: nothing to do */
	assert_int_equal(sh(down.s, NULL), 0);
}

TEST(what_the_guest_has_not_mounted_is_told)
{
	static const struct launch_mount mounts[] = { { "/l", "/m 'x", "lima-0000000000000000", "nosuchfs", true } };
	AUTO(buf) script = BUF_INIT;
	AUTO(buf) said = BUF_INIT;

	buf_adds(&script, "nap() { :; }\nsudo() { return 1; }\n");
	mount_check_define(&script, mounts, 1);
	buf_adds(&script, "shared || echo \"$why\"");
	assert_int_equal(sh(script.s, &said), 0);
	assert_string_equal(said.s, "/m 'x: the kernel of the guest has no nosuchfs; set mountType to reverse-sshfs, or take an image "
				    "whose kernel has it\n");
	/* a file system that the kernel has, and a folder that is not mounted */
	buf_truncate(&script, 0);
	buf_truncate(&said, 0);
	buf_adds(&script, "nap() { :; }\nsudo() { echo 'mount: no'; echo 'mount: bad luck' >&2; return 1; }\n");
	mount_check_define(&script, &(struct launch_mount){ "/l", "/m", "lima-0", "tmpfs", true }, 1);
	buf_adds(&script, "shared || echo \"$why\"");
	assert_int_equal(sh(script.s, &said), 0);
	assert_string_equal(said.s, "/m: mount: bad luck\n");
}

TEST(a_mount_point_that_was_swept_away_is_made_again)
{
	auto_free char *dir = test_path("swept"), *point = xasprintf("%s/away", dir);
	AUTO(buf) script = BUF_INIT;
	AUTO(buf) said = BUF_INIT;
	struct error err;

	ok(fs_mkdirs(dir, 0700, &err));
	/* util-linux says two lines, of which the first tells */
	buf_adds(&script, "nap() { :; }\nsudo() { shift; case $1 in mkdir) \"$@\" ;; mount) [ -d \"$2\" ] || { echo 'mount: no point'; return 1; }; "
			  "echo \"mount: $2: is there\"; echo '       dmesg(1) may have more'; return 1 ;; esac; }\n");
	mount_check_define(&script, &(struct launch_mount){ "/l", point, "lima-0", "tmpfs", true }, 1);
	buf_adds(&script, "shared || echo \"${why##*: }\"");
	assert_int_equal(sh(script.s, &said), 0);
	assert_string_equal(said.s, "is there\n");
}

TEST(definitions_of_strangers_are_checked)
{
	static const char path[] = "not an absolute path";
	static const struct {
		const char *json, *why;
	} bad[] = {
		{ "{}", path }, { "[]", path }, { "{\"location\":\"a\",\"mountPoint\":\"/b\"}", path },
		{ "{\"location\":\"/a\",\"mountPoint\":\"\"}", path }, { "{\"location\":1,\"mountPoint\":\"/b\"}", "location: not a string" },
	};
	AUTO(arena) a = { 0 };
	struct sshfs_mount m = { .location = "/a", .point = "/b", .writable = true };
	struct error err;
	cJSON *json = sshfs_mount_json(&m);

	ok(sshfs_mount_parse(json, &a, &m, &err));
	cJSON_Delete(json);
	assert_true(m.writable && !m.cache && !m.follow_symlinks);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		json = cJSON_Parse(bad[i].json);
		not_ok(sshfs_mount_parse(json, &a, &m, &err), bad[i].why);
		cJSON_Delete(json);
	}
}

static char *
joined(const char *const *w, size_t n)
{
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s|", w[i]);
	assert_null(w[n]);
	return buf_detach(&b);
}

TEST(words_of_both_daemons)
{
	struct virtiofsd c = { "/v", true }, rust = { "/r", false };
	AUTO(arena) a = { 0 };
	size_t n;
	const char *const *w = virtiofsd_words(&c, "/s", &a, &n);
	auto_free char *in_c = joined(w, n), *in_rust = NULL;

	/* no path of the host's: the daemon has a view with the one folder (base/view.h) */
	assert_string_equal(in_c, "/v|--socket-path=/s|-f|-o|source=" VIEW_PLACE "|");
	w = virtiofsd_words(&rust, "/s", &a, &n);
	in_rust = joined(w, n);
	assert_string_equal(in_rust, "/r|--socket-path=/s|--shared-dir=" VIEW_PLACE "|");
}

TEST(daemons_are_found_by_their_descriptions)
{
	auto_free char *qemu = test_path("p/bin/qemu"), *dir = test_path("p/share/qemu/vhost-user"), *program = test_path("p/virtiofsd");
	auto_free char *home = test_path("home"), *gpu = NULL, *fs = NULL, *text = NULL, *bin = test_path("p/bin");
	AUTO(arena) a = { 0 };
	struct virtiofsd v;
	struct error err;

	setenv("HOME", home, 1);
	ok(fs_mkdirs(dir, 0755, &err));
	ok(fs_mkdirs(bin, 0755, &err));
	gpu = xasprintf("%s/10-gpu.json", dir);
	fs = xasprintf("%s/50-fs.json", dir);
	text = xasprintf("{\"type\":\"fs\",\"binary\":\"%s\"}", program);
	ok(fs_write(gpu, "{\"type\":\"gpu\",\"binary\":\"/bin/true\"}", 34, 0644, &err));
	ok(fs_write(fs, text, strlen(text), 0644, &err));
	ok(fs_write(program, "#!/bin/sh\necho virtiofsd 1.13\n", 30, 0755, &err));
	ok(virtiofsd_find(qemu, &a, &v, &err));
	assert_string_equal(v.program, program);
	assert_false(v.in_c);
	/* QEMU's, of an ordinary user */
	ok(fs_write(program, "#!/bin/sh\necho 'setgroups() failed with error=1:Operation not permitted' >&2; exit 1\n", 84, 0755, &err));
	if (access("/usr/share/qemu/vhost-user", F_OK) < 0 || geteuid() != 0)
		not_ok(virtiofsd_find(qemu, &a, &v, &err), "only root can run");
}
