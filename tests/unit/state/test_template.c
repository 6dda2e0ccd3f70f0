/* Templates on disk: embedding as text, security, where complaints point. */
#include <errno.h>
#include <unistd.h>

#include "state/desired/spec/host.h"
#include "state/desired/template/template.h"
#include "tests/unit/test.h"

static struct buf told = BUF_INIT;

static void
hear(void *ctx, const char *text)
{
	(void)ctx;
	buf_addf(&told, "%s\n", text);
}

/* a net of two pages */
static int
fetch(void *ctx, const char *url, struct buf *out, size_t max, struct error *err)
{
	static const char *const pages[][2] = {
		{ "https://h.example/p/x.yaml", "base: b.yaml\ncpus: 1\n" },
		{ "https://h.example/p/b.yaml", "provision:\n- file: s.sh\n" },
		{ "https://h.example/p/s.sh", "#!/bin/sh\necho far\n" },
		{ "https://h.example/passwd.yaml", "base: /etc/passwd\n" },
		{ "https://h.example/home.yaml", "provision:\n- file: ~/.ssh/id_rsa\n" },
		{ "https://h.example/url.yaml", "base: file:///etc/passwd\n" },
		{ "https://h.example/run.yaml", "base: run:something\n" },
		{ "https://h.example/stdin.yaml", "base: [\"-\"]\n" },
		{ "https://h.example/tmpl.yaml", "base: template:near\n" },
		{ "https://h.example/play.yaml", "provision:\n- mode: ansible\n  playbook: /etc/passwd\n" },
		{ "https://h.example/play2.yaml", "base: template:play\n" },
		{ "https://h.example/path.yaml", "base: template:path\n" },
		{ "https://h.example/upper.yaml", "base: FILE:///etc/passwd\n" },
		{ "https://h.example/image.yaml", "base: /etc/hosts.img\n" },
		{ "https://h.example/probe.yaml", "probes:\n- file: {url: /etc/passwd}\n" },
		{ "HTTPS://h.example/x.yaml", "base: https://h.example/passwd.yaml\n" },
		{ "https://h.example/uses.yaml", "base: [uses2.yaml, template:uses]\nimages:\n- location: /etc/shadow\n- location: https://h/i\n"
		  "  kernel: {location: ~/k}\nmounts:\n- location: \"~\"\n- {location: \"~\", writable: true}\n- location: /srv\n"
		  "copyToHost: [{guest: /a, host: \"{{.Dir}}/a\"}, {guest: /a, host: \"{{.Dir}}/../../a\"}]\n" },
		{ "https://h.example/uses2.yaml", "caCerts: {files: [/c]}\nssh: {forwardAgent: true}\nadditionalDisks: [data]\n"
		  "firmware: {images: [{location: /f}]}\ncontainerd: {archives: [{location: /z}]}\nnetworks: [{socket: /s}]\n"
		  "portForwards: [{guestSocket: /g, hostSocket: docker.sock}, {guestSocket: /g, hostSocket: /run/docker.sock, reverse: true},\n"
		  "  {guestSocket: /g, hostSocket: \"{{.Param.x}}\"}]\n" },
		{ "https://h.example/up.yaml", "base: ../x.yaml\n" },
		{ "https://api.github.com/repos/org/repo", "{\"default_branch\": \"trunk\"}" },
		{ "https://api.github.com/repos/org/org", "{\"default_branch\": \"main\"}" },
		{ "https://raw.githubusercontent.com/org/repo/trunk/.lima.yaml", "cpus: 1\n" },
		{ "https://raw.githubusercontent.com/org/repo/v1/sub/x.yaml", "../y.yaml" },
		{ "https://raw.githubusercontent.com/org/repo/v1/z.yaml", "../z.yaml" },
		{ "https://raw.githubusercontent.com/org/org/main/.lima.yaml", "github:org/repo" },
		{ "https://raw.githubusercontent.com/org/org/main/evil.yaml", "github:other/repo" },
	};

	(void)ctx, (void)max;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		if (!strcmp(pages[i][0], url)) {
			buf_adds(out, pages[i][1]);
			return 0;
		}
	return error_set(err, ENOENT, "%s: 404", url);
}

static const char *dir;
static struct spec_opts opts;

static void
put(const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_free char *parent = xasprintf("%s/%s", dir, name);
	struct error err;

	*strrchr(parent, '/') = '\0';
	ok(fs_mkdirs(parent, 0755, &err));
	ok(fs_write(path, text, strlen(text), 0644, &err));
}

static void
begin(void)
{
	static const char *dirs[2];

	if (!dir) {
		dir = test_path("lima");
		dirs[0] = test_path("lima/_templates");
		opts = (struct spec_opts){ .home = dir, .version = "2.2.0", .warn = hear, .fetch = fetch, .template_dirs = dirs };
	}
	buf_truncate(&told, 0);
}

static char *
embed(const char *locator, enum embed_flags flags, struct error *err)
{
	auto_free char *path = strchr(locator, ':') ? xstrdup(locator) : xasprintf("%s/%s", dir, locator);
	AUTO(template) t = { 0 };

	if (template_read(&t, path, &opts, err) < 0 || template_embed(&t, flags, &opts, err) < 0)
		return NULL;
	return xstrdup(t.text);
}

static void
embeds(const char *locator, const char *want)
{
	struct error err = { 0 };
	auto_free char *got = embed(locator, EMBED_ALL, &err);

	if (!got)
		fail_msg("%s: %s", locator, err.msg);
	assert_string_equal(got, want);
}

static void
fails(const char *locator, const char *why)
{
	struct error err = { 0 };
	auto_free char *got = embed(locator, EMBED_ALL, &err);

	if (got)
		fail_msg("%s: gave %s", locator, got);
	if (!strstr(err.msg, why))
		fail_msg("%s: '%s' is not in '%s'", locator, why, err.msg);
}

TEST(text_without_bases_stays_as_it_is)
{
	const char *text = "# hello\ncpus:   4 # four\nenv: {A: 'b'}   \n\n\nmounts:\n- location: \"~\"\n# bye";

	begin();
	put("same.yaml", text);
	embeds("same.yaml", text);
}

TEST(a_base_brings_its_comments)
{
	begin();
	put("sub/b.yaml", "# about the base\n\n# how many\ncpus: 4\nmemory: 1GiB # enough\nprovision:\n# first\n- script: |\n    echo base\n"
	    "mounts:\n  - location: /base # theirs\nenv:\n  A: base\n  B: base\n");
	put("t.yaml", "# about the template\nbase: sub/b.yaml\n# mine\nmemory: 2GiB\nmounts:\n- location: /mine\nprovision:\n"
	    "- script: echo mine # last\nenv:\n  A: mine\n# end\n");
	embeds("t.yaml", "# about the template\n# mine\nmemory: 2GiB\nmounts:\n- location: /mine\n- location: /base # theirs\nprovision:\n"
	       "# first\n- script: |\n    echo base\n- script: echo mine # last\nenv:\n  A: mine\n  B: base\n# how many\ncpus: 4\n# end\n");
}

TEST(scripts_become_literals)
{
	begin();
	put("s.sh", "#!/bin/sh\n\tindented by a tab\necho 'x: y'\n");
	put("bin.dat", "\xff\xfe");
	put("f.yaml", "provision:\n- mode: user\n  file: s.sh # the script\n- {mode: data, path: /x, file: bin.dat}\nprobes:\n- file: {url: s.sh}\n");
	embeds("f.yaml", "provision:\n- mode: user\n  script: |\n    #!/bin/sh\n    \tindented by a tab\n    echo 'x: y'\n"
	       "- {mode: data, path: /x, content: !!binary //4=}\nprobes:\n- script: |\n    #!/bin/sh\n    \tindented by a tab\n    echo 'x: y'\n");
}

TEST(digests)
{
	begin();
	put("d.yaml", "cpus: 1\n");
	put("good.yaml", "base:\n- url: d.yaml\n  digest: sha256:0b2b73f4cf3bb5f9d1e4cf8e4ac0a1a7f4be39d7d5c5b0d94b5a9d9a3d0c7e01\n");
	fails("good.yaml", "good.yaml:3:11: digest: does not match");
	put("odd.yaml", "base: [{url: d.yaml, digest: md5:1}]\n");
	fails("odd.yaml", "odd.yaml:1:30: digest: must be `sha256:`");
}

TEST(loops_and_diamonds)
{
	begin();
	put("l1.yaml", "base: l2.yaml\n");
	put("l2.yaml", "base: l1.yaml\n");
	fails("l1.yaml", "loop detected");
	put("self.yaml", "base: self.yaml\n");
	fails("self.yaml", "self.yaml:1:7: base: base template loop detected");
}

TEST(what_a_base_may_be)
{
	begin();
	put("m.yaml", "base: {url: x}\n");
	fails("m.yaml", "m.yaml:1:7: base: must be a string or a list");
	put("e.yaml", "base: \"\"\n");
	fails("e.yaml", "locator is empty");
	put("u.yaml", "base: [x.yaml, ../up.yaml]\n");
	fails("u.yaml", "must not contain '..'");
	put("n.yaml", "base: [nope.yaml]\n");
	fails("n.yaml", "n.yaml:1:8: base:");
	put("list.yaml", "- a\n");
	put("l.yaml", "base: list.yaml\n");
	fails("l.yaml", "list.yaml:1:1: a template must be a mapping");
	put("null.yaml", "base: ~\ncpus: 1\n");
	embeds("null.yaml", "cpus: 1\n");
}

TEST(remote_templates_stay_remote)
{
	begin();
	put("_templates/near.yaml", "cpus: 7\n");
	embeds("https://h.example/p/x.yaml", "cpus: 1\nprovision:\n- script: |\n    #!/bin/sh\n    echo far\n");
	embeds("https://h.example/tmpl.yaml", "cpus: 7\n");
	fails("https://h.example/passwd.yaml", "must not use the local file `/etc/passwd`");
	fails("https://h.example/home.yaml", "must not use the local file");
	fails("https://h.example/url.yaml", "must not use the local file");
	fails("https://h.example/play.yaml", "https://h.example/play.yaml:3:13: provision[0].playbook: a remote template must not use the local "
	      "file `/etc/passwd`");
	put("_templates/play.yaml", "provision:\n- mode: ansible\n  playbook: p.yaml\n");
	put("_templates/path.yaml", "base: /etc/passwd\n");
	embeds("template:play", "provision:\n- mode: ansible\n  playbook: p.yaml\n");
	fails("https://h.example/play2.yaml", "must not use the local file `p.yaml`");
	fails("https://h.example/path.yaml", "must not use the local file `/etc/passwd`");
	fails("https://h.example/upper.yaml", "which may run a program");
	fails("https://h.example/image.yaml", "must not use the local file `/etc/hosts.img`");
	fails("https://h.example/probe.yaml", "must not use the local file `/etc/passwd`");
	fails("HTTPS://h.example/x.yaml", "must not use the local file `/etc/passwd`");
	fails("https://h.example/run.yaml", "which may run a program");
	fails("https://h.example/up.yaml", "must not contain '..'");
	fails("https://h.example/stdin.yaml", "404");	/* a name like any other, there */
	put("via.yaml", "base: https://h.example/passwd.yaml\n");
	fails("via.yaml", "must not use the local file");
	put("via.yaml", "base: [https://h.example/play.yaml]\n");
	fails("via.yaml", "must not use the local file");
	fails("https://h.example/nothing.yaml", "404");
}

/* By key, whatever it is for; what is the instance's own, or from another server, is not among them. */
TEST(what_a_remote_template_names_of_this_host)
{
	static const char *const want[] = {
		"uses.yaml:3:13: images[0].location: `/etc/shadow`", "uses.yaml:5:22: images[1].kernel.location: `~/k`",
		"mounts[1].location: `~`", "mounts[2].location: `/srv`", "copyToHost[1].host: `{{.Dir}}/../../a`",
		"caCerts.files[0]: `/c`", "ssh.forwardAgent: `true`", "additionalDisks[0].name: `data`", "firmware.images[0].location: `/f`",
		"containerd.archives[0].location: `/z`", "networks[0].socket: `/s`", "portForwards[1].hostSocket: `/run/docker.sock`",
		"portForwards[1].reverse: `true`", "portForwards[2].hostSocket: `{{.Param.x}}`",
	};
	AUTO(template) t = { 0 }, own = { 0 };
	struct error err;

	begin();
	put("_templates/uses.yaml", "mounts:\n- {location: /tmp/lima, writable: true}\n");
	put("own.yaml", "base: https://h.example/uses2.yaml\nmounts:\n- {location: /own, writable: true}\n");
	ok(template_read(&t, "https://h.example/uses.yaml", &opts, &err));
	ok(template_embed(&t, EMBED_ALL, &opts, &err));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		bool found = false;

		for (size_t k = 0; k < t.nhost_uses; k++)
			found |= strstr(t.host_uses[k], want[i]) != NULL;
		if (!found)
			fail_msg("%s is not told", want[i]);
	}
	assert_int_equal(t.nhost_uses, ARRAY_LEN(want));
	/* what is the user's own is not asked about, what he embeds is */
	{
		auto_free char *path = xasprintf("%s/own.yaml", dir);

		ok(template_read(&own, path, &opts, &err));
	}
	ok(template_embed(&own, EMBED_ALL, &opts, &err));
	assert_int_equal(own.nhost_uses, 9);
}

TEST(github)
{
	static const char *const good[][2] = {
		{ "github:org/repo", "https://raw.githubusercontent.com/org/repo/trunk/.lima.yaml" },
		{ "github:org/repo/sub/x@v1", "https://raw.githubusercontent.com/org/repo/v1/y.yaml" },
		{ "github:org", "https://raw.githubusercontent.com/org/repo/trunk/.lima.yaml" },
	};
	static const char *const bad[][2] = {
		{ "github:", "must contain at least an ORG, got ``" }, { "github:/org", "must contain at least an ORG, got ``" },
		{ "github:org/repo/z@v1", "leaves the repository" },
		{ "github:org/repo/../x@main", "must not leave" }, { "github:org/repo/x@../y", "must not leave" },
		{ "github:org/org/evil.yaml@main", "is not a `github:org` URL" }, { "github:org/repo/none@v1", "/none.yaml` not found or inaccessible: status 404" },
	};

	begin();
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		AUTO(template) t = { 0 };
		struct error err;

		(void)template_read(&t, good[i][0], &opts, &err);	/* whether there is anything is another matter */
		if (!t.locator || strcmp(t.locator, good[i][1])) {
			if (!strstr(err.msg, good[i][1]))
				fail_msg("%s: want %s, got %s", good[i][0], good[i][1], t.locator ? t.locator : err.msg);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		fails(bad[i][0], bad[i][1]);
}

TEST(complaints_point_to_where_it_was_written)
{
	struct error err = { 0 };
	AUTO(template) t = { 0 };
	auto_free char *path = NULL;
	const char *set[] = { ".ssh.localPort = 22" };
	struct spec *s;

	begin();
	put("base.yaml", "# one\n# two\nmemory: lots\nportForwards:\n  - guestPort: 80\n    proto: tpc\n");
	put("main.yaml", "base: base.yaml\nimages: [{location: /x.img}]\ndisk: none\nportForwards:\n- guestPort: 70000\n");
	path = xasprintf("%s/main.yaml", dir);
	ok(template_read(&t, path, &opts, &err));
	ok(template_embed(&t, EMBED_ALL, &opts, &err));
	ok(template_set(&t, set, 1, &err));
	buf_truncate(&told, 0);
	assert_int_equal(template_spec(&s, "main", &t, TEMPLATE_BARE, &opts, &err), -1);
	assert_non_null(strstr(told.s, "/base.yaml:3:9: memory: "));
	assert_non_null(strstr(told.s, "/main.yaml:3:7: disk: "));
	assert_non_null(strstr(told.s, "/main.yaml:5:14: portForwards[0].guestPort: "));
	assert_non_null(strstr(told.s, "/base.yaml:6:12: portForwards[1].proto: "));	/* moved two columns to the left */
	assert_non_null(strstr(told.s, "ssh.localPort: must not be 22"));
	assert_non_null(strstr(err.msg, "(and 4 more)"));
}

TEST(a_text_that_was_edited_is_what_counts)
{
	struct error err = { 0 };
	AUTO(template) t = { 0 };
	auto_free char *path = NULL;
	struct spec *s;

	begin();
	put("img/disk.raw", "x");
	put("edited.yaml", "images: [{location: img/disk.raw}]\ncpus: 2\n");
	path = xasprintf("%s/edited.yaml", dir);
	ok(template_load(&t, path, &opts, &err));
	ok(template_spec(&s, "edited", &t, TEMPLATE_BARE, &opts, &err));
	assert_int_equal(s->cpus, 2);
	spec_free(s);
	strstr(t.text, "cpus: 2")[6] = '3';	/* as long as it was */
	ok(template_spec(&s, "edited", &t, TEMPLATE_BARE, &opts, &err));
	assert_int_equal(s->cpus, 3);
	spec_free(s);
}

TEST(images_beside_the_template)
{
	struct error err = { 0 };
	AUTO(template) t = { 0 };
	auto_free char *path = NULL, *want = NULL;

	begin();
	put("img/disk.raw", "x");
	put("pin.yaml", "images:\n- location: img/disk.raw # mine\n  kernel: {location: ./img/disk.raw}\n- location: img/none.raw\n- location: https://x/y\n");
	path = xasprintf("%s/pin.yaml", dir);
	ok(template_load(&t, path, &opts, &err));
	want = xasprintf("images:\n- location: %s/img/disk.raw # mine\n  kernel: {location: %s/img/disk.raw}\n- location: img/none.raw\n"
			 "- location: https://x/y\n", dir, dir);
	assert_string_equal(t.text, want);
	assert_string_equal(t.name, "pin");
}

TEST(images_beside_a_base)
{
	struct error err = { 0 };
	AUTO(template) t = { 0 };
	auto_free char *path = NULL, *want = NULL;

	begin();
	put("deep/img/disk.raw", "x");
	put("deep/base.yaml", "images:\n- location: img/disk.raw\n- location: none.raw\n");
	put("based.yaml", "base: deep/base.yaml\n");
	path = xasprintf("%s/based.yaml", dir);
	ok(template_load(&t, path, &opts, &err));
	want = xasprintf("images:\n- location: %s/deep/img/disk.raw\n- location: none.raw\n", dir);
	assert_string_equal(t.text, want);
}

TEST(names)
{
	static const char *const cases[][2] = {
		{ "https://x.example/a/Foo_1.YAML?q=1", "foo_1" }, { "template:deep/near", "near" },
		{ "https://m.example/debian-12-genericcloud-arm64.qcow2", "debian-12-arm64" },
		{ "/srv/nocloud_alpine-3.20-aarch64-uefi-cloudinit-r0.qcow2.xz", "alpine-3.20-aarch64-r0" },
		{ "/srv/Arch-Linux-aarch64-cloudimg-20250101.123.qcow2", "archlinux-aarch64" },
		{ "/srv/Rocky-9-GenericCloud-Base-9.5-20241118.0.aarch64.qcow2", "rocky-9.5.aarch64" },
		{ "/srv/UniversalMac_15.6.1_24G90_Restore.ipsw", "macos-15.6.1" },
		{ "/srv/linux-linux_cloudimg.base-riscv64.raw", "linux-riscv64" },
	};

	begin();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(template) t = { 0 };
		struct error err;

		if (strstr(cases[i][0], ".img") || strstr(cases[i][0], ".qcow2") || strstr(cases[i][0], ".raw") || strstr(cases[i][0], ".ipsw")) {
			ok(template_read(&t, cases[i][0], &opts, &err));
			assert_string_equal(t.name, cases[i][1]);
		}
	}
}

/* a gap that was written as null is one; a wildcard that says where it goes is none */
TEST(entries_of_one_name)
{
	begin();
	put("m.yaml", "mounts:\n- location: /x\n  mountPoint: /a\n  writable:\n  9p: {cache: none}\n- location: /a\n  writable: true\n  9p: {msize: 1MiB}\n"
	    "- location: \"*\"\n  mountPoint: /m\n- location: \"*\"\n  sshfs: {cache: true}\n");
	embeds("m.yaml", "mounts:\n- location: /x\n  mountPoint: /a\n  writable: true\n  9p: {cache: none, msize: 1MiB}\n  sshfs: {cache: true}\n"
	       "- location: \"*\"\n  mountPoint: /m\n  sshfs: {cache: true}\n");
	put("b.yaml", "cpus: 1\n");
	put("u.yaml", "base: b.yaml\nmountTypesUnsupported: [9p, 9p]\n");
	embeds("u.yaml", "mountTypesUnsupported: [9p]\ncpus: 1\n");
}
