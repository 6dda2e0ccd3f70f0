#include "resources/disk_live.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "base/size.h"
#include "providers/driver.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"
#include "resources/disk_known.h"
#include "resources/generation.h"
#include "resources/guest_shell.h"
#include "state/desired/spec/spec.h"

enum { MAX_SAID = 16 << 10, MAX_WHY = 200 };

/*
 * What the guest's shell does, once $p (where its file system is) and $want (bytes of the disk) are set. It says "has BYTES PLACE", or
 * "no WHY". What a guest of ours writes is at /run/lima-disk. A kernel hears of the new size a moment later.
 */
static const char grow_script[] =
	"no() { echo \"no $*\"; exit 0; }\n"
	"last() { printf '%s' \"$1\" | tr -d '\\r' | tail -n 1; }\n"
	"num() { local n; read -r n <\"$1\" && echo \"$n\"; }\n"
	"[ -z \"$p\" ] || PATH=$p/bin:$PATH\n"
	"PATH=$PATH:/usr/sbin:/sbin\n"
	"[ -r \"$p/proc/self/mountinfo\" ] || no 'it does not tell what is mounted'\n"
	"at=\n"
	"while read -r _ _ dev _ on rest; do\n"
	"  case $on in / | /run/lima-disk) ;; *) continue ;; esac\n"
	"  set -- ${rest#* - }\n"
	"  case $1 in ext[234] | xfs | btrfs) at=$on fs=$1 num=$dev src=$2 ;; esac\n"
	"done <\"$p/proc/self/mountinfo\"\n"
	"[ -n \"$at\" ] || no 'its / is no ext4, xfs or btrfs of its own'\n"
	"s=$p/sys/dev/block/$num\n"
	"[ -e \"$s\" ] || s=$p/sys/class/block/${src##*/}\n"
	"s=$(readlink -f \"$s\") && [ -e \"$s/size\" ] || no \"its kernel does not tell what $at lies on\"\n"
	"[ ! -d \"$s/dm\" ] || no \"$at lies on a device mapper volume, LVM or encrypted, which is for you to grow\"\n"
	"d=$s n=\n"
	"[ ! -e \"$s/partition\" ] || { d=${s%/*} n=$(num \"$s/partition\"); }\n"
	"i=0\n"
	"while [ $(($(num \"$d/size\") * 512)) -lt \"$want\" ]; do\n"
	"  i=$((i + 1))\n"
	"  [ $i -le 100 ] || no \"its kernel still sees ${d##*/} as it was\"\n"
	"  sleep 0.1 2>/dev/null || sleep 1\n"
	"done\n"
	"if [ -n \"$n\" ]; then\n"
	"  begin=$(num \"$s/start\") had=$(num \"$s/size\")\n"
	"  for q in \"$d/${d##*/}\"*; do\n"
	"    [ ! -e \"$q/start\" ] || [ \"$(num \"$q/start\")\" -le \"$begin\" ] || no \"${s##*/} is not the last partition of ${d##*/}: what stands behind it is in the way\"\n"
	"  done\n"
	"  if [ $(($(num \"$d/size\") - begin - had)) -gt 4096 ]; then\n"
	"    if command -v growpart >/dev/null; then\n"
	"      out=$(growpart \"/dev/${d##*/}\" \"$n\" 2>&1 >/dev/null) || [ $? -eq 1 ] || no \"growpart: $(last \"$out\")\"\n"
	"    elif command -v sfdisk >/dev/null; then\n"
	"      out=$(echo ', +' | sfdisk --no-reread --force -q -N \"$n\" \"/dev/${d##*/}\" 2>&1 >/dev/null) || no \"sfdisk: $(last \"$out\")\"\n"
	"      ! command -v partx >/dev/null || partx -u --nr \"$n\" \"/dev/${d##*/}\" >/dev/null 2>&1 || :\n"
	"    else\n"
	"      no 'it has neither growpart (package cloud-guest-utils) nor sfdisk'\n"
	"    fi\n"
	"    [ \"$(num \"$s/size\")\" -gt \"$had\" ] || no \"its kernel still sees ${s##*/} as it was\"\n"
	"  fi\n"
	"fi\n"
	"case $fs in\n"
	"xfs) set -- xfs_growfs \"$at\" ;;\n"
	"btrfs) set -- btrfs filesystem resize max \"$at\" ;;\n"
	"*) set -- resize2fs \"/dev/${s##*/}\" ;;\n"
	"esac\n"
	"command -v \"$1\" >/dev/null || no \"it has no $1\"\n"
	"out=$(\"$@\" 2>&1 >/dev/null) || no \"$1: $(last \"$out\")\"\n"
	"kib=$(df -P -k \"$at\" | { read -r _; read -r _ kib _; echo \"$kib\"; })\n"
	"[ $((kib * 1024 * 4)) -ge $(($(num \"$s/size\") * 512 * 3)) ] || no \"$1 ended well, and $at still has only $kib KiB\"\n"
	"echo \"has $((kib * 1024)) $at\"\n";

bool
disk_live_can(const char *dir, const char **why_not)
{
	pid_t pid;
	const struct driver *d = driver_of(dir, &pid);
	const char *why = !d ? NULL : !d->live ? "its driver changes nothing of a machine that runs" : d->live->why_not ? d->live->why_not(dir) : NULL;

	if (why_not)
		*why_not = why;
	return d && !why;
}

bool
disk_live_would(const char *dir, const char *had, const char *wanted)
{
	uint64_t from, to;

	return had && wanted && size_parse(&from, had, NULL) == 0 && size_parse(&to, wanted, NULL) == 0 && from < to && disk_live_can(dir, NULL);
}

static int
ask_guest(const struct env *env, const struct spec *spec, int64_t bytes, struct buf *out, struct error *err)
{
	struct guest_shell s = { .port = guest_shell_port(spec->dir), .timeout_ms = GUEST_SHELL_MS, .max_output = MAX_SAID };
	AUTO(arena) a = { 0 };
	AUTO(buf) input = BUF_INIT;

	if (strcmp(spec->os, "Linux") != 0)
		return error_set(err, ERR_UNSUPPORTED, "it is no Linux");
	buf_adds(&input, "p=");
	quote_shell(&input, guest_shell_prefix(spec, &a));
	buf_addf(&input, " want=%" PRId64 "\n%s", bytes, grow_script);
	return guest_shell(env, spec, &s, &input, out, err);
}

/* What the guest says is told, and nothing depends on it. */
static void
say_grown(const struct env *env, const struct resource *r, int64_t bytes, const char *said, const char *why)
{
	AUTO(arena) a = { 0 };
	struct error untaken;
	const char *size = size_text(&a, (uint64_t)bytes);
	unsigned long long has;
	int place = 0, len = (int)strcspn(said, "\n");

	if (!*why && sscanf(said, "has %llu %n", &has, &place) == 1 && place) {
		env->say(env, SAY_INFO, "%s: its disk has %s now, and the guest says that its file system, %.*s, has %s", r->owner, size,
			 len - place < 0 ? 0 : len - place, said + place, size_text(&a, has));
		return;
	}
	if (!*why)
		why = strncmp(said, "no ", 3) ? "it says nothing" : arena_printf(&a, "%.*s", len - 3 > MAX_WHY ? MAX_WHY : len - 3, said + 3);
	error_set(&untaken, ERR_CHILD, "its disk has %s now, and the guest has not taken that up: %s; `limactl restart %s` has it boot, which may grow it",
		  size, why, r->owner);
	env->say(env, SAY_WARN, "%s: %s", r->owner, untaken.msg);
}

static int
live_grow(const struct env *env, const struct resource *r, const struct image_disk *disk, int64_t bytes, struct error *err)
{
	pid_t pid;
	const struct driver *d = driver_of(r->spec->dir, &pid);
	AUTO(buf) said = BUF_INIT;
	struct error why = { 0 };

	if (!d || !d->live)
		return error_set(err, ERR_INVALID, "the machine has ended meanwhile");
	if (d->live->grow_disk(r->spec->dir, disk, bytes, err) < 0)
		return -1;
	if (ask_guest(env, r->spec, bytes, &said, &why) < 0 && why.code == ERR_CANCELLED)
		return error_set(err, why.code, "%s", why.msg);
	say_grown(env, r, bytes, said.len ? said.s : "", why.msg);
	return 0;
}

int
disk_live_mend(const struct env *env, const struct resource *r, const struct disk_known *k, int64_t size, struct error *err)
{
	int64_t actual;

	if (image_size(k->disk.path, k->disk.format, &actual, err) < 0 ||
	    (actual < size && generation_keep_copy(env, r, r->spec->dir, k, err) < 0) || live_grow(env, r, &k->disk, size, err) < 0)
		return -1;
	return disk_keep(k->disk.path, k->disk.format, size, actual < size ? size : actual, err);
}

void
disk_live_detail(const struct resource *r, detail_say *say, void *ctx)
{
	int64_t have = facts_int(&r->have, "size", 0), want = facts_int(&r->want, "size", 0);
	AUTO(arena) a = { 0 };
	const char *why;

	if (!r->up || r->down || !r->present || have >= want || disk_live_can(r->spec->dir, &why) || !why)
		return;
	say(ctx, &(struct detail){ .what = "size", .have = size_text(&a, (uint64_t)have), .want = size_text(&a, (uint64_t)want),
				   .cost = arena_printf(&a, "not while it runs: %s", why), .cls = CLASS_DISK });
}
