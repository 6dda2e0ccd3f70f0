#include "providers/launch.h"

#include <errno.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

static const char *const argv_[] = { "/usr/bin/qemu", "-m", "512 \"quoted\" \xc3\xa4", NULL };
static const char *const keys[] = { "/k/one", "/k/two" };
static const struct launch_probe probes[] = { { "d", "#!/bin/sh\ntrue\n", "h" }, { "e", "x", NULL } };

static const struct launch_host hosts[] = { { "a.test", "10.0.0.1" }, { "b.test", "a.test" } };

static const char *const beside[] = { "/usr/bin/swtpm", "--socket=/i/swtpm.sock", NULL };
static const struct launch_companion companions[] = { { .name = "swtpm", .socket = "/i/swtpm.sock", .argv = beside, .nargv = 2, .location = "/l", .read_only = true, .own = "/o", .files = beside, .nfiles = 2, .user = 61184 } };
static const struct launch_mount mounts[] = { { "/a b", "/m", "lima-1", "9p", true }, { "/c", "/d", "lima-2", "virtiofs", false } };

static const struct launch_copy copies[] = { { "/g/kube", "/h/kube", false, true }, { "/g/x", "/h/x", true, false } };
static const struct image_disk disks[] = { { "/i/disk", "raw", NULL, NULL }, { "/i/diffdisk", "qcow2", "/i/basedisk", "raw" } };
static const char *const writes[] = { "/w" };

static struct launch
sample(void)
{
	struct launch l = { .name = "n", .dir = "/i" };

	l.machine.driver = "qemu";
	l.machine.argv = argv_;
	l.machine.nargv = 3;
	l.machine.pidfile = "/i/qemu.pid";
	l.machine.control = "/i/qmp.sock";
	l.ssh.port = 60022;
	l.ssh.user = "lima";
	l.ssh.keys = keys;
	l.ssh.nkeys = 2;
	l.guest.os = "Linux";
	l.guest.iid = "iid-1";
	l.guest.plain = true;
	l.probes = probes;
	l.nprobes = 2;
	l.boot_timeout_ms = 1234;
	l.companions = companions;
	l.ncompanions = 1;
	l.mounts = mounts;
	l.nmounts = 2;
	l.vnc_display = "127.0.0.1:1";
	l.dns.port = 20053;
	l.dns.ipv6 = true;
	l.dns.hosts = hosts;
	l.dns.nhosts = 2;
	l.copies = copies;
	l.ncopies = 2;
	l.disks = disks;
	l.ndisks = 2;
	l.machine.capabilities = 0x22;
	l.guest.uid = 501;
	l.guest.writes = writes;
	l.guest.nwrites = 1;
	l.guest.agent_socket = "/i/ga.sock";
	return l;
}

TEST(what_is_saved_is_loaded)
{
	struct launch l = sample();
	AUTO(launch) got = { 0 };
	auto_free char *path = test_path("launch.json");
	struct stat st;
	struct error err;

	ok(launch_save(&l, path, &err));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	ok(launch_load(&got, path, &err));
	assert_string_equal(got.name, "n");
	assert_int_equal(got.machine.nargv, 3);
	assert_string_equal(got.machine.argv[2], argv_[2]);
	assert_null(got.machine.argv[3]);
	assert_string_equal(got.machine.control, "/i/qmp.sock");
	assert_string_equal(got.ssh.address, "127.0.0.1");
	assert_int_equal(got.ssh.port, 60022);
	assert_string_equal(got.ssh.keys[1], "/k/two");
	assert_true(got.guest.plain);
	assert_false(got.guest.sshfs);
	assert_string_equal(got.guest.install_prefix, "/usr/local");
	assert_string_equal(got.probes[0].script, probes[0].script);
	assert_string_equal(got.probes[1].hint, "");
	assert_int_equal(got.boot_timeout_ms, 1234);
	assert_int_equal(got.ncompanions, 1);
	assert_string_equal(got.companions[0].socket, "/i/swtpm.sock");
	assert_string_equal(got.companions[0].argv[1], beside[1]);
	assert_null(got.companions[0].argv[2]);
	assert_string_equal(got.companions[0].location, "/l");
	assert_true(got.companions[0].read_only);
	assert_string_equal(got.companions[0].own, "/o");
	assert_int_equal(got.companions[0].nfiles, 2);
	assert_int_equal(got.companions[0].user, 61184);
	assert_int_equal(got.nmounts, 2);
	assert_string_equal(got.mounts[0].location, "/a b");
	assert_true(got.mounts[0].writable);
	assert_string_equal(got.mounts[1].type, "virtiofs");
	assert_string_equal(got.vnc_display, "127.0.0.1:1");
	assert_int_equal(got.dns.port, 20053);
	assert_true(got.dns.ipv6);
	assert_int_equal(got.dns.nhosts, 2);
	assert_string_equal(got.dns.hosts[1].name, "b.test");
	assert_string_equal(got.dns.hosts[1].value, "a.test");
	assert_int_equal(got.stop_timeout_ms, 180000);
	assert_int_equal(got.machine.capabilities, 0x22);
	assert_int_equal(got.guest.uid, 501);
	assert_string_equal(got.guest.writes[0], "/w");
	assert_string_equal(got.guest.agent_socket, "/i/ga.sock");
	assert_int_equal(got.ncopies, 2);
	assert_string_equal(got.copies[0].host, "/h/kube");
	assert_true(got.copies[0].delete_on_stop && got.copies[1].skip_if_missing);
	assert_false(got.copies[0].skip_if_missing || got.copies[1].delete_on_stop);
	assert_int_equal(got.ndisks, 2);
	assert_null(got.disks[0].base);
	assert_string_equal(got.disks[1].base, "/i/basedisk");
	assert_string_equal(got.disks[1].base_format, "raw");
	assert_string_equal(got.ssh.user, "lima");
	assert_string_equal(got.guest.iid, "iid-1");
}

/* What was loaded is written as it was, every row of every table. */
TEST(what_is_loaded_is_saved)
{
	struct launch l = sample();
	auto_free char *once = launch_text(&l), *twice = NULL;
	AUTO(launch) got = { 0 };
	struct error err;

	l.ssh.address = "127.0.0.1";
	l.guest.install_prefix = "/usr/local";
	l.stop_timeout_ms = 180000;
	free(once);
	once = launch_text(&l);
	ok(launch_parse(&got, once, strlen(once), &err));
	twice = launch_text(&got);
	assert_string_equal(once, twice);
}

/* each is the sample with one piece of text exchanged */
TEST(strangers_are_checked)
{
	static const struct {
		const char *from, *to, *says;
	} cases[] = {
		{ "\"version\":\t2", "\"version\":\t3", "version: not one that" },
		{ "\"version\":\t2", "\"version\":\t\"1\"", "version: not a whole number" },
		{ "\"dir\":\t\"/i\"", "\"dir\":\t\"i\"", "dir: not an absolute path" },
		{ "\"dir\":\t\"/i\"", "\"dir\":\t7", "dir: not a string" },
		{ "\"/usr/bin/qemu\"", "\"qemu\"", "argv: does not begin with the full path" },
		{ "\"/usr/bin/qemu\"", "3", "argv: an item is not a string" },
		{ "\"argv\"", "\"arguments\"", "argv: does not begin" },
		{ "\"port\":\t60022", "\"port\":\t65536", "port: not a whole number" },
		{ "\"port\":\t60022", "\"port\":\t22.5", "port: not a whole number" },
		{ "\"port\":\t60022", "\"port\":\t-1", "port: not a whole number" },
		{ "\"port\":\t60022", "\"x\":\t1", "port: missing" },
		{ "\"guest\":\t{", "\"guest\":\t3,\"x\":\t{", "guest: missing, or not an object" },
		{ "\"probes\":\t[", "\"probes\":\t3,\"x\":\t[", "probes: not a list" },
		{ "\"pidfile\":\t\"/i/qemu.pid\"", "\"x\":\t1", "pidfile: not an absolute path" },
		{ "\"port\":\t20053", "\"port\":\t65536", "port: not a whole number" },
		{ "\"hosts\":\t[", "\"hosts\":\t3,\"x\":\t[", "hosts: not a list" },
		{ "\"baseFormat\"", "\"x\"", "disks: a base without its format" },
		{ "\"path\":\t\"/i/disk\"", "\"path\":\t\"disk\"", "path: not an absolute path" },
		{ "\"agentSocket\":\t\"/i", "\"agentSocket\":\t\"i", "agentSocket: not an absolute path" },
		{ "\"capabilities\":\t34", "\"capabilities\":\t-34", "capabilities: not a whole number" },
		{ "\"name\":\t\"swtpm\"", "\"name\":\t\"a/b\"", "companions: one without a name" },
		{ "\"value\":\t\"a.test\"", "\"value\":\t1", "value: not a string" },
		{ "\"bootTimeoutMs\":\t1234", "\"bootTimeoutMs\":\t1e30", "bootTimeoutMs: not a whole number" },
	};
	struct launch l = sample();
	auto_free char *text = launch_text(&l);
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *at = strstr(text, cases[i].from);
		AUTO(launch) got = { 0 };
		AUTO(buf) b = BUF_INIT;

		if (!at)
			fail_msg("'%s' is not in the sample", cases[i].from);
		buf_add(&b, text, (size_t)(at - text));
		buf_adds(&b, cases[i].to);
		buf_adds(&b, at + strlen(cases[i].from));
		not_ok(launch_parse(&got, b.s, b.len, &err), cases[i].says);
	}
}

TEST(every_cut_is_refused)
{
	struct launch l = sample();
	auto_free char *text = launch_text(&l);
	size_t len = strlen(text);
	struct error err;

	for (size_t i = 0; i < len; i++) {
		AUTO(launch) got = { 0 };
		auto_free char *cut = xstrndup(text, i);

		assert_int_equal(launch_parse(&got, cut, i, &err), -1);
	}
}

TEST(too_many_words)
{
	AUTO(launch) got = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct error err;

	buf_adds(&b, "{\"version\":2,\"dir\":\"/i\",\"machine\":{\"driver\":\"qemu\",\"pidfile\":\"/p\",\"control\":\"/c\",\"argv\":[\"/q\"]}}");
	not_ok(launch_parse(&got, b.s, b.len, &err), "ssh: missing, or not an object");
	buf_truncate(&b, b.len - strlen("]}}"));
	for (int i = 0; i < 5000; i++)
		buf_adds(&b, ",\"x\"");
	buf_adds(&b, "]},\"ssh\":{},\"guest\":{}}");
	not_ok(launch_parse(&got, b.s, b.len, &err), "argv: too many items");
}
