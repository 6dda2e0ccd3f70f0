/* Files that a host agent copies from its guest, and what a guest cannot lead astray by links. */
#include "hostagent/protocol/ha_client.h"

#include <sys/stat.h>

#include "hostagent/protocol/forward_rule.h"
#include "tests/unit/agent.h"

/* The rules, as limactl tells a running agent of them. */
static void
tell_copies(struct machine *m, const struct launch_copy *v, size_t n)
{
	struct error err;

	m->l.copies = v;
	m->l.ncopies = n;
	ok(launch_save(&m->l, m->launch, &err));
	ok(ha_reload(m->dir, &err));
}

/* "": the file is not there */
static bool
holds(const char *path, const char *text)
{
	AUTO(buf) b = BUF_INIT;

	for (int i = 0; i < 1000; i++) {
		buf_truncate(&b, 0);
		fs_read_if(path, &b, 1000, NULL);
		if (strcmp(b.s, text) == 0)
			return true;
		usleep(10000);
	}
	return false;
}

TEST(a_copy_follows_its_rule_and_no_other)
{
	auto_free char *g1 = test_file("copy-g1", "one", 3), *g2 = test_file("copy-g2", "two", 3);
	auto_free char *g3 = test_path("copy-g3"), *h1 = test_path("copies/1"), *h2 = test_path("copies/2"), *h3 = test_path("copies/3");
	const struct launch_copy rules[] = { { g1, h1, false, true }, { g2, h2, false, false }, { g3, h3, false, false } };
	struct sshd s = guest("copy");
	AUTO(arena) a = { 0 };
	struct ha_info i = { 0 };
	struct machine m;
	struct error err;

	make(&m, "copy-vm");
	use_guest(&m, &s);
	set_marker("copy", "lima-ssh-ready", "iid-1\n");
	set_marker("copy", "lima-boot-done", "iid-1\n");
	m.l.copies = rules;
	m.l.ncopies = 1;
	ok(start(&m, &err));
	ok(ha_wait_ready(m.dir, 0, PATIENCE_MS, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_RUNNING);
	assert_true(holds(h1, "one"));
	/* two more, one of which cannot be had; the first is not copied again */
	ok(fs_write(g1, "new", 3, 0600, &err));
	tell_copies(&m, rules, 3);
	assert_true(holds(h2, "two"));
	for (int n = 0; n < 1000 && i.phase != HA_DEGRADED; n++) {
		usleep(10000);
		ok(ha_info(m.dir, &a, &i, &err));
	}
	assert_non_null(strstr(i.errors, "copy-g3"));
	assert_true(holds(h1, "one"));
	/* now it can */
	ok(fs_write(g3, "three", 5, 0600, &err));
	tell_copies(&m, rules, 3);
	assert_true(holds(h3, "three"));
	for (int n = 0; n < 1000 && i.phase != HA_RUNNING; n++) {
		usleep(10000);
		ok(ha_info(m.dir, &a, &i, &err));
	}
	assert_string_equal(i.errors, "");
	assert_true(holds(h1, "one"));
	/* what goes with the machine goes with its rule */
	tell_copies(&m, rules + 1, 2);
	assert_true(holds(h1, ""));
	assert_true(holds(h2, "two"));
	m.l.copies = NULL;
	m.l.ncopies = 0;
	done(&m);
	assert_true(holds(h2, "two"));
	sshd_stop(&s);
}

/* A guest puts links into a folder that it can write, where files and sockets of the host are to be. */
TEST(links_of_the_guest_lead_no_file_and_no_socket_astray)
{
	auto_free char *file = test_file("astray-g", "one", 3), *folder = test_path("astray"), *victim = test_path("victim");
	auto_free char *out = test_path("astray/out"), *there = test_path("astray/out/config"), *kept = test_path("victim/config");
	auto_free char *bound = test_path("astray/out/sock"), *good = test_path("astray/in/sock");
	const struct launch_copy rule[] = { { file, there, false, true } };
	const char *writes[] = { folder };
	struct sshd s = guest("astray-guest");
	struct forward_rule r = to_port(1, 1);
	AUTO(arena) a = { 0 };
	struct ha_info i = { 0 };
	struct machine m;
	struct error err;

	ok(fs_mkdirs(folder, 0700, &err));
	ok(fs_mkdirs(victim, 0700, &err));
	ok(fs_write(kept, "kept", 4, 0600, &err));
	assert_int_equal(symlink("../victim", out), 0);
	make(&m, "astray-vm");
	use_guest(&m, &s);
	set_marker("astray-guest", "lima-ssh-ready", "iid-1\n");
	set_marker("astray-guest", "lima-boot-done", "iid-1\n");
	m.l.guest.writes = writes;
	m.l.guest.nwrites = 1;
	m.l.copies = rule;
	m.l.ncopies = 1;
	ok(start(&m, &err));
	ok(ha_wait_ready(m.dir, 0, PATIENCE_MS, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	assert_non_null(strstr(i.errors, "is a link in a folder that a guest can write"));
	r.host_socket = bound;
	not_ok(ha_put_forward(m.dir, "bad", &r, &err), "is a link in a folder that a guest can write");
	r.host_socket = good;
	ok(ha_put_forward(m.dir, "good", &r, &err));
	assert_true(fs_exists(good));
	m.l.copies = NULL;
	m.l.ncopies = 0;
	done(&m);
	/* neither what was to go with the machine, nor what was in the place of the socket */
	assert_true(holds(kept, "kept"));
	assert_false(fs_exists(good));
	sshd_stop(&s);
}
