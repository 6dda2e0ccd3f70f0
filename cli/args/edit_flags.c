#include "cli/args/edit_flags.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/quote/quote.h"
#include "cli/args/edit_exprs.h"
#include "cli/args/yaml_keys.h"
#include "state/desired/template/template.h"

const struct flag edit_flags[] = {
	{ "cpus", 0, FLAG_INT, .about = "Number of CPUs", .complete = "@cpus" },
	{ "dns", 0, FLAG_IPS, .about = "DNS servers to use, instead of the host resolver" },
	{ "memory", 0, FLAG_FLOAT, .about = "Memory in GiB", .complete = "@memory" },
	{ "mount", 0, FLAG_STRINGS, .about = "Folders to mount besides; with :w writable", .complete = "@dir" },
	{ "mount-only", 0, FLAG_STRINGS, .about = "Folders to mount instead of all others; with :w writable", .complete = "@dir" },
	{ "mount-none", 0, FLAG_BOOL, .about = "Mount nothing" },
	{ "mount-type", 0, FLAG_STRING, .about = "How to mount: reverse-sshfs, 9p, virtiofs", .complete = "reverse-sshfs 9p virtiofs" },
	{ "vm-type", 0, FLAG_STRING, .about = "Type of virtual machine", .complete = "@driver" },
	{ "mount-inotify", 0, FLAG_BOOL, .about = "Tell the guest of changes in mounted folders", .how = FLAG_EXPERIMENTAL },
	{ "mount-writable", 0, FLAG_BOOL, .about = "Make all mounts writable" },
	{ "network", 0, FLAG_STRINGS, .about = "Further networks: vzNAT, or lima:NAME",
	  .complete = "lima:shared lima:bridged lima:host lima:user-v2 vzNAT" },
	{ "nested-virt", 0, FLAG_BOOL, .about = "Enable nested virtualization" },
	{ "rosetta", 0, FLAG_BOOL, .about = "Enable Rosetta (vz)" },
	{ "set", 0, FLAG_ARRAY, .about = "Change the lima.yaml by a yq expression: '.cpus=4' (repeatable)", .complete = "@set" },
	{ "param", 0, FLAG_ARRAY, .about = "Set a parameter of the template: NAME=VALUE (repeatable)" },
	{ "video", 0, FLAG_BOOL, .about = "Show the guest's screen (slows the machine down)" },
	{ "ssh-port", 0, FLAG_PORT, .about = "Port of the host for SSH (0: any)", .complete = "60022" },
	{ "disk", 0, FLAG_FLOAT, .about = "Disk size in GiB", .complete = "10 30 50 100 200" },
	{ "shell", 0, FLAG_STRING, .about = "Login shell of the user in the guest",
	  .complete = "/bin/bash /bin/zsh cmd.exe powershell.exe pwsh.exe" },
	{ 0 },
};

const struct flag new_flags[] = {
	{ "audio-device", 0, FLAG_STRING, .about = "Audio device of the host (pa, coreaudio, none)", .how = FLAG_EXPERIMENTAL },
	{ "audio-interface", 0, FLAG_STRING, .about = "Audio hardware of the guest: hda or virtio", .how = FLAG_EXPERIMENTAL,
	  .complete = "hda virtio" },
	{ "image-variant", 0, FLAG_STRING, .about = "Only images of this variant" },
	{ "arch-variant", 0, FLAG_STRING, .about = "Only images for this variant of the architecture (v3 for x86-64-v3)" },
	{ "arch", 0, FLAG_STRING, .about = "Architecture of the guest",
	  .complete = "x86_64 aarch64 riscv64 armv7l s390x ppc64le" },
	{ "containerd", 0, FLAG_STRING, .about = "containerd for: user, system, user+system, none",
	  .complete = "user system user+system none" },
	{ "plain", 0, FLAG_BOOL, .about = "No mounts, no port forwarding, no containerd, no guest agent" },
	{ "warm", 0, FLAG_BOOL, .about = "Begin from a machine of the same parts that was saved as it booted; the first saves it (warmStart)" },
	{ "allow-host-paths", 0, FLAG_BOOL, .about = "A template from a server may use the files, folders and sockets of this host that it names" },
	{ "port-forward", 0, FLAG_ARRAY, .about = "Forward a port, HOST:GUEST[,static=true] (repeatable)",
	  .complete = "8080:80 3000:3000 8080:80,static=true" },
	{ 0 },
};

void
edits_emit(struct edits *e, const char *fmt, ...)
{
	va_list ap;

	GROW(e->v, e->n, e->cap);
	va_start(ap, fmt);
	e->v[e->n++] = arena_vprintf(&e->c->arena, fmt, ap);
	va_end(ap);
}

const char *
edits_quoted(struct edits *e, const char *s)
{
	AUTO(buf) b = BUF_INIT;

	quote_json(&b, s, false);
	return arena_strdup(&e->c->arena, b.s);
}

static const char *
yes_no(const struct edits *e)
{
	return cli_bool(e->c, e->flag) ? "true" : "false";
}

/* --- one function for each kind of flag; `arg` is the path in lima.yaml --- */

static int
do_cpus(struct edits *e, const char *arg, struct error *err)
{
	long long n = cli_int(e->c, e->flag);

	(void)arg;
	if (n < 0)
		return error_set(err, ERR_INVALID, "invalid value for number of cpus, must be >= 0");
	edits_emit(e, ".cpus = %lld", n);
	return 0;
}

static int
do_int(struct edits *e, const char *arg, struct error *err)
{
	(void)err;
	edits_emit(e, "%s = %lld", arg, cli_int(e->c, e->flag));
	return 0;
}

static int
do_bool(struct edits *e, const char *arg, struct error *err)
{
	(void)err;
	edits_emit(e, "%s = %s", arg, yes_no(e));
	return 0;
}

static int
do_text(struct edits *e, const char *arg, struct error *err)
{
	(void)err;
	edits_emit(e, "%s = %s", arg, edits_quoted(e, cli_str(e->c, e->flag)));
	return 0;
}

/* With as few decimals as say the number: 4GiB, 0.5GiB. */
static int
do_gib(struct edits *e, const char *arg, struct error *err)
{
	double v = cli_float(e->c, e->flag);
	char text[64];
	int digits = 0;

	if (!(v >= 0) || v > 1e9)
		return error_set(err, ERR_INVALID, "invalid size in GiB: %s", cli_str(e->c, e->flag));
	do
		snprintf(text, sizeof text, "%.*f", digits, v);
	while ((float)strtod(text, NULL) != (float)v && ++digits < 20);
	edits_emit(e, "%s = \"%sGiB\"", arg, text);
	return 0;
}

static int
do_rosetta(struct edits *e, const char *arg, struct error *err)
{
	(void)arg;
	(void)err;
	edits_emit(e, ".vmOpts.vz.rosetta.enabled = %s | .vmOpts.vz.rosetta.binfmt = %s", yes_no(e), yes_no(e));
	return 0;
}

static int
do_set(struct edits *e, const char *arg, struct error *err)
{
	size_t n;
	char *const *v = cli_list(e->c, e->flag, &n);

	(void)arg;
	(void)err;
	for (size_t i = 0; i < n; i++)
		edits_emit(e, "%s", v[i]);
	return 0;
}

static bool
is_declared(const struct edits *e, const char *name, size_t len)
{
	for (const char *const *d = e->declared; d && *d; d++)
		if (strncmp(*d, name, len) == 0 && !(*d)[len])
			return true;
	return false;
}

static int
do_param(struct edits *e, const char *arg, struct error *err)
{
	size_t n;
	char *const *v = cli_list(e->c, e->flag, &n);

	(void)arg;
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(v[i], "=");
		const char *name = arena_memdup(&e->c->arena, v[i], len);

		if (!v[i][len])
			return error_set(err, ERR_INVALID, "invalid parameter %s, expected NAME=VALUE", cli_tick(e->c, v[i]));
		if (!is_declared(e, v[i], len))
			return error_set(err, ERR_INVALID, "template does not define param %s", cli_tick(e->c, name));
		edits_emit(e, ".param[%s] = %s", edits_quoted(e, name), edits_quoted(e, v[i] + len + 1));
	}
	return 0;
}

static int
do_video(struct edits *e, const char *arg, struct error *err)
{
	(void)err;
	edits_emit(e, "%s = \"%s\"", arg, cli_bool(e->c, e->flag) ? "default" : "none");
	return 0;
}

/* `arg`: the key of an image that must have this value */
static int
do_variant(struct edits *e, const char *arg, struct error *err)
{
	const char *v = cli_str(e->c, e->flag);

	if (!*v)
		return error_set(err, ERR_INVALID, "`--%s` must not be empty", e->flag);
	edits_emit(e, ".images = [.images[] | select(%s == %s)]", arg, edits_quoted(e, v));
	return 0;
}

static int
do_containerd(struct edits *e, const char *arg, struct error *err)
{
	static const struct { const char *word; bool user, system; } modes[] = {
		{ "user", true, false }, { "system", false, true }, { "user+system", true, true }, { "system+user", true, true },
		{ "none", false, false },
	};
	const char *v = cli_str(e->c, e->flag);

	(void)arg;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (strcmp(v, modes[i].word) != 0)
			continue;
		edits_emit(e, ".containerd.user = %s | .containerd.system = %s", modes[i].user ? "true" : "false",
			   modes[i].system ? "true" : "false");
		return 0;
	}
	return error_set(err, ERR_INVALID, "expected one of [`user`, `system`, `user+system`, `none`], got %s", cli_tick(e->c, v));
}

/* In the order in which they are applied. */
static const struct {
	const char *flag;
	int (*expr)(struct edits *e, const char *arg, struct error *err);
	const char *arg;
	bool only_new;
} steps[] = {
	{ "cpus", do_cpus, NULL, false },
	{ "dns", edit_dns, NULL, false },
	{ "memory", do_gib, ".memory", false },
	{ "mount", edit_mount, NULL, false },
	{ "mount-only", edit_mount_only, NULL, false },
	{ "mount-none", edit_mount_none, NULL, false },
	{ "mount-type", do_text, ".mountType", false },
	{ "vm-type", do_text, ".vmType", false },
	{ "mount-inotify", do_bool, ".mountInotify", false },
	{ "mount-writable", do_bool, ".mounts[].writable", false },
	{ "network", edit_network, NULL, false },
	{ "nested-virt", do_bool, ".nestedVirtualization", false },
	{ "rosetta", do_rosetta, NULL, false },
	{ "set", do_set, NULL, false },
	{ "param", do_param, NULL, false },
	{ "video", do_video, ".video.display", false },
	{ "audio-device", do_text, ".audio.device", false },
	{ "audio-interface", do_text, ".audio.interface", false },
	{ "ssh-port", do_int, ".ssh.localPort", false },
	{ "image-variant", do_variant, ".variant", true },
	{ "arch-variant", do_variant, ".archVariant", true },
	{ "arch", do_text, ".arch", true },
	{ "containerd", do_containerd, NULL, true },
	{ "disk", do_gib, ".disk", false },
	{ "plain", do_bool, ".plain", true },
	{ "warm", do_bool, ".warmStart", true },
	{ "port-forward", edit_port_forward, NULL, false },
	{ "shell", do_text, ".user.shell", false },
};

bool
edit_given(const struct cli *c)
{
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (cli_given(c, steps[i].flag))
			return true;
	return false;
}

static bool
is_experimental(const char *flag)
{
	const struct flag *const tables[] = { edit_flags, new_flags };

	for (size_t t = 0; t < ARRAY_LEN(tables); t++)
		for (const struct flag *f = tables[t]; f->name; f++)
			if (strcmp(f->name, flag) == 0)
				return f->how & FLAG_EXPERIMENTAL;
	return false;
}

/* `but`: a flag that is left out, or NULL. */
static int
edit_exprs_but(struct cli *c, bool is_new, const char *const *declared, const char *but, const char ***out, struct error *err)
{
	struct edits e = { .c = c, .declared = declared };

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		e.flag = steps[i].flag;
		if (!cli_given(c, e.flag) || (but && !strcmp(e.flag, but)))
			continue;
		if (is_experimental(e.flag))
			cli_say(&c->env, SAY_WARN, "`--%s` is experimental", e.flag);
		if (steps[i].only_new && !is_new) {
			cli_say(&c->env, SAY_WARN, "`--%s` is not applicable to an existing instance (Hint: create a new "
				"instance with `limactl create --%s=%s --name=NAME`)", e.flag, e.flag,
				cli_str(c, e.flag));
			continue;
		}
		if (steps[i].expr(&e, steps[i].arg, err) < 0) {
			free(e.v);
			return error_wrap(err, "error while processing flag `%s`", e.flag);
		}
	}
	*out = arena_alloc(&c->arena, (e.n + 1) * sizeof **out);
	if (e.n)
		memcpy(*out, e.v, e.n * sizeof *e.v);
	free(e.v);
	return 0;
}

int
edit_exprs(struct cli *c, bool is_new, const char *const *declared, const char ***out, struct error *err)
{
	return edit_exprs_but(c, is_new, declared, NULL, out, err);
}

int
edit_apply_member(struct cli *c, struct template *t, struct error *err)
{
	const char **exprs;
	size_t n = 0;

	if (edit_exprs_but(c, true, NULL, "param", &exprs, err) < 0)
		return -1;
	while (exprs[n])
		n++;
	return n ? template_set(t, exprs, n, err) : 0;
}

int
edit_apply(struct cli *c, struct template *t, bool is_new, struct error *err)
{
	const char *const *declared = NULL;
	const char **exprs;
	size_t n = 0;

	if (cli_given(c, "param") && yaml_keys(&c->arena, t->text, t->len, "param", &declared, err) < 0)
		return error_wrap(err, "%s", t->path);
	if (edit_exprs(c, is_new, declared, &exprs, err) < 0)
		return -1;
	while (exprs[n])
		n++;
	return template_set(t, exprs, n, err);
}
