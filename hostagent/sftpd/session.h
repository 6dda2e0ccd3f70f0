/*
 * hostagent/sftpd/session.h - one client's packets and their answers: SFTP version 3 with the extensions that sshfs uses.
 *
 * Nothing here reads from or writes to the client, so it can be tried with any bytes at all. It works with files, so
 * it waits for them: not for the host agent's loop.
 */
#pragma once
#include <stddef.h>

#include "hostagent/sftpd/handles.h"
#include "hostagent/sftpd/jail.h"

struct buf;

enum {
	SFTPD_PACKET_MAX = 256 * 1024,		/* after the length; OpenSSH's own limit */
	SFTPD_DATA_MAX = SFTPD_PACKET_MAX - 1024,	/* of one read or write */
};

struct sftpd {
	struct jail jail;
	struct handles handles;
	bool greeted;
};

/*
 * The packet at the beginning of `p` is done, and its answer added to `out` (at most SFTPD_PACKET_MAX + 4 bytes).
 * Returns how much it was; 0: it is not all there yet; -1: this is no SFTP, and nothing more can be said.
 */
ptrdiff_t sftpd_take(struct sftpd *s, const void *p, size_t len, struct buf *out);
void sftpd_release(struct sftpd *s);
