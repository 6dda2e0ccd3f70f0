/*
 * hostagent/protocol/sshfs.h - a folder of the host in the guest by way of SSH (`mountType: reverse-sshfs`).
 *
 * In the guest sshfs(1) runs as a command over an SSH channel and speaks SFTP on its
 * standard input and output; at the host's end of the channel is a server of that one folder.
 */
#pragma once
#include <stdbool.h>
#include "base/buf.h"
#include "base/mem.h"

struct cJSON;
struct error;

struct sshfs_mount {
	const char *location;		/* on the host, absolute */
	const char *point;		/* in the guest, absolute */
	bool writable, cache, follow_symlinks;
	bool openssh;			/* served by OpenSSH's sftp-server(8); else by ours (hostagent/sftpd/) */
};

/* The same in the words that limactl tells the host agent; the caller deletes it. */
struct cJSON *sshfs_mount_json(const struct sshfs_mount *m);
/* Checked like a stranger's; strings in `a`. EINVAL. */
int sshfs_mount_parse(const struct cJSON *json, struct arena *a, struct sshfs_mount *out, struct error *err);

/* What the command says on stderr when the folder can be used. */
#define SSHFS_MOUNTED "lima: mounted"

/*
 * The command for the guest's login shell: takes away what an agent before us left
 * mounted there, makes the mount point, the user's, and becomes sshfs. It waits for
 * the boot scripts (`iid`: what their markers hold). What goes wrong is told on stderr.
 */
void sshfs_mount_command(struct buf *out, const struct sshfs_mount *m, const char *iid);
/* The command that takes it away again; a mount that is not there is success. */
void sshfs_unmount_command(struct buf *out, const struct sshfs_mount *m);

/* sftp-server(8) of the host, in PATH or where OpenSSH's packages put it; to free; NULL with ENOENT, and the package's name. */
char *sshfs_server(struct error *err);
