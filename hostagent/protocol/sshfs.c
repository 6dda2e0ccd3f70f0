#include "hostagent/protocol/sshfs.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/proc.h"
#include "base/programs.h"
#include "base/quote/quote.h"
#include "hostagent/protocol/mount_check.h"
#include "providers/json_table.h"
#include "providers/ssh/ssh_exec.h"

static const struct json_row mount_rows[] = {
	{ JSON_MEMBER("location", JSON_PATH, struct sshfs_mount, location), .needed = true },
	{ JSON_MEMBER("mountPoint", JSON_PATH, struct sshfs_mount, point), .needed = true },
	{ JSON_MEMBER("writable", JSON_FLAG, struct sshfs_mount, writable) },
	{ JSON_MEMBER("cache", JSON_FLAG_OFF, struct sshfs_mount, cache) },
	{ JSON_MEMBER("followSymlinks", JSON_FLAG, struct sshfs_mount, follow_symlinks) },
	{ JSON_MEMBER("openssh", JSON_FLAG, struct sshfs_mount, openssh) },
	{ 0 },
};

cJSON *
sshfs_mount_json(const struct sshfs_mount *m)
{
	return json_table_write(mount_rows, m);
}

int
sshfs_mount_parse(const cJSON *json, struct arena *a, struct sshfs_mount *out, struct error *err)
{
	struct sshfs_mount m = { 0 };

	if (json_table_read(mount_rows, json, a, &m, err) < 0)
		return -1;
	*out = m;
	return 0;
}

static void
sshfs_assign(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, "%s=", name);
	quote_shell(b, value);
	buf_addc(b, '\n');
}

/* mp and seen, and: there: is an sshfs mounted there? */
static void
add_mount_point(struct buf *b, const struct sshfs_mount *m)
{
	AUTO(buf) seen = BUF_INIT;

	mount_escape(&seen, m->point);
	sshfs_assign(b, "mp", m->point);
	sshfs_assign(b, "seen", seen.s);
	buf_adds(b, "there() { while read -r _ p t _; do [ \"$t\" = fuse.sshfs ] && [ \"$p\" = \"$seen\" ] && return 0; done "
		    "</proc/mounts; return 1; }\n"
		    "nap() { sleep 0.2 2>/dev/null || sleep 1; }\n"
		    "lazily() { fusermount3 -uz \"$mp\" 2>/dev/null || fusermount -uz \"$mp\" 2>/dev/null || sudo -n umount -l \"$mp\"; }\n");
}

static void
as_command(struct buf *out, const struct buf *script)
{
	buf_adds(out, "exec /bin/sh -c ");
	quote_shell(out, script->s);
}

/* The channel's stdin and stdout are for sshfs alone: nothing before it may touch them. */
static const char prepare[] =
	"exec 3<&0 4>&1 </dev/null >&2\n"
	"done_by() { for f in /run/lima-fuse-ready /run/lima-boot-done; do x=; [ -r $f ] && read -r x <$f; "
	"[ \"$x\" = \"$iid\" ] && return 0; done; return 1; }\n"
	"n=0; until done_by || [ $n -ge 600 ]; do n=$((n + 1)); nap; done\n"
	"command -v sshfs >/dev/null || { echo 'sshfs is not installed in the guest (its boot scripts do that: restart it)'; exit 1; }\n"
	"n=0; while there && [ $n -lt 10 ]; do lazily; n=$((n + 1)); done\n"
	"[ -d \"$mp\" ] || mkdir -p \"$mp\" 2>/dev/null\n"
	"me=$(id -u)\n"
	"{ [ -d \"$mp\" ] && [ -w \"$mp\" ]; } || sudo -n sh -c 'mkdir -p \"$1\" && chown \"$2\" \"$1\"' sh \"$mp\" \"$me:$(id -g)\" || exit 1\n"
	"[ \"$me\" = 0 ] || grep -qs '^user_allow_other' /etc/fuse.conf /etc/fuse3.conf || "
	"sudo -n sh -c 'echo user_allow_other >>/etc/fuse.conf' 2>/dev/null || opts=slave${opts#slave,allow_other}\n"
	/* sshfs 2 refuses a mount point that is not empty; sshfs 3 does not know the word. */
	"[ -z \"$(ls -A \"$mp\")\" ] || case $(sshfs -V 2>&1) in *'SSHFS version 2'*) opts=$opts,nonempty;; esac\n"
	/* links are what they are on the host, whose server lets none lead out; sshfs since CVE-2026 makes them EPERM otherwise */
	"case $(sshfs --help 2>&1) in *no_contain_symlinks*) opts=$opts,no_contain_symlinks;; esac\n"
	"{ until there && ls -d \"$mp/.\" >/dev/null 2>&1; do kill -0 $$ 2>/dev/null || exit 0; nap; done; "
	"echo '" SSHFS_MOUNTED "'; } 3<&- 4>&- &\n"
	"exec sshfs \":$loc\" \"$mp\" -f -o \"$opts\" <&3 >&4 3<&- 4>&-\n";

void
sshfs_mount_command(struct buf *out, const struct sshfs_mount *m, const char *iid)
{
	AUTO(buf) s = BUF_INIT;
	AUTO(buf) opts = BUF_INIT;

	buf_addf(&opts, "slave,allow_other%s%s%s", m->writable ? "" : ",ro", m->cache ? "" : ",cache=no",
		 m->follow_symlinks ? ",follow_symlinks" : "");
	add_mount_point(&s, m);
	sshfs_assign(&s, "loc", m->location);
	sshfs_assign(&s, "iid", iid);
	sshfs_assign(&s, "opts", opts.s);
	buf_adds(&s, prepare);
	as_command(out, &s);
}

void
sshfs_unmount_command(struct buf *out, const struct sshfs_mount *m)
{
	AUTO(buf) s = BUF_INIT;

	add_mount_point(&s, m);
	buf_adds(&s, "there || exit 0\n"
		     "fusermount3 -u \"$mp\" 2>/dev/null || fusermount -u \"$mp\" 2>/dev/null || lazily\n"
		     "n=0; while there; do [ $n -lt 20 ] || exit 1; n=$((n + 1)); nap; done\n");
	as_command(out, &s);
}

char *
sshfs_server(struct error *err)
{
	/* lima-vm/sshocker: pkg/reversesshfs */
	static const char *const places[] = {
		"/usr/libexec/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/sftp-server",
		"/usr/lib/openssh/sftp-server", "/usr/lib/ssh/sftp-server",
	};
	char *found = proc_find("sftp-server");

	for (size_t i = 0; !found && i < ARRAY_LEN(places); i++)
		if (access(places[i], X_OK) == 0)
			found = xstrdup(places[i]);
	if (!found) {
		program_missing("sftp-server", err);
		error_wrap(err, "mounts[].sshfs.sftpDriver (empty, it needs no program)");
	}
	return found;
}
