/*
 * `env` of a machine that runs: the block of lima.yaml's in /etc/environment of its guest is written anew, which is read by whoever logs in. What runs
 * keeps its own. A script of `provision` that names a variable had it as it ran, so for that the guest boots, where all of them run again.
 *
 * The value is "1", and a line a variable: NAME, and a digest, since a value may be a secret.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "base/sha256.h"
#include "resources/cidata_files.h"
#include "resources/guest_shell.h"
#include "resources/provision_list.h"
#include "resources/ssh_master.h"
#include "resources/vm_live.h"
#include "state/desired/spec/spec.h"

enum { MAX_SAID = 1 << 20, DIGEST = 16, MAX_WHY = 200 };

#define HEAD "1\n"

/*
 * $p: where the guest's file system is; $block: what is to stand between the marks, with them; $plain: not where nothing stands there, as what a boot
 * does in plain mode leaves it. It says "no WHY", or "has" and what stands there then.
 * The SSH server of the tiny guest gives its own environment to all, so it is started again; its init does that.
 */
static const char env_script[] =
	"no() { echo \"no $*\"; exit 0; }\n"
	"f=$p/etc/environment old= new= ours= marks=\n"
	"nl='\n'\n"
	"[ ! -f \"$f\" ] || while IFS= read -r line || [ -n \"$line\" ]; do\n"
	"  old=$old$line$nl\n"
	"  case $line in\n"
	"  '#LIMA-START'*) ours=1 marks=1 ;;\n"
	"  '#LIMA-END'*) ours= ;;\n"
	"  *) [ -n \"$ours\" ] || new=$new$line$nl ;;\n"
	"  esac\n"
	"done <\"$f\"\n"
	"[ -z \"$plain\" ] || [ -n \"$marks\" ] || { echo has; exit 0; }\n"
	"new=$new$block\n"
	"if [ \"$old\" != \"$new\" ]; then\n"
	"  [ -z \"$p\" ] || mkdir -p \"$p/etc\"\n"
	"  out=$(printf %s \"$new\" 2>&1 >\"$f.lima\" && chmod 644 \"$f.lima\" 2>&1 && mv -f \"$f.lima\" \"$f\" 2>&1) || no \"${out:-/etc/environment cannot be written}\"\n"
	"  if grep -qs '^ID=lima-tiny$' \"$p/etc/os-release\" && read -r was </run/dropbear.pid && kill \"$was\"; then\n"
	"    n=0 is=$was\n"
	"    until [ \"$is\" != \"$was\" ] || [ $n -ge 60 ]; do sleep 1; n=$((n + 1)); read -r is </run/dropbear.pid || is=$was; done 2>/dev/null\n"
	"  fi\n"
	"fi\n"
	"echo has\n"
	"ours=\n"
	"while IFS= read -r line || [ -n \"$line\" ]; do\n"
	"  case $line in '#LIMA-START'*) ours=1 ;; esac\n"
	"  [ -z \"$ours\" ] || echo \"$line\"\n"
	"  case $line in '#LIMA-END'*) ours= ;; esac\n"
	"done <\"$f\"\n";

/* The shell's proxies are no part of it: limactl without them means the same machine. */
static const char *
env_want(const struct spec *spec, struct arena *a)
{
	AUTO(buf) b = BUF_INIT;
	char hex[65];

	buf_adds(&b, HEAD);
	for (const char *p = cidata_etc_environment(a, spec, CIDATA_ENV_OURS), *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		const char *eq = memchr(p, '=', (size_t)(nl - p));

		if (!eq)
			continue;
		sha256_hex(eq + 1, (size_t)(nl - eq - 1), hex);
		buf_addf(&b, "%.*s %.*s\n", (int)(eq - p), p, DIGEST, hex);
	}
	return arena_strdup(a, b.s);
}

/* An earlier version compared it as a part of what the guest is told at boot, and kept nothing of it apart. */
static const char *
env_recall(const char *keys, struct arena *a)
{
	(void)keys, (void)a;
	return NULL;
}

static const char *
env_between(const char *have, const char *want, struct arena *a)
{
	(void)want;
	return arena_strdup(a, have);
}

static bool
env_is_in(const char *lines, const char *line, size_t len)
{
	for (const char *p = lines, *nl; (nl = strchr(p, '\n')); p = nl + 1)
		if ((size_t)(nl - p) == len && !memcmp(p, line, len))
			return true;
	return false;
}

static bool
env_is_named(const char *script, const char *name, size_t len)
{
	for (const char *at = script; (at = memmem(at, strlen(at), name, len)); at += len) {
		bool begins = at == script || (!isalnum((unsigned char)at[-1]) && at[-1] != '_');

		if (begins && !isalnum((unsigned char)at[len]) && at[len] != '_')
			return true;
	}
	return false;
}

/* A script that names a variable of `lines` which is not so in `others`; in `a`. */
static const char *
env_script_of(const struct spec *spec, const char *lines, const char *others, struct arena *a)
{
	for (const char *p = lines, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		size_t len = strcspn(p, " \n");

		if (env_is_in(others, p, (size_t)(nl - p)))
			continue;
		for (size_t i = 0; i < spec->nprovision; i++) {
			enum provision_mode m = spec->provision[i].mode;

			if (m != PROVISION_DATA && m != PROVISION_YQ && m != PROVISION_ANSIBLE && env_is_named(provision_text(spec, i), p, len))
				return arena_printf(a, "provision[%zu] names `%.*s`, and runs with it at a boot", i, (int)len, p);
		}
	}
	return NULL;
}

static const char *
env_why_not(const struct spec *spec, const struct driver *d, const char *have, const char *want, struct arena *a)
{
	const char *why;

	(void)d;
	if (strcmp(spec->os, "Linux") != 0)
		return "its guest is no Linux, and cannot be told";
	if (!spec->user.passwordless_sudo)
		return "nobody may become root in its guest without a password";
	why = env_script_of(spec, want, have, a);
	return why ? why : env_script_of(spec, have, want, a);
}

/* 1: it has it; 0: it is plain, and no boot would tell it either. */
static int
env_tell_guest(const struct env *env, const struct spec *spec, const char *block, struct error *err)
{
	struct guest_shell s = { .port = guest_shell_port(spec->dir), .timeout_ms = GUEST_SHELL_MS, .max_output = MAX_SAID };
	AUTO(arena) a = { 0 };
	AUTO(buf) input = BUF_INIT;
	AUTO(buf) said = BUF_INIT;

	buf_adds(&input, "p=");
	quote_shell(&input, guest_shell_prefix(spec, &a));
	buf_adds(&input, " block=");
	quote_shell(&input, block);
	buf_addf(&input, " plain=%s\n%s", spec->plain ? "1" : "", env_script);
	if (guest_shell(env, spec, &s, &input, &said, err) < 0)
		return -1;
	if (said.len && !strncmp(said.s, "no ", 3))
		return error_set(err, ERR_CHILD, "%.*s", (int)(strcspn(said.s, "\n") > MAX_WHY ? MAX_WHY : strcspn(said.s, "\n")) - 3, said.s + 3);
	if (spec->plain && said.len && !strcmp(said.s, "has\n"))
		return 0;
	if (!said.len || strncmp(said.s, "has\n", 4) != 0 || strcmp(said.s + 4, block) != 0)
		return error_set(err, EPROTO, "its /etc/environment has something else afterwards");
	return 1;
}

static int
env_apply(const struct env *env, const struct resource *r, const struct driver *d, const char *have, const char *want, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *block = cidata_etc_environment(&a, r->spec, CIDATA_ENV_OURS | CIDATA_ENV_AMBIENT);
	struct error why = { 0 };
	int has = env_tell_guest(env, r->spec, block, &why);

	(void)d, (void)have, (void)want;
	if (has < 0)
		return why.code == ERR_CANCELLED ? error_set(err, why.code, "%s", why.msg) :
		       error_set(err, why.code, "%s: its guest has not taken up `env`: %s; apply again, or `limactl restart %s`", r->owner, why.msg, r->owner);
	if (!has) {
		env->say(env, SAY_INFO, "%s: `env` is not told to its guest, which is plain", r->owner);
		return 0;
	}
	ssh_master_drop(r->spec->dir, false);
	env->say(env, SAY_INFO, "%s: /etc/environment of its guest has `env` as it is now; whoever logs in gets that, and what runs keeps what it has", r->owner);
	return 0;
}

void
vm_live_env_each(const char *have, const char *want, detail_say *say, void *ctx)
{
	(void)have, (void)want;
	say(ctx, &(struct detail){ .what = "env", .have = "other variables", .want = "those of lima.yaml" });
}

const struct vm_live_row vm_live_env = {
	.attr = VM_LIVE_ENV,
	.key = "env",
	.guests = true,
	.assumed = true,
	.want = env_want,
	.recall = env_recall,
	.between = env_between,
	.why_not = env_why_not,
	.apply = env_apply,
};
