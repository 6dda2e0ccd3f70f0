/*
 * Processors of a machine that runs: more of them, up to what it was started with room for. Its guest's kernel sees them and is told to use them,
 * and says how many it has.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "providers/driver.h"
#include "resources/guest_shell.h"
#include "resources/vm_live.h"
#include "state/desired/spec/spec.h"

enum { MAX_SAID = 4096, MAX_WHY = 200 };

/*
 * $p: where the guest's file system is; $want: how many there are to be. A kernel hears of one a moment later, and few systems bring it into
 * use by themselves. It says "has N", or "no WHY".
 */
static const char cpus_script[] =
	"s=$p/sys/devices/system/cpu\n"
	"[ -r \"$s/online\" ] || { echo \"no its kernel does not tell what processors it has\"; exit 0; }\n"
	"count() {\n"
	"  n=0\n"
	"  read -r list <\"$s/online\"\n"
	"  while [ -n \"$list\" ]; do\n"
	"    r=${list%%,*}\n"
	"    n=$((n + ${r#*-} - ${r%-*} + 1))\n"
	"    case $list in *,*) list=${list#*,} ;; *) list= ;; esac\n"
	"  done\n"
	"}\n"
	"i=0 out=\n"
	"while count; [ $n -lt \"$want\" ] && [ $i -lt 100 ]; do\n"
	"  i=$((i + 1))\n"
	"  for c in \"$s\"/cpu[0-9]*/online; do\n"
	"    [ -w \"$c\" ] && read -r on <\"$c\" && [ \"$on\" = 0 ] || continue\n"
	"    out=$(echo 1 2>&1 >\"$c\") || :\n"
	"  done\n"
	"  count\n"
	"  [ $n -ge \"$want\" ] || sleep 0.1 2>/dev/null || sleep 1\n"
	"done\n"
	"if [ $n -ge \"$want\" ]; then echo \"has $n\"; else echo \"no its kernel uses $n of them${out:+: $out}\"; fi\n";

static const char *
cpus_want(const struct spec *spec, struct arena *a)
{
	return arena_printf(a, "%d", spec->cpus);
}

static const char *
cpus_recall(const char *keys, struct arena *a)
{
	return vm_live_key(keys, "cpus", a);
}

static const char *
cpus_between(const char *have, const char *want, struct arena *a)
{
	(void)want;
	return arena_strdup(a, have);
}

static const char *
cpus_why_not(const struct spec *spec, const struct driver *d, const char *have, const char *want, struct arena *a)
{
	int most;

	if (atoi(want) < atoi(have))
		return "a machine that runs gives no processor back";
	if (strcmp(spec->os, "Linux") != 0)
		return "its guest is no Linux, and cannot be told to use them";
	if (!d->live->cpus_most || d->live->cpus_most(spec->dir, &most, NULL) < 0)
		return "its driver adds no processors to a machine that runs";
	return atoi(want) > most ? arena_printf(a, "it was started with room for %d processor%s", most, most == 1 ? "" : "s") : NULL;
}

static int
cpus_tell_guest(const struct env *env, const struct spec *spec, const char *want, struct buf *said, struct error *err)
{
	struct guest_shell s = { .port = guest_shell_port(spec->dir), .timeout_ms = GUEST_SHELL_MS, .max_output = MAX_SAID };
	AUTO(arena) a = { 0 };
	AUTO(buf) input = BUF_INIT;

	buf_adds(&input, "p=");
	quote_shell(&input, guest_shell_prefix(spec, &a));
	buf_addf(&input, " want=%d\n%s", atoi(want), cpus_script);
	return guest_shell(env, spec, &s, &input, said, err);
}

/* What the guest says is told, and nothing depends on it: the machine has them. */
static void
cpus_say(const struct env *env, const struct resource *r, const char *want, const struct buf *said, const char *why)
{
	int has, len = said->len ? (int)strcspn(said->s, "\n") : 0;
	struct error untaken;
	AUTO(arena) a = { 0 };

	if (!*why && said->len && sscanf(said->s, "has %d", &has) == 1) {
		env->say(env, SAY_INFO, "%s: its machine has %s processors now, and the guest says that it uses %d", r->owner, want, has);
		return;
	}
	if (!*why)
		why = len < 4 || strncmp(said->s, "no ", 3) != 0 ? "it says nothing" : arena_printf(&a, "%.*s", len - 3 > MAX_WHY ? MAX_WHY : len - 3, said->s + 3);
	error_set(&untaken, ERR_CHILD, "its machine has %s processors now, and the guest has not taken that up: %s; `limactl restart %s` has it boot with them",
		  want, why, r->owner);
	env->say(env, SAY_WARN, "%s: %s", r->owner, untaken.msg);
}

static int
cpus_apply(const struct env *env, const struct resource *r, const struct driver *d, const char *have, const char *want, struct error *err)
{
	AUTO(buf) said = BUF_INIT;
	struct error why = { 0 };

	(void)have;
	if (d->live->set_cpus(r->spec->dir, atoi(want), err) < 0)
		return error_wrap(err, "cpus");
	if (cpus_tell_guest(env, r->spec, want, &said, &why) < 0 && why.code == ERR_CANCELLED)
		return error_set(err, why.code, "%s", why.msg);
	cpus_say(env, r, want, &said, why.msg);
	return 0;
}

void
vm_live_cpus_each(const char *have, const char *want, detail_say *say, void *ctx)
{
	say(ctx, &(struct detail){ .what = "cpus", .have = vm_live_bare(have), .want = want });
}

const struct vm_live_row vm_live_cpus = {
	.attr = VM_LIVE_CPUS,
	.key = "cpus",
	.want = cpus_want,
	.recall = cpus_recall,
	.between = cpus_between,
	.why_not = cpus_why_not,
	.apply = cpus_apply,
};
