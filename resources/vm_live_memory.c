/*
 * The memory of a machine that runs: less, and up again to what it was started with, by a balloon in its guest. The guest is asked what it
 * can do without before any is taken, because a balloon takes from whoever has it, and what it has is told afterwards by itself.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "base/size.h"
#include "providers/driver.h"
#include "resources/guest_shell.h"
#include "resources/vm_live.h"
#include "state/desired/spec/spec.h"

enum { MAX_SAID = 4096 };

#define SPARE (16ULL << 20)	/* that a guest has left at least, behind all that it gives */

/* A guest that loads no drivers by itself is told which. */
static const char memory_script[] =
	"[ -n \"$p\" ] || modprobe -q virtio_balloon 2>/dev/null\n"
	"t= a=\n"
	"while read -r k v _; do\n"
	"  case $k in MemTotal:) t=$v ;; MemAvailable:) a=$v ;; esac\n"
	"done <\"$p/proc/meminfo\"\n"
	"echo \"has $t $a\"\n";

static uint64_t
memory_bytes(const char *text)
{
	return strtoull(text, NULL, 10);
}

static const char *
memory_want(const struct spec *spec, struct arena *a)
{
	return arena_printf(a, "%" PRIu64, spec->memory_bytes);
}

static const char *
memory_recall(const char *keys, struct arena *a)
{
	const char *text = vm_live_key(keys, "memory", a);
	uint64_t bytes;

	return text && size_parse(&bytes, text, NULL) == 0 ? arena_printf(a, "%" PRIu64, bytes) : NULL;
}

static const char *
memory_between(const char *have, const char *want, struct arena *a)
{
	(void)want;
	return arena_strdup(a, have);
}

static const char *
memory_why_not(const struct spec *spec, const struct driver *d, const char *have, const char *want, struct arena *a)
{
	uint64_t most;

	(void)have;
	if (strcmp(spec->os, "Linux") != 0)
		return "its guest is no Linux, and cannot be asked what it can do without";
	if (!d->live->memory_most || d->live->memory_most(spec->dir, &most, NULL) < 0)
		return "its machine was started without a balloon";
	return memory_bytes(want) > most ? arena_printf(a, "it was started with %s, and has room for no more", size_text(a, most)) : NULL;
}

/* What the guest says that it has, and could do without, in bytes. */
static int
memory_ask(const struct env *env, const struct spec *spec, uint64_t *total, uint64_t *spare, struct error *err)
{
	struct guest_shell s = { .port = guest_shell_port(spec->dir), .timeout_ms = GUEST_SHELL_MS, .max_output = MAX_SAID };
	AUTO(arena) a = { 0 };
	AUTO(buf) input = BUF_INIT;
	AUTO(buf) said = BUF_INIT;
	unsigned long long has, free_kib;

	buf_adds(&input, "p=");
	quote_shell(&input, guest_shell_prefix(spec, &a));
	buf_addf(&input, "\n%s", memory_script);
	if (guest_shell(env, spec, &s, &input, &said, err) < 0)
		return -1;
	if (!said.len || sscanf(said.s, "has %llu %llu", &has, &free_kib) != 2)
		return error_set(err, EPROTO, "it does not tell what memory it has");
	*total = has << 10;
	*spare = free_kib << 10;
	return 0;
}

static int
memory_apply(const struct env *env, const struct resource *r, const struct driver *d, const char *have, const char *want, struct error *err)
{
	uint64_t had = memory_bytes(have), wanted = memory_bytes(want), total, spare;
	AUTO(arena) a = { 0 };

	if (memory_ask(env, r->spec, &total, &spare, err) < 0)
		return error_wrap(err, "the guest cannot be asked what memory it can do without");
	if (wanted < had && had - wanted + SPARE > spare && total > wanted)
		return error_set(err, ERR_REFUSED, "%s: its guest cannot give %s of its memory back: it uses all but %s; end something there and apply again, "
				 "or `limactl restart %s`", r->owner, size_text(&a, had - wanted), size_text(&a, spare), r->owner);
	if (d->live->set_memory(r->spec->dir, wanted, env->cancel, err) < 0)
		return error_wrap(err, "memory");
	if (memory_ask(env, r->spec, &total, &spare, err) < 0)
		return -1;
	env->say(env, SAY_INFO, "%s: its machine has %s of memory now, and the guest says that it has %s", r->owner, size_text(&a, wanted),
		 size_text(&a, total));
	return 0;
}

void
vm_live_memory_each(const char *have, const char *want, detail_say *say, void *ctx)
{
	AUTO(arena) a = { 0 };

	say(ctx, &(struct detail){ .what = "memory", .have = size_text(&a, memory_bytes(vm_live_bare(have))), .want = size_text(&a, memory_bytes(want)) });
}

const struct vm_live_row vm_live_memory = {
	.attr = VM_LIVE_MEMORY,
	.key = "memory",
	.want = memory_want,
	.recall = memory_recall,
	.between = memory_between,
	.why_not = memory_why_not,
	.apply = memory_apply,
};
