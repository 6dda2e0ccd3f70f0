/*
 * What is on cidata.iso, for ordinary and for hostile values: nothing that somebody
 * writes into lima.yaml may become another variable, key or command.
 */
#include "resources/cidata_files.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <utime.h>

#include "base/proc.h"
#include "base/quote/quote.h"
#include "state/desired/spec/spec.h"
#include "tests/unit/test.h"

#define IMAGE "images: [{location: /nowhere/disk, arch: x86_64}]\narch: x86_64\ncontainerd: {system: false, user: false}\n" \
	      "user: {name: joe, uid: 1000, comment: Joe, home: /home/joe}\ntimezone: Europe/Berlin\n"

struct world {
	struct env env;
	struct spec *spec;
	struct cidata c;
};

static void
warn(void *ctx, const char *text)
{
	(void)ctx, (void)text;
}

static void
render(struct world *w, const char *yaml)
{
	char *home = test_path("home"), *share = test_path("share");
	struct spec_opts opts = { .home = home, .version = "2.2.0", .warn = warn };
	struct error err;

	test_put(home, "_config/user.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJB0B8r3vj+l4FCDSWzQQApAqjeJQ3OJKxHNhCmFMHwC lima\n");
	test_put(share, "cidata/boot.sh", "#!/bin/sh\n");
	test_put(share, "cidata/list", "0a9fd2e4a3ae3e2d5f6c7b8a99887766554433221100ffeeddccbbaa99887766  boot.sh\n");
	test_put(share, "yq/x86_64/list", "0a9fd2e4a3ae3e2d5f6c7b8a99887766554433221100ffeeddccbbaa99887766  lima-yq\n");
	*w = (struct world){ .env = { .home = home, .share = share, .version = "2.2.0" } };
	ok(spec_load(&w->spec, "i", "i.yaml", yaml, strlen(yaml), &opts, &err));
	ok(cidata_render(&w->c, &w->env, w->spec, NULL, &err));
}

static void
done(struct world *w)
{
	cidata_release(&w->c);
	spec_free(w->spec);
	free((char *)w->env.home);
	free((char *)w->env.share);
}

static const struct iso_file *
find(const struct world *w, const char *path)
{
	for (size_t i = 0; i < w->c.n; i++)
		if (!strcmp(w->c.v[i].path, path))
			return &w->c.v[i];
	return NULL;
}

static const char *
text(const struct world *w, const char *path)
{
	const struct iso_file *f = find(w, path);

	if (!f)
		fail_msg("%s is not on the ISO", path);
	return f->data;
}

static void
has(const struct world *w, const char *path, const char *part)
{
	if (!strstr(text(w, path), part))
		fail_msg("%s: no '%s' in:\n%s", path, part, text(w, path));
}

static void
has_not(const struct world *w, const char *path, const char *part)
{
	if (strstr(text(w, path), part))
		fail_msg("%s: there is '%s' in:\n%s", path, part, text(w, path));
}

/* user-data as cloud-init's own reader takes it, as JSON; `expr` is what of it is printed */
static char *
read_back(const struct world *w, const char *expr)
{
	auto_free char *path = test_file("user-data", text(w, "user-data"), strlen(text(w, "user-data")));
	auto_free char *code = xasprintf("import json, sys, yaml\nd = yaml.safe_load(open(sys.argv[1], 'rb'))\nprint(json.dumps([%s][0] if len([%s]) == 1 else [%s]))",
					 expr, expr, expr);
	const char *argv[] = { "python3", "-c", code, path, NULL };
	AUTO(buf) out = BUF_INIT;
	struct error err;

	ok(proc_run(argv, &(struct proc_opts){ .out = &out }, &err));
	return buf_detach(&out);
}

static void
reads_back(const struct world *w, const char *expr, const char *json)
{
	auto_free char *got = read_back(w, expr);

	got[strcspn(got, "\n")] = '\0';
	assert_string_equal(got, json);
}

TEST(every_documented_file_is_there)
{
	struct world w;

	render(&w, IMAGE);
	for (const char *const *p = (const char *const[]){ "user-data", "meta-data", "network-config", "lima.env", "param.env",
							    "etc_environment", "boot.sh", NULL }; *p; p++)
		assert_non_null(find(&w, *p));
	assert_int_equal(find(&w, "param.env")->len, 0);
	assert_string_equal(text(&w, "etc_environment"), "#LIMA-START\n#LIMA-END\n");
	done(&w);
}

TEST(every_documented_variable_is_there)
{
	static const char *const names[] = {
		"DEBUG=false", "IID=iid-", "NAME=i", "USER=joe", "UID=1000", "COMMENT=Joe", "HOME=/home/joe", "SHELL=/bin/bash",
		"HOSTHOME_MOUNTPOINT=", "MOUNTS=0", "MOUNTTYPE=9p", "DISKS=2", "DISK_0_NAME=a", "DISK_0_DEVICE=vdb",
		"DISK_0_FORMAT=true", "DISK_0_FSTYPE=", "DISK_0_FSARGS=", "DISK_1_NAME=b", "DISK_1_DEVICE=vdc",
		"DISK_1_FORMAT=false", "DISK_1_FSTYPE=xfs", "DISK_1_FSARGS=-i size=512", "DATAFILE_00000001_OVERWRITE=false",
		"DATAFILE_00000001_OWNER=joe:joe", "DATAFILE_00000001_PATH=/etc/x", "DATAFILE_00000001_PERMISSIONS=600",
		"YQ_PROVISION_00000002_FORMAT=json", "YQ_PROVISION_00000002_OWNER=root:root", "YQ_PROVISION_00000002_PATH=/etc/y",
		"YQ_PROVISION_00000002_PERMISSIONS=644", "GUEST_INSTALL_PREFIX=/usr/local", "UPGRADE_PACKAGES=",
		"CONTAINERD_USER=", "CONTAINERD_SYSTEM=", "SLIRP_DNS=192.168.5.3", "SLIRP_GATEWAY=192.168.5.2",
		"SLIRP_IP_ADDRESS=192.168.5.15", "UDP_DNS_LOCAL_PORT=", "TCP_DNS_LOCAL_PORT=", "ROSETTA_ENABLED=false",
		"ROSETTA_BINFMT=false", "SKIP_DEFAULT_DEPENDENCY_RESOLUTION=1", "VMTYPE=qemu", "VSOCK_PORT=0", "VIRTIO_PORT=io.lima-vm.guest_agent.0",
		"PLAIN=", "NO_CLOUD_INIT=", "PASSWORDLESS_SUDO=1",
	};
	struct world w;

	render(&w, IMAGE "additionalDisks: [a, {name: b, format: false, fsType: xfs, fsArgs: [-i, size=512]}]\n"
			 "provision:\n- {mode: dependency, skipDefaultDependencyResolution: true, script: 'true'}\n"
			 "- {mode: data, overwrite: false, owner: 'joe:joe', path: /etc/x, permissions: '600', content: hello}\n"
			 "- {mode: yq, format: json, path: /etc/y, expression: .a = 1}\n");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_free char *at = xasprintf("LIMA_CIDATA_%s", names[i]);
		auto_free char *later = xasprintf("\n%s", at);

		if (strncmp(text(&w, "lima.env"), at, strlen(at)) != 0)
			has(&w, "lima.env", later);
	}
	has_not(&w, "lima.env", "CONTAINERD_ARCHIVE");
	assert_string_equal(text(&w, "provision.dependency/00000000"), "true");
	assert_string_equal(text(&w, "provision.data/00000001"), "hello");
	assert_string_equal(text(&w, "provision.yq/00000002"), ".a = 1");
	assert_non_null(find(&w, "yq/lima-yq"));
	done(&w);
}

TEST(containerd_has_its_archive)
{
	struct world w;

	render(&w, "images: [{location: /nowhere/disk, arch: x86_64}]\narch: x86_64\ncontainerd: {system: true, user: false, archives: "
		   "[{location: 'https://x/full.tgz', arch: x86_64}]}\n");
	has(&w, "lima.env", "\nLIMA_CIDATA_CONTAINERD_ARCHIVE=nerdctl-full.tgz\n");
	has(&w, "lima.env", "\nLIMA_CIDATA_CONTAINERD_SYSTEM=1\n");
	assert_null(find(&w, "nerdctl-full.tgz"));
	cidata_release(&w.c);
	struct error err;
	ok(cidata_render(&w.c, &w.env, w.spec, "/cache/data", &err));
	assert_string_equal(find(&w, "nerdctl-full.tgz")->host_path, "/cache/data");
	done(&w);
}

/* A line break in a value would begin another variable. */
TEST(no_value_makes_another_variable)
{
	struct world w;

	render(&w, "images: [{location: /nowhere/disk, arch: x86_64}]\narch: x86_64\n"
		   "user: {name: joe, uid: 1000, comment: \"x LIMA_CIDATA_UID=0\"}\n"
		   "env: {A: \"b\\tc\\nLD_PRELOAD=/evil.so\"}\n");
	has(&w, "lima.env", "\nLIMA_CIDATA_COMMENT=x LIMA_CIDATA_UID=0\n");
	has(&w, "lima.env", "\nLIMA_CIDATA_UID=1000\n");
	has_not(&w, "lima.env", "\nLIMA_CIDATA_UID=0");
	has(&w, "etc_environment", "\nA=b\tcLD_PRELOAD=/evil.so\n");
	done(&w);
}

TEST(values_are_passed_as_they_are)
{
	struct world w;

	render(&w, IMAGE "param: {K: 'v: $x `y` \"z\" #'}\nenv: {Q: \"it's \\\"q\\\" $(id)\"}\n"
			 "provision:\n- {mode: system, script: \"echo $PARAM_K\"}\n");
	assert_string_equal(text(&w, "param.env"), "PARAM_K=v: $x `y` \"z\" #\n");
	has(&w, "etc_environment", "\nQ=it's \"q\" $(id)\n");
	done(&w);
}

TEST(user_data_is_one_document_whatever_is_in_it)
{
	struct world w;

	render(&w, "images: [{location: /nowhere/disk, arch: x86_64}]\narch: x86_64\nparam: {K: 'it''s: #1'}\n"
		   "user: {name: joe, uid: 1234, comment: \"a: \\\"b\\\" \\\\ - c # \\u2028 \\u00e9 \\U0001F600\", home: \"/home/j o'e\"}\n"
		   "provision:\n- {mode: boot, script: \"echo '$PARAM_K'\\n\\ttab: \\\"q\\\"\\nexit 3\\n\"}\n");
	reads_back(&w, "d['users'][0]['name'], d['users'][0]['uid'], d['users'][0]['homedir']", "[\"joe\", 1234, \"/home/j o'e\"]");
	/* no colon and no control character: useradd would refuse it */
	reads_back(&w, "d['users'][0]['gecos']", "\"a  \\\"b\\\" \\\\ - c # \\u2028 \\u00e9 \\ud83d\\ude00\"");
	reads_back(&w, "d['bootcmd'][1]", "[\"env\", \"PARAM_K=it's: #1\", \"/bin/sh\", \"-c\", "
					  "\"echo '$PARAM_K'\\n\\ttab: \\\"q\\\"\\nexit 3\\n\"]");
	reads_back(&w, "len(d['bootcmd']), len(d['users']), d['ssh_genkeytypes']", "[3, 1, [\"ed25519\", \"ecdsa\"]]");
	has(&w, "user-data", "#cloud-config\n# vim:syntax=yaml\n");
	done(&w);
}

TEST(the_user_and_his_sudo)
{
	struct world w;

	render(&w, IMAGE);
	reads_back(&w, "[d['users'][0][k] for k in ('sudo', 'lock_passwd', 'shell')]", "[\"ALL=(ALL) NOPASSWD:ALL\", true, \"/bin/bash\"]");
	reads_back(&w, "d['users'][0]['ssh_authorized_keys']",
		   "[\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJB0B8r3vj+l4FCDSWzQQApAqjeJQ3OJKxHNhCmFMHwC lima\"]");
	/* what alpine-lima takes: from that name to a blank line */
	has(&w, "user-data", "    # ssh-authorized-keys\n      - \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJB0B8r3vj+l4FCDSWzQQApAqjeJQ3OJKxHNhCmFMHwC lima\"\n\n");
	done(&w);
	render(&w, "images: [{location: /nowhere/disk, arch: x86_64}]\narch: x86_64\nplain: true\n"
		   "user: {name: joe, uid: 1000, passwordlessSudo: false}\n");
	reads_back(&w, "[d['users'][0][k] for k in ('sudo', 'lock_passwd')]", "[\"ALL=(ALL) ALL\", false]");
	has(&w, "lima.env", "\nLIMA_CIDATA_PASSWORDLESS_SUDO=\n");
	done(&w);
}

TEST(mounts_are_rows)
{
	struct world w;

	render(&w, IMAGE "mountType: 9p\nmounts:\n- {location: /srv/a, mountPoint: \"/mnt/a b\", writable: true}\n- {location: /srv/c}\n");
	reads_back(&w, "[m[1:] for m in d['mounts']]",
		   "[[\"/mnt/a b\", \"9p\", \"rw,trans=virtio,version=9p2000.L,msize=131072,cache=mmap,nofail\", \"0\", \"0\"], "
		   "[\"/srv/c\", \"9p\", \"ro,trans=virtio,version=9p2000.L,msize=131072,cache=fscache,nofail\", \"0\", \"0\"]]");
	reads_back(&w, "d['mounts'][0][0][:5], len(d['mounts'][0][0])", "[\"lima-\", 21]");
	has(&w, "lima.env", "\nLIMA_CIDATA_MOUNTS=2\nLIMA_CIDATA_MOUNTS_0_MOUNTPOINT=/mnt/a b\nLIMA_CIDATA_MOUNTS_1_MOUNTPOINT=/srv/c\n");
	done(&w);
	/* ssh's are not cloud-init's business */
	render(&w, IMAGE "mountType: reverse-sshfs\nmounts: [{location: /srv/a}]\n");
	reads_back(&w, "'mounts' in d", "false");
	done(&w);
}

TEST(certificates_are_tidied_and_told_once)
{
	struct world w;
	auto_free char *file = test_file("ca.pem", "-----BEGIN\r\n\n  abc \n-----END\n", 29);
	auto_free char *yaml = xasprintf(IMAGE "caCerts:\n  removeDefaults: true\n  files: [%s]\n"
					       "  certs: [\"-----BEGIN\\nabc\\n\\n-----END\\n\", \"-----BEGIN\\ndef\\n-----END\"]\n", file);

	render(&w, yaml);
	reads_back(&w, "d['ca_certs']", "{\"remove_defaults\": true, \"trusted\": [\"-----BEGIN\\nabc\\n-----END\\n\", "
					"\"-----BEGIN\\ndef\\n-----END\\n\"]}");
	done(&w);
}

TEST(name_servers)
{
	struct world w;

	render(&w, IMAGE);
	has(&w, "network-config", "    nameservers:\n      addresses: [192.168.5.3]\n");
	reads_back(&w, "d['manage_resolv_conf'], d['resolv_conf']", "[true, {\"nameservers\": [\"192.168.5.3\"]}]");
	done(&w);
	render(&w, IMAGE "hostResolver: {enabled: false}\ndns: [1.1.1.1, 8.8.8.8]\n");
	has(&w, "network-config", "addresses: [1.1.1.1, 8.8.8.8]\n");
	done(&w);
	render(&w, IMAGE "hostResolver: {enabled: false}\n");
	has_not(&w, "network-config", "nameservers");
	reads_back(&w, "'resolv_conf' in d", "false");
	done(&w);
}

TEST(interfaces)
{
	struct world w;

	render(&w, IMAGE "networks: [{lima: user-v2, macAddress: '52:55:55:00:00:09', metric: 300}]\n");
	has(&w, "network-config", "version: 2\nethernets:\n  eth0:\n    match:\n      macaddress: '52:55:55:");
	has(&w, "network-config", "    dhcp4: true\n    set-name: eth0\n    dhcp4-overrides:\n      route-metric: 200\n    dhcp-identifier: mac\n");
	/* the first network of ours is that interface, and its gateway is the host and the name server */
	has_not(&w, "network-config", "lima0");
	has(&w, "network-config", "addresses: [192.168.104.2]");
	has(&w, "lima.env", "LIMA_CIDATA_SLIRP_GATEWAY=192.168.104.2\nLIMA_CIDATA_SLIRP_DNS=192.168.104.2\nLIMA_CIDATA_SLIRP_IP_ADDRESS=\n");
	has(&w, "lima.env", "LIMA_CIDATA_UDP_DNS_LOCAL_PORT=0\n");
	done(&w);
}

TEST(optional_interfaces_where_a_template_says_so)
{
	struct world w;

	render(&w, IMAGE "param: {internal_netplanOptional: 'true'}\n");
	has(&w, "network-config", "    set-name: eth0\n    optional: true\n    dhcp4-overrides:\n");
	done(&w);
}

/* cloud-init runs its per-instance modules again when the id changes: only for what they do. */
TEST(the_instance_id_changes_with_what_cloud_init_must_redo)
{
	static const struct { const char *yaml; bool same; } cases[] = {
		{ "", true },
		{ "env: {A: b}\n", true },
		{ "cpus: 2\nmemory: 1GiB\n", true },
		{ "param: {A: b}\nprovision: [{mode: system, script: 'echo $PARAM_A'}, {mode: boot, script: 'true'}]\n", true },
		{ "additionalDisks: [a]\n", true },
		{ "mounts: [{location: /srv/a}]\n", false },
		{ "caCerts: {certs: [x]}\n", false },
		{ "hostResolver: {enabled: false}\n", false },
		{ "upgradePackages: true\n", false },
	};
	struct world w;

	render(&w, IMAGE);
	auto_free char *id = xstrdup(w.c.iid);
	has(&w, "meta-data", "\nlocal-hostname: lima-i\n");
	has(&w, "meta-data", id);
	has(&w, "lima.env", id);
	done(&w);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *yaml = xasprintf("%s%s", IMAGE, cases[i].yaml);

		render(&w, yaml);
		if (!strcmp(w.c.iid, id) != cases[i].same)
			fail_msg("%s: the id is %s", cases[i].yaml, cases[i].same ? "another one" : "the same");
		done(&w);
	}
}

TEST(the_digest_knows_contents_from_tools)
{
	struct world w;

	render(&w, IMAGE);
	auto_free char *contents = xstrdup(w.c.contents), *tools = xstrdup(w.c.tools);
	struct error err;

	cidata_release(&w.c);
	w.env.debug = true;
	ok(cidata_render(&w.c, &w.env, w.spec, NULL, &err));
	assert_string_equal(w.c.contents, contents);
	assert_string_not_equal(w.c.tools, tools);
	has(&w, "lima.env", "LIMA_CIDATA_DEBUG=true\n");
	w.env.debug = false;

	cidata_release(&w.c);
	test_put(w.env.share, "cidata/list", "1111111111111111111111111111111111111111111111111111111111111111  boot.sh\n");
	ok(cidata_render(&w.c, &w.env, w.spec, NULL, &err));
	assert_string_equal(w.c.contents, contents);
	assert_string_not_equal(w.c.tools, tools);
	done(&w);

	render(&w, IMAGE "upgradePackages: true\n");
	assert_string_not_equal(w.c.contents, contents);
	assert_string_equal(w.c.tools, tools);
	done(&w);

	/* A variable is told to a guest that runs; that an image of before had it in its contents is known. */
	render(&w, IMAGE "env: {A: b}\n");
	assert_string_equal(w.c.contents, contents);
	assert_string_not_equal(w.c.tools, tools);
	assert_string_not_equal(w.c.contents_before[0], contents);
	assert_string_equal(w.c.contents_before[0], w.c.contents_before[1]);
	done(&w);

	/* A disk is given to a machine that runs; that an image of before told of it is known. */
	render(&w, IMAGE);
	assert_string_equal(w.c.contents_before[0], contents);
	assert_string_equal(w.c.contents_before[1], contents);
	done(&w);
	render(&w, IMAGE "additionalDisks: [d]\n");
	assert_string_equal(w.c.contents, contents);
	assert_string_not_equal(w.c.tools, tools);
	assert_string_equal(w.c.contents_before[0], contents);
	assert_string_not_equal(w.c.contents_before[1], contents);
	assert_string_equal(w.c.contents_before[1], w.c.contents_before[2]);
	has(&w, "lima.env", "LIMA_CIDATA_DISK_0_NAME=d\nLIMA_CIDATA_DISK_0_DEVICE=vdb\n");
	done(&w);
}

/* The same guest agent, installed again, is the same. */
TEST(a_big_file_is_known_by_the_digest_beside_it)
{
	struct world w;
	struct error err;

	render(&w, IMAGE);
	done(&w);
	auto_free char *share = test_path("share"), *agent = xasprintf("%s/lima-guestagent.Linux-x86_64", share);
	auto_free char *sum = xasprintf("%s.sha256", agent);

	test_put(share, "lima-guestagent.Linux-x86_64", "program");
	test_put(share, "lima-guestagent.Linux-x86_64.sha256", "abc\n");
	render(&w, IMAGE);
	auto_free char *tools = xstrdup(w.c.tools);
	assert_string_equal(find(&w, "lima-guestagent")->host_path, agent);
	assert_int_equal(find(&w, "lima-guestagent")->mode, 0755);
	cidata_release(&w.c);
	test_put(share, "lima-guestagent.Linux-x86_64", "program");
	ok(utime(agent, &(struct utimbuf){ 1000, 1000 }));
	ok(cidata_render(&w.c, &w.env, w.spec, NULL, &err));
	assert_string_equal(w.c.tools, tools);
	/* a digest that is older than the program is not the program's */
	cidata_release(&w.c);
	ok(utime(sum, &(struct utimbuf){ 500, 500 }));
	ok(cidata_render(&w.c, &w.env, w.spec, NULL, &err));
	assert_string_not_equal(w.c.tools, tools);
	done(&w);
	render(&w, IMAGE "plain: true\n");
	assert_null(find(&w, "lima-guestagent"));
	has(&w, "lima.env", "\nLIMA_CIDATA_PLAIN=1\n");
	done(&w);
	fs_unlink(agent, NULL);
	fs_unlink(sum, NULL);
}

TEST(cloud_config_is_for_reading)
{
	struct world w;
	struct error err;
	const char *reference;

	render(&w, IMAGE "mountType: 9p\nmounts: [{location: /srv/a}]\n");
	ok(cidata_reference(&reference, &w.c.mem, &w.env, w.spec, &err));
	assert_null(strstr(reference, "write_files"));
	assert_null(strstr(reference, "\nmounts:"));
	assert_null(strstr(reference, "resolv_conf"));
	assert_non_null(strstr(reference, "\nusers:\n  - name: \"joe\"\n"));
	assert_non_null(strstr(reference, "\ntimezone: \"Europe/Berlin\"\n"));
	done(&w);
}

TEST(a_damaged_list_of_boot_scripts_is_refused)
{
	struct world w;
	struct error err;

	render(&w, IMAGE);
	cidata_release(&w.c);
	test_put(w.env.share, "cidata/list", "1111111111111111111111111111111111111111111111111111111111111111  ../../etc/passwd\n");
	not_ok(cidata_render(&w.c, &w.env, w.spec, NULL, &err), "damaged");
	cidata_release(&w.c);
	test_put(w.env.share, "cidata/list", "boot.sh\n");
	not_ok(cidata_render(&w.c, &w.env, w.spec, NULL, &err), "damaged");
	done(&w);
}

static void
quotes(const char *in, const char *out)
{
	AUTO(buf) b = BUF_INIT;

	quote_yaml(&b, in);
	assert_string_equal(b.s, out);
}

TEST(any_bytes_become_a_scalar)
{
	quotes("", "\"\"");
	quotes("a\"b\\c\n\t\x01", "\"a\\\"b\\\\c\\n\\x09\\x01\"");
	quotes("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\\xe9\\u20ac\\U0001f600\"");
	/* not UTF-8: cut, overlong, surrogate, too big, bare */
	quotes("\xc3", "\"\\ufffd\"");
	quotes("\xe2\x82", "\"\\ufffd\\ufffd\"");
	quotes("\xc0\x80", "\"\\ufffd\\ufffd\"");
	quotes("\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\"");
	quotes("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"");
	quotes("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	quotes("\xff\x80", "\"\\ufffd\\ufffd\"");
}

/* A running machine is not restarted because somebody runs limactl in another environment; but it is for lima.yaml's own words. */
TEST(proxies_of_the_host_are_no_contents)
{
	struct world w;

	render(&w, IMAGE "env: {A: a}\n");
	auto_free char *contents = xstrdup(w.c.contents), *tools = xstrdup(w.c.tools), *iid = xstrdup(w.c.iid);
	done(&w);
	setenv("http_proxy", "http://127.0.0.1:3128/", 1);
	setenv("NO_PROXY", "a,b", 1);
	render(&w, IMAGE "env: {A: a}\n");
	assert_string_equal(text(&w, "etc_environment"), "#LIMA-START\nA=a\nHTTP_PROXY=http://192.168.5.2:3128/\nNO_PROXY=a,b\n"
			    "http_proxy=http://192.168.5.2:3128/\nno_proxy=a,b\n#LIMA-END\n");
	assert_string_equal(w.c.contents, contents);
	assert_string_equal(w.c.iid, iid);
	assert_string_not_equal(w.c.tools, tools);
	done(&w);
	render(&w, IMAGE "env: {A: a}\npropagateProxyEnv: false\n");
	assert_string_equal(text(&w, "etc_environment"), "#LIMA-START\nA=a\n#LIMA-END\n");
	assert_string_not_equal(w.c.contents, contents);
	assert_string_equal(w.c.tools, tools);
	done(&w);
	unsetenv("http_proxy");
	unsetenv("NO_PROXY");
	render(&w, IMAGE "env: {A: a, http_proxy: 'http://p:1'}\npropagateProxyEnv: false\n");
	has(&w, "etc_environment", "\nHTTP_PROXY=http://p:1\n");
	/* lima.yaml's own are told as any other variable is */
	assert_string_not_equal(w.c.tools, tools);
	done(&w);
}

/* Where names are asked for may change from start to start: the rest of the image is the same, and so are its digests. */
TEST(the_port_of_the_resolver)
{
	static const char *const none[] = { "hostResolver: {enabled: false}\n", "hostResolver: {enabled: false}\ndns: [1.1.1.1]\n", "plain: true\n" };
	struct world w;

	render(&w, IMAGE);
	auto_free char *contents = xstrdup(w.c.contents), *tools = xstrdup(w.c.tools);
	has(&w, "lima.env", "\nLIMA_CIDATA_UDP_DNS_LOCAL_PORT=0\nLIMA_CIDATA_TCP_DNS_LOCAL_PORT=0\n");
	cidata_set_dns_port(&w.c, w.spec, 20053);
	has(&w, "lima.env", "\nLIMA_CIDATA_UDP_DNS_LOCAL_PORT=20053\nLIMA_CIDATA_TCP_DNS_LOCAL_PORT=20053\n");
	assert_string_equal(w.c.contents, contents);
	assert_string_equal(w.c.tools, tools);
	done(&w);
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		auto_free char *yaml = xasprintf("%s%s", IMAGE, none[i]);

		render(&w, yaml);
		cidata_set_dns_port(&w.c, w.spec, 20053);
		has(&w, "lima.env", "\nLIMA_CIDATA_UDP_DNS_LOCAL_PORT=0\n");
		done(&w);
	}
}
