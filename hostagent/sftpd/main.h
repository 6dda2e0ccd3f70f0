/*
 * hostagent/sftpd/main.h - a folder of the host, served by SFTP on standard input and output.
 *
 *	lima-hostagent sftp ro|rw|ro-follow|rw-follow FOLDER HOME
 *
 * The folder is open as descriptor 3, by whoever has seen to it that it is the one that was meant (base/guarded.h); FOLDER is
 * what the guest calls it. HOME is LIMA_HOME: the keys of all instances, which a mount of a folder above it does not show.
 *
 * A process of its own beside the host agent, since it waits for files, and whatever a guest makes of it ends there.
 * No library has this: libssh2 is a client, and libssh's server wants an SSH session of its own under it; OpenSSH's
 * program serves any path that it is asked for.
 */
#pragma once

#define SFTPD_WORD "sftp"
#define SFTPD_FOLDER_PATH "/proc/self/fd/3"

enum { SFTPD_FOLDER_FD = 3 };

/* What it says by its exit status, beside 0. */
enum sftpd_exit {
	SFTPD_NONSENSE = 1,	/* the other end speaks no SFTP, or has gone */
	SFTPD_NO_FOLDER = 3,
	SFTPD_OLD_KERNEL = 4,	/* no openat2: before Linux 5.6 */
	SFTPD_NO_WALLS = 5,	/* walls.h: the kernel has them, and did not let it have them */
};

/* `argv` from the word on. Returns the exit status. */
int sftpd_main(char **argv);
