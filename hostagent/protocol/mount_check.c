#include "hostagent/protocol/mount_check.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/quote/quote.h"
#include "providers/launch.h"
#include "providers/ssh/ssh_exec.h"

void
mount_escape(struct buf *b, const char *s)
{
	/* linux: fs/proc_namespace.c: of a mount point, seq_path() with just these; `#` is escaped in a device's name alone */
	for (; *s; s++)
		if (strchr(" \t\n\\", *s))
			buf_addf(b, "\\%03o", (unsigned char)*s);
		else
			buf_addc(b, *s);
}

/* one TYPE TAG POINT SEEN */
static const char functions[] =
	"mounted() { while read -r d p _; do [ \"$d\" = \"$1\" ] && [ \"$p\" = \"$2\" ] && return 0; done </proc/mounts; return 1; }\n"
	"known() { while read -r a b; do [ \"${b:-$a}\" = \"$1\" ] && return 0; done </proc/filesystems; return 1; }\n"
	"one() {\n"
	"  mounted \"$2\" \"$4\" && return 0\n"
	"  known \"$1\" || sudo -n modprobe -q \"$1\" 2>/dev/null\n"
	"  known \"$1\" || { why=\"$3: the kernel of the guest has no $1; set mountType to reverse-sshfs, or take an image "
	"whose kernel has it\"; return 1; }\n"
	"  n=0; while [ $n -lt 100 ]; do nap; mounted \"$2\" \"$4\" && return 0; n=$((n + 1)); done\n"
	/* A mount point below /tmp may have been swept away at boot, before it was mounted. */
	"  [ -d \"$3\" ] || sudo -n mkdir -p \"$3\" >/dev/null 2>&1\n"
	"  why=$(sudo -n mount \"$3\" 2>&1 | grep -v 'dmesg(1)' | tail -n 1); mounted \"$2\" \"$4\" && return 0\n"
	"  why=\"$3: ${why:-not mounted}\"; return 1\n"
	"}\n";

void
mount_check_define(struct buf *out, const struct launch_mount *v, size_t n)
{
	buf_adds(out, functions);
	buf_adds(out, "shared() {\n");
	for (size_t i = 0; i < n; i++) {
		AUTO(buf) seen = BUF_INIT;

		mount_escape(&seen, v[i].point);
		buf_addf(out, "  one %s %s ", v[i].type, v[i].tag);
		quote_shell(out, v[i].point);
		buf_addc(out, ' ');
		quote_shell(out, seen.s);
		buf_adds(out, " || return 1\n");
	}
	buf_adds(out, "}\n");
}
