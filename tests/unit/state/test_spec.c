/* From lima.yaml to the typed spec: every kind of key, layers, stamps, what the driver refuses. */
#include <unistd.h>

#include "state/desired/spec/host.h"
#include "state/desired/spec/keys.h"
#include "state/desired/spec/spec.h"
#include "tests/unit/test.h"

static struct buf told = BUF_INIT;

static void
hear(void *ctx, const char *text)
{
	(void)ctx;
	buf_addf(&told, "%s\n", text);
}

static struct host host = {
	.os = "Linux", .arch = "x86_64", .cpus = 3, .memory_bytes = (uint64_t)5 << 30, .user = "ann", .host_user = "ann", .comment = "Ann B.",
	.home = "/home/ann", .uid = 501, .host_uid = 501, .timezone = "Europe/Rome", .machine_id = "0123", .tmp = "/tmp",
};
static const char *const drivers[] = { "qemu", NULL };
static struct spec_opts opts;

static void
begin(void)
{
	if (!opts.home)
		opts = (struct spec_opts){ .home = test_path("lima"), .version = "2.2.0", .warn = hear, .host = &host, .drivers = drivers };
	buf_truncate(&told, 0);
	for (int i = 0; i < 8; i++) {
		static const char *const proxies[] = { "ftp_proxy", "http_proxy", "https_proxy", "no_proxy", "FTP_PROXY", "HTTP_PROXY", "HTTPS_PROXY",
						       "NO_PROXY" };
		unsetenv(proxies[i]);
	}
}

static struct spec *
load(const char *yaml)
{
	struct spec *s = NULL;
	struct error err;

	begin();
	ok(spec_load(&s, "dev_1", "lima.yaml", yaml, strlen(yaml), &opts, &err));
	return s;
}

static void
complains(const char *yaml, const char *text)
{
	struct spec *s;
	struct error err;

	begin();
	if (spec_load(&s, "dev_1", "lima.yaml", yaml, strlen(yaml), &opts, &err) == 0)
		fail_msg("%s: accepted", yaml);
	if (!strstr(told.s, text))
		fail_msg("%s: '%s' is not in\n%s", yaml, text, told.s);
}

static void
put(const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", opts.home, name);
	auto_free char *parent = xstrdup(path);
	struct error err;

	*strrchr(parent, '/') = '\0';
	ok(fs_mkdirs(parent, 0755, &err));
	ok(fs_write(path, text, strlen(text), 0644, &err));
}

static void
take_away(const char *name)
{
	auto_free char *path = xasprintf("%s/%s", opts.home, name);

	unlink(path);
}

#define IMAGE "images: [{location: ~/x.img}]\n"

TEST(defaults)
{
	struct spec *s = load(IMAGE);

	assert_string_equal(s->name, "dev_1");
	assert_string_equal(s->hostname, "lima-dev-1");
	assert_string_equal(s->vm_type, "qemu");
	assert_string_equal(s->os, "Linux");
	assert_int_equal(s->cpus, 3);
	assert_true(s->memory_bytes == (uint64_t)5 << 29);
	assert_true(s->disk_bytes == (uint64_t)100 << 30);
	assert_string_equal(s->mount_type, "9p");
	assert_string_equal(s->images[0].image.location, "/home/ann/x.img");
	assert_string_equal(s->images[0].image.arch, "x86_64");
	assert_string_equal(s->user.home, "/home/ann.guest");
	assert_int_equal(s->user.uid, 501);
	assert_true(s->user.passwordless_sudo && s->containerd.user && !s->containerd.system && s->resolver.enabled);
	assert_int_equal(s->containerd.narchives, 2);
	assert_string_equal(s->message, "");
	assert_string_equal(s->vnc_display, "");
	assert_string_equal(s->timezone, "Europe/Rome");
	spec_free(s);
}

TEST(lists_of_everything)
{
	struct spec *s = load(IMAGE
		"additionalDisks: [data, {name: x, format: false, fsType: swap, fsArgs: [-f, a]}]\n"
		"mounts: [{location: /srv/../a, mountPoint: '{{.Home}}/a', writable: true, 9p: {msize: 1MiB}}]\n"
		"provision: [{mode: data, path: /x, content: c, permissions: '0600'}, {mode: yq, path: /y, expression: .a}, {script: PARAM_p}]\n"
		"probes: [{script: '#!/bin/sh', hint: h}]\n"
		"portForwards: [{guestPort: 80}, {guestSocket: /g, hostSocket: h, proto: tcp}, {guestPortRange: [5, 9], hostIP: 0.0.0.0}]\n"
		"copyToHost: [{guest: /g, host: /h, deleteOnStop: true}]\n"
		"env: {B: 2, A: 1}\nparam: {p: '1'}\ncaCerts: {files: [f, g, f]}\nhostResolver: {hosts: {b.x: 1.2.3.4, a.x: b.x}}\n");

	assert_int_equal(s->ndisks, 2);
	assert_true(s->disks[0].format && !s->disks[1].format);
	assert_string_equal(s->disks[0].fs_type, "");
	assert_string_equal(s->disks[1].fs_args[1], "a");
	assert_string_equal(s->mounts[0].location, "/a");
	assert_string_equal(s->mounts[0].mount_point, "/home/ann.guest/a");
	assert_int_equal(s->mounts[0].p9.msize_bytes, 1 << 20);
	assert_string_equal(s->mounts[0].p9.cache, "mmap");
	assert_int_equal(strlen(s->mounts[0].tag), 21);
	assert_int_equal(s->provision[0].mode, PROVISION_DATA);
	assert_true(s->provision[0].overwrite);
	assert_string_equal(s->provision[0].owner, "root:root");
	assert_string_equal(s->provision[0].permissions, "0600");
	assert_int_equal(s->provision[1].mode, PROVISION_YQ);
	assert_string_equal(s->provision[1].format, "auto");
	assert_int_equal(s->provision[2].mode, PROVISION_SYSTEM);
	assert_string_equal(s->provision[2].path, "");
	assert_string_equal(s->probes[0].description, "user probe 1/1");
	assert_int_equal(s->forwards[0].guest_port[1], 80);
	assert_int_equal(s->forwards[0].host_port[0], 80);
	assert_int_equal(s->forwards[1].guest_port[0], 0);
	assert_int_equal(s->forwards[1].host_port[1], 0);
	assert_int_equal(s->forwards[1].proto, PROTO_TCP);
	assert_non_null(strstr(s->forwards[1].host_socket, "/dev_1/sock/h"));
	assert_int_equal(s->forwards[2].host_port[1], 9);
	assert_string_equal(s->forwards[2].host_ip, "0.0.0.0");
	assert_true(s->copies[0].delete_on_stop && !s->copies[0].skip_if_missing);
	assert_string_equal(s->env[0].key, "A");
	assert_string_equal(s->env[1].value, "2");
	assert_string_equal(s->resolver.hosts[0].key, "a.x");
	assert_int_equal(s->ca.nfiles, 2);
	spec_free(s);
}

TEST(images_that_fit)
{
	struct spec *s = load("arch: aarch64\nimages:\n- {location: /1, arch: x86_64}\n- {location: /2, variant: v, kernel: {location: /k, cmdline: c}}\n"
			      "- {location: /3}\n- {location: https://x/4, variant: v, arch: aarch64}\n");

	assert_int_equal(s->nimages, 2);
	assert_string_equal(s->images[0].image.location, "/2");
	assert_true(s->images[0].has_kernel && !s->images[0].has_initrd);
	assert_string_equal(s->images[0].cmdline, "c");
	assert_string_equal(s->images[1].image.location, "https://x/4");
	assert_string_equal(s->images[1].cmdline, "");
	spec_free(s);
}

TEST(driver_options)
{
	struct spec *s = load(IMAGE "cpuType: {x86_64: old}\nvmOpts: {qemu: {cpuType: {x86_64: new}, minimumVersion: 8.2.0}}\n"
			      "mountTypesUnsupported: [9p]\n");

	assert_string_equal(s->cpu_type, "new");
	assert_string_equal(s->minimum_version, "8.2.0");
	assert_string_equal(s->mount_type, "reverse-sshfs");
	assert_non_null(strstr(told.s, "cpuType: deprecated; use `vmOpts.qemu.cpuType`"));
	spec_free(s);
}

TEST(layers)
{
	struct spec *s;

	begin();
	put("_config/default.yaml", "cpus: 1\nmemory: 1GiB\nenv: {A: d, B: d}\nmounts: [{location: /d, writable: true}]\ndns: [1.1.1.1]\n");
	put("_config/override.yaml", "cpus: 4\nenv: {A: o}\nmounts: [{location: /y, writable: true}]\nhostResolver: {enabled: false}\n");
	s = load(IMAGE "cpus: 2\nenv: {A: y}\nmounts: [{location: /y}]\n");
	assert_int_equal(s->cpus, 4);
	assert_true(s->memory_bytes == (uint64_t)1 << 30);
	assert_string_equal(s->env[0].value, "o");
	assert_string_equal(s->env[1].value, "d");
	assert_int_equal(s->nmounts, 2);
	assert_string_equal(s->mounts[1].location, "/y");
	assert_true(s->mounts[1].writable);
	assert_string_equal(s->mounts[1].p9.cache, "mmap");
	assert_string_equal(s->dns[0], "1.1.1.1");
	spec_free(s);
	put("_config/override.yaml", "cpus: [1]\n");
	complains(IMAGE, "/_config/override.yaml:1:7: cpus: must be an integer, got a list");
	take_away("_config/default.yaml");
	take_away("_config/override.yaml");
}

TEST(proxies)
{
	struct spec *s;
	const char *text = IMAGE "env: {HTTP_PROXY: 'http://localhost:3128', https_proxy: '', no_proxy: x, OTHER: y}\n";

	s = load(text);
	assert_int_equal(s->nenv, 5);
	assert_string_equal(s->env[0].key, "HTTP_PROXY");
	assert_string_equal(s->env[0].value, "http://192.168.5.2:3128");
	assert_string_equal(s->env[3].key, "http_proxy");
	assert_string_equal(s->env[3].value, "http://192.168.5.2:3128");
	spec_free(s);
	begin();
	setenv("https_proxy", "http://u:p@[::1]:8/x", 1);
	{
		struct error err;

		ok(spec_load(&s, "a", "lima.yaml", text, strlen(text), &opts, &err));
	}
	assert_int_equal(s->nenv, 7);
	assert_string_equal(s->env[0].key, "HTTPS_PROXY");
	assert_string_equal(s->env[0].value, "http://u:p@192.168.5.2:8/x");
	spec_free(s);
	unsetenv("https_proxy");
	/* names that this host has for itself */
	static const char table[] = "127.0.0.1 localhost\n127.0.1.1\tmyhost my.lan # other\n10.0.0.1 other\n";
	auto_free char *hosts = test_file("hosts", table, strlen(table));
	host.hosts_file = hosts;
	s = load(IMAGE "env: {http_proxy: 'http://MyHost:1', https_proxy: 'http://other:1', ftp_proxy: 'http://my.lan/'}\n");
	for (size_t i = 0; i < s->nenv; i++)
		if (!strcmp(s->env[i].key, "http_proxy"))
			assert_string_equal(s->env[i].value, "http://192.168.5.2:1");
		else if (!strcmp(s->env[i].key, "https_proxy"))
			assert_string_equal(s->env[i].value, "http://other:1");
		else if (!strcmp(s->env[i].key, "ftp_proxy"))
			assert_string_equal(s->env[i].value, "http://192.168.5.2/");
	spec_free(s);
	host.hosts_file = NULL;
}

TEST(all_complaints_at_once)
{
	complains("cpus: x\nmemory: 1QiB\nssh: {localPort: 22}\nmounts: [{location: a}]\n", "lima.yaml:1:7: cpus: must be an integer, got `x`");
	assert_non_null(strstr(told.s, "lima.yaml:2:9: memory: "));
	assert_non_null(strstr(told.s, "lima.yaml:3:18: ssh.localPort: must not be 22"));
	assert_non_null(strstr(told.s, "lima.yaml:4:21: mounts[0].location: must be an absolute path, got `a`"));
	assert_non_null(strstr(told.s, "images: must be set"));
}

TEST(hints)
{
	complains(IMAGE "cpu: 1\nplain: yes\n", "cpu: unknown key, ignored (did you mean `cpus`?)");
	assert_non_null(strstr(told.s, "write `true`"));
	complains(IMAGE "localPort: 1\nos: linux\n", "there is `ssh.localPort`");
	assert_non_null(strstr(told.s, "os: must be `Linux`, `Darwin`, `FreeBSD` or `Windows`, got `linux` (did you mean `Linux`?)"));
	complains(IMAGE "vmType: qemuu\n", "(did you mean `qemu`?)");
	complains(IMAGE "networks: [{lima: user-v3}]\n", "(did you mean `user-v2`?)");
	complains(IMAGE "mounts: [{location: ~}]\n", "an unquoted ~ is null in YAML");
	complains(IMAGE "plain: \"true\"\n", "without quotes");
}

TEST(many_complaints_are_cut_short)
{
	AUTO(buf) b = BUF_INIT;
	size_t lines = 0;

	buf_adds(&b, IMAGE "mounts:\n");
	for (int i = 0; i < 900; i++)
		buf_adds(&b, "- {location: x, foo: 1}\n");
	complains(b.s, "mounts[0].location");
	for (const char *p = told.s; *p; p++)
		lines += *p == '\n';
	assert_true(lines <= 202);
	buf_truncate(&b, 0);
	buf_adds(&b, "mounts:\n");
	for (int i = 0; i < 1001; i++)
		buf_adds(&b, "- {location: /x}\n");
	complains(b.s, "has more than 1000 items");
}

/* What the manual says of a key. */
static void
wants_facts(void *ctx, const char *path, const struct key *k)
{
	bool named = k->type == KEY_TEXT || k->type == KEY_GROUP || k->type == KEY_LIST;

	++*(size_t *)ctx;
	if (k->make && !named && k->type <= KEY_PORTS && !key_default_text(k))
		fail_msg("%s: its default is made, and the row does not tell what it is (.usual)", path);
	if (!key_change_word(k->change) || strpbrk(key_change_word(k->change), " ,"))
		fail_msg("%s: what a change costs is not one word", path);
}

TEST(every_key_tells_its_default_and_its_price)
{
	size_t n = 0;

	key_each(wants_facts, &n);
	assert_true(n > 100);
	assert_string_equal(key_change_word(key_find("cpus")->change), "restart");
	assert_string_equal(key_change_word(key_find("portForwards")->change), "live");
	assert_string_equal(key_change_word(key_find("images")->change), "reset");
	assert_string_equal(key_default_text(key_find("disk")), "100GiB");
	assert_string_equal(key_default_text(key_find("user.shell")), "/bin/bash");
	assert_string_equal(key_default_text(key_find("portForwards.static")), "false");
	assert_null(key_default_text(key_find("message")));
}

TEST(the_driver_has_a_word)
{
	static const char *const cases[][2] = {
		{ IMAGE "mountType: wsl2\n", "lima.yaml:2:12: mountType: must be `reverse-sshfs`, `9p` or `virtiofs`" },
		{ IMAGE "user: {name: root}\n", "user.name: must not be `root`" }, { IMAGE "user: {uid: 0}\n", "user.uid: must not be 0" },
		{ IMAGE "user: {name: \"a b\"}\n", "lima.yaml:2:14: user.name: a guest can have no user `a b`: only letters" },
		{ IMAGE "user: {name: Bob/x}\n", "user.name: a guest can have no user `Bob/x`: only letters" },
		{ IMAGE "user: {name: 0day}\n", "user.name: a guest can have no user `0day`: a name begins with" },
		{ IMAGE "user: {name: -x}\n", "user.name: a guest can have no user `-x`: a name begins with" },
		{ IMAGE "user: {name: a23456789012345678901234567890123}\n", "user.name: a guest can have no user `a23456789012345678901234567890123`: a "
		  "name has at most 32 characters, this one has 33" },
		{ IMAGE "user: {name: sshd}\n", "user.name: must not be `sshd`" }, { IMAGE "user: {name: users}\n", "user.name: must not be `users`" },
		{ IMAGE "user: {uid: 65534}\n", "lima.yaml:2:13: user.uid: must not be 65534" },
		{ IMAGE "user: {comment: \"a:b\"}\n", "lima.yaml:2:17: user.comment: must not have a `:`" },
		{ IMAGE "user: {home: here}\n", "lima.yaml:2:14: user.home: must be an absolute path" },
		{ IMAGE "user: {home: \"/a:b\"}\n", "user.home: must be an absolute path without a `:`" },
		{ IMAGE "vmType: vz\n", "vmType: unknown or unsupported VM type" },
		{ "images: [{location: /x, arch: aarch64}]\n", "images: none is for arch `x86_64`; there are images for `aarch64`" },
		{ IMAGE "vmOpts: {qemu: {minimumVersion: new}}\n", "vmOpts.qemu.minimumVersion: must be a semantic version" },
		{ IMAGE "mounts: [{location: /x, mountPoint: y}]\n", "mounts[0].mountPoint: must be an absolute path" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct spec *s = load(cases[i][0]);
		struct error err = { 0 };

		buf_truncate(&told, 0);
		assert_int_equal(spec_check_driver(s, &opts, &err), -1);
		if (!strstr(told.s, cases[i][1]))
			fail_msg("'%s' is not in '%s'", cases[i][1], told.s);
		spec_free(s);
	}
}

TEST(instances_and_stamps)
{
	auto_free char *common = NULL, *one = NULL, *two = NULL, *three = NULL;
	auto_free char *none = NULL;
	struct spec *s;
	struct error err;

	begin();
	put("vm/lima.yaml", IMAGE);
	ok(spec_load_instance(&s, "vm", &opts, &err));
	one = spec_stamp("vm", &opts, &common);
	assert_string_equal(s->stamp, one);
	spec_free(s);
	two = spec_stamp("vm", &opts, &common);
	assert_string_equal(one, two);
	put("vm/lima.yaml", IMAGE "cpus: 1\n");
	three = spec_stamp("vm", &opts, &common);
	assert_string_not_equal(one, three);
	free(common);
	common = NULL;
	put("_config/default.yaml", "cpus: 1\n");
	free(two);
	two = spec_stamp("vm", &opts, &common);
	assert_string_not_equal(two, three);
	take_away("_config/default.yaml");
	none = spec_stamp("none", &opts, &common);
	assert_null(none);
	not_ok(spec_load_instance(&s, "none", &opts, &err), "lima.yaml");
	assert_int_equal(err.code, 2);
	not_ok(spec_load_instance(&s, "../vm", &opts, &err), "not a valid identifier");
	s = spec_bare("x.y", &opts);
	assert_string_equal(s->hostname, "lima-x-y");
	assert_string_equal(s->user.home, "");
	spec_free(s);
}

TEST(old_instances_keep_their_home)
{
	struct spec *s;
	struct error err;

	begin();
	put("old/lima.yaml", IMAGE);
	put("old/disk", "x");
	put("old/lima-version", "0.23.2\n");
	ok(spec_load_instance(&s, "old", &opts, &err));
	assert_string_equal(s->user.home, "/home/ann.linux");
	assert_string_equal(s->mount_type, "reverse-sshfs");
	spec_free(s);
}

static void
look_at_row(void *ctx, const char *path, const struct key *k)
{
	size_t *n = ctx;

	++*n;
	if (!k->about || !*k->about)
		fail_msg("%s has no description", path);
	if (key_find(path) != k)
		fail_msg("%s is not found by its path", path);
	if (k->type == KEY_LIST && k->at && !k->size)
		fail_msg("%s has no item size", path);
	assert_true(strlen(path) < 120);
}

TEST(the_table)
{
	size_t n = 0;

	key_each(look_at_row, &n);
	assert_true(n > 150);
	assert_ptr_equal(key_find("mounts[3].sshfs.cache"), key_find("mounts.sshfs.cache"));
	assert_string_equal(key_find("env.FOO")->name, "env");
	assert_null(key_find("nothing"));
	assert_null(key_find("ssh.nothing"));
}

/* found by comparing with upstream's program on generated files */
TEST(details_that_upstream_has)
{
	struct spec *s = load(IMAGE "containerd: {user: false, archives: [{location: ''}, {location: /x, digest: bad}]}\n");

	spec_free(s);
	/* what is blank in a higher layer covers the lower ones, and means the default */
	put("_config/override.yaml", "memory: ''\ncpus: 0\n");
	s = load(IMAGE "memory: 1GiB\ncpus: 2\n");
	take_away("_config/override.yaml");
	assert_int_equal(s->cpus, 3);
	assert_true(s->memory_bytes == (uint64_t)5 << 29);
	spec_free(s);
	s = load(IMAGE "provision: [{mode: yq, path: /a, expression: '', content: c, overwrite: true}, {mode: data, path: /b, format: x},"
		 " {script: x, expression: e, playbook: ''}]\nportForwards: [{guestPort: 80, hostIP: '', guestIP: ''}]\n");
	assert_non_null(strstr(told.s, "provision[0].content: does nothing when mode is `yq`; it is for `data`"));
	assert_non_null(strstr(told.s, "provision[2].expression: does nothing when mode is `system`"));
	assert_string_equal(s->forwards[0].host_ip, "127.0.0.1");
	spec_free(s);
	complains(IMAGE "provision: [{mode: system, script: x, content: c}]\n", "provision[0].content: can only be set when mode is `data`");
	/* values that are not ours to understand are printed as what they mean */
	s = load(IMAGE "vmOpts: {a: {b: 1.0, c: 1e3, d: yes, e: 0x10, f: 1.50, g: ~, h: '1'}}\n");
	{
		AUTO(buf) yaml = BUF_INIT;

		spec_yaml(s, &yaml);
		assert_non_null(strstr(yaml.s, "    b: 1.0\n    c: 1e3\n"));
		assert_non_null(strstr(yaml.s, "    e: 16\n    f: 1.5\n    g: null\n    h: \"1\"\n"));
	}
	spec_free(s);
}

/* QEMU and cloud-init know one of the three ways to write an address. */
TEST(hardware_addresses_are_written_with_colons)
{
	struct spec *s = load(IMAGE "networks:\n- {socket: /s, macAddress: 5255.5512.3456}\n- {socket: /s, macAddress: 52-55-55-AB-34-57}\n"
				    "- {socket: /s, macAddress: \"52:55:55:AB:34:58\"}\n");

	assert_string_equal(s->networks[0].mac_address, "52:55:55:12:34:56");
	assert_string_equal(s->networks[1].mac_address, "52:55:55:ab:34:57");
	assert_string_equal(s->networks[2].mac_address, "52:55:55:AB:34:58");
	spec_free(s);
}
