#include "resources/data_disk_live.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "providers/driver.h"
#include "resources/cidata_files.h"
#include "resources/guest_shell.h"
#include "resources/machine.h"
#include "state/desired/spec/spec.h"

enum { MAX_SAID = 16 << 10, MAX_WHY = 200, MAX_SCRIPT = 256 << 10 };

#define MOUNTER "boot.Linux/25-lima-disks.sh"

/*
 * $p: where the guest's file system is; $serial: of the disk. What is said last is "has DEVICE PLACES", "out", or "no WHY". `$dev` is its
 * device's name, `$b` its folder in sysfs. A file system is known by its device's number, and btrfs, which has none, by its name.
 */
static const char common_script[] =
	"no() { echo \"no $*\"; exit 0; }\n"
	"last() { printf '%s' \"$1\" | tr -d '\\r' | tail -n 1; }\n"
	"[ -z \"$p\" ] || PATH=$p/bin:$PATH\n"
	"PATH=$PATH:/usr/sbin:/sbin\n"
	"find_disk() {\n"
	"  for b in \"$p\"/sys/block/*; do\n"
	"    dev=${b##*/} s=\n"
	"    if [ -r \"$b/serial\" ]; then s=$(tr -cd 'a-z0-9-' <\"$b/serial\")\n"
	"    elif [ -r \"$b/device/vpd_pg80\" ]; then s=$(tr -cd 'a-z0-9-' <\"$b/device/vpd_pg80\")\n"
	"    fi\n"
	"    [ \"$s\" != \"$serial\" ] || return 0\n"
	"  done\n"
	"  return 1\n"
	"}\n"
	"places() {\n"
	"  while read -r _ _ num _ on rest; do\n"
	"    set -- ${rest#* - }\n"
	"    src=$2\n"
	"    for d in \"$b/dev\" \"$b/$dev\"*/dev; do\n"
	"      [ -r \"$d\" ] && read -r has <\"$d\" || continue\n"
	"      place=${d%/dev} place=/dev/${place##*/}\n"
	"      [ \"$has\" = \"$num\" ] || [ \"$place\" = \"$src\" ] || continue\n"
	"      printf '%b\\n' \"$on\"\n"
	"      break\n"
	"    done\n"
	"  done <\"$p/proc/self/mountinfo\"\n"
	"}\n"
	"swaps() { [ ! -r \"$p/proc/swaps\" ] || while read -r on _; do case $on in \"/dev/$dev\" | \"/dev/$dev\"[0-9p]*) echo \"$on\" ;; esac; done <\"$p/proc/swaps\"; }\n";

/* A guest that loads no drivers by itself is told which; one that does not look by itself is told to. `mounter` is a function. */
static const char attach_script[] =
	"modprobe -q sd_mod 2>/dev/null\n"
	"i=0\n"
	"until find_disk; do\n"
	"  i=$((i + 1))\n"
	"  [ $i -le 100 ] || no 'its kernel does not see the disk'\n"
	"  [ $i -ne 10 ] || for h in \"$p\"/sys/class/scsi_host/*/scan; do [ ! -w \"$h\" ] || echo '- - -' >\"$h\"; done\n"
	"  sleep 0.1 2>/dev/null || sleep 1\n"
	"done\n"
	"[ -r \"$p/proc/self/mountinfo\" ] || no 'it does not tell what is mounted'\n"
	"if [ -z \"$(places)$(swaps)\" ]; then\n"
	"  out=$( (mounter \"$dev\") </dev/null 2>&1) || no \"$(last \"$out\")\"\n"
	"fi\n"
	"at=$(echo $(places) $(swaps))\n"
	"echo \"has /dev/$dev${at:+, on $at}\"\n";

/* Whatever stands on it is named: nothing is taken from anybody. The guest's kernel writes what it has, when it lets go of the disk. */
static const char detach_script[] =
	"find_disk || { echo out; exit 0; }\n"
	"for h in \"$b\"/holders/* \"$b/$dev\"*/holders/*; do [ ! -e \"$h\" ] || no \"${h##*/} stands on /dev/$dev\"; done\n"
	"[ -r \"$p/proc/self/mountinfo\" ] || no 'it does not tell what is mounted'\n"
	"for s in $(swaps); do out=$(swapoff \"$s\" 2>&1) || no \"$(last \"$out\")\"; done\n"
	"n=0\n"
	"while on=$(places | tail -n 1) && [ -n \"$on\" ]; do\n"
	"  n=$((n + 1))\n"
	"  [ $n -le 100 ] || no \"$on does not go\"\n"
	"  out=$(umount \"$on\" 2>&1) || no \"$(last \"$out\")\"\n"
	"done\n"
	"sync\n"
	"case $dev in sd*) [ -n \"$p\" ] || echo 1 >\"$b/device/delete\" || no \"its kernel keeps /dev/$dev\" ;; esac\n"
	"echo out\n";

static const struct spec_disk *
disk_named(const struct spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->ndisks; i++)
		if (!strcmp(spec->disks[i].name, name))
			return &spec->disks[i];
	return NULL;
}

static void
mounter_setting(void *ctx, const char *name, const char *value)
{
	struct buf *b = ctx;

	buf_addf(b, "LIMA_CIDATA_DISK_0_%s=", name);
	if (strcmp(name, "DEVICE"))
		quote_shell(b, value);
	else
		buf_adds(b, "$1");
	buf_addc(b, '\n');
}

/* The very script that does it at a boot, which a guest that is only played has none of its own for. */
static int
mounter_add(struct buf *b, const struct env *env, const struct spec *spec, const char *name, const char *prefix, struct error *err)
{
	const struct spec_disk *disk = disk_named(spec, name);
	auto_free char *path = xasprintf("%s/cidata/" MOUNTER, env->share);
	AUTO(buf) script = BUF_INIT;
	AUTO(arena) a = { 0 };

	if (!disk)
		return error_set(err, ERR_INVALID, "`additionalDisks` has no `%s`", name);
	buf_adds(b, "mounter() {\n");
	if (*prefix) {
		buf_adds(b, "lima-disks \"$1\"\n}\n");
		return 0;
	}
	buf_adds(b, "LIMA_CIDATA_DISKS=1\n");
	cidata_disk_each(disk, "", &a, mounter_setting, b);
	/* In plain mode no boot script runs, so nothing is mounted at a boot either. */
	if (!spec->plain && fs_read(path, &script, MAX_SCRIPT, err) < 0)
		return -1;
	buf_addf(b, "%s\n}\n", script.len ? script.s : ":");
	return 0;
}

static int
guest_ask(const struct env *env, const struct spec *spec, const char *name, bool attach, struct buf *out, struct error *err)
{
	struct guest_shell s = { .port = guest_shell_port(spec->dir), .timeout_ms = GUEST_SHELL_MS, .max_output = MAX_SAID };
	AUTO(arena) a = { 0 };
	AUTO(buf) input = BUF_INIT;
	const char *prefix = guest_shell_prefix(spec, &a);

	if (strcmp(spec->os, "Linux") != 0)
		return error_set(err, ERR_UNSUPPORTED, "it is no Linux");
	buf_adds(&input, "p=");
	quote_shell(&input, prefix);
	buf_addf(&input, " serial=%s\n%s", driver_disk_serial(name, &a), common_script);
	if (attach && mounter_add(&input, env, spec, name, prefix, err) < 0)
		return -1;
	buf_adds(&input, attach ? attach_script : detach_script);
	return guest_shell(env, spec, &s, &input, out, err);
}

/* What it says behind `word`, in one line; NULL: it says something else. */
static const char *
guest_said(const struct buf *said, const char *word, struct arena *a)
{
	const char *text = said->len ? said->s : "";
	size_t n = strlen(word);
	int len = (int)strcspn(text, "\n");

	if (strncmp(text, word, n) != 0)
		return NULL;
	return arena_printf(a, "%.*s", len - (int)n > MAX_WHY ? MAX_WHY : len - (int)n, text + n);
}

static void
say_attached(const struct env *env, const struct resource *r, const char *name, const struct buf *said, const char *why)
{
	AUTO(arena) a = { 0 };
	const char *has = *why ? NULL : guest_said(said, "has ", &a), *no = *why ? why : guest_said(said, "no ", &a);
	struct error untaken;

	if (has) {
		env->say(env, SAY_INFO, "%s: it has the disk `%s` now, and the guest sees it: %s", r->owner, name, has);
		return;
	}
	error_set(&untaken, ERR_CHILD, "it has the disk `%s` now, and the guest has not taken that up: %s; `limactl restart %s` has it boot, which may do that",
		  name, no ? no : "it says nothing", r->owner);
	env->say(env, SAY_WARN, "%s: %s", r->owner, untaken.msg);
}

int
data_disk_attach(const struct env *env, const struct resource *r, const struct driver *d, const char *name, struct error *err)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) said = BUF_INIT;
	struct image_disk disk;
	struct error why = { 0 };

	if (d->live->holds_disk(r->spec->dir, name))
		return 0;
	if (machine_settle_data_disk(env, r, name, &a, &disk, err) < 0 || d->live->attach_disk(r->spec->dir, name, &disk, err) < 0)
		return error_wrap(err, "disk `%s`", name);
	if (guest_ask(env, r->spec, name, true, &said, &why) < 0 && why.code == ERR_CANCELLED)
		return error_set(err, why.code, "%s", why.msg);
	say_attached(env, r, name, &said, why.msg);
	return 0;
}

int
data_disk_detach(const struct env *env, const struct resource *r, const struct driver *d, const char *name, struct error *err)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) said = BUF_INIT;
	const char *no;

	if (guest_ask(env, r->spec, name, false, &said, err) < 0)
		return error_wrap(err, "disk `%s`: the guest cannot be asked to let go of it", name);
	no = guest_said(&said, "out", &a) ? NULL : guest_said(&said, "no ", &a);
	if (no || !guest_said(&said, "out", &a))
		return error_set(err, EBUSY, "%s: it keeps the disk `%s`: the guest does not let go of it: %s; end what uses it there and apply again, or `limactl restart %s`",
				 r->owner, name, no ? no : "it says nothing", r->owner);
	if (d->live->detach_disk(r->spec->dir, name, err) < 0)
		return error_wrap(err, "disk `%s`", name);
	env->say(env, SAY_INFO, "%s: the guest has let go of the disk `%s`, and the machine is without it", r->owner, name);
	return 0;
}
