/*
 * hostagent/sftpd/main.h - a folder of the host, served by SFTP on standard input and output.
 *
 *	lima-hostagent sftp ro|rw|ro-follow|rw-follow FOLDER
 *
 * A process of its own beside the host agent, since it waits for files, and whatever a guest makes of it ends there.
 * No library has this: libssh2 is a client, and libssh's server wants an SSH session of its own under it; OpenSSH's
 * program serves any path that it is asked for.
 */
#pragma once

#define SFTPD_WORD "sftp"

/* What it says by its exit status, beside 0. */
enum sftpd_exit {
	SFTPD_NONSENSE = 1,	/* the other end speaks no SFTP, or has gone */
	SFTPD_NO_FOLDER = 3,
	SFTPD_OLD_KERNEL = 4,	/* no openat2: before Linux 5.6 */
};

/* `argv` from the word on. Returns the exit status. */
int sftpd_main(char **argv);
