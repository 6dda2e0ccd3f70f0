/*
 * cli/ssh/copy_sftp.h - copying without another program: SFTP over libssh2, where neither rsync nor scp is there.
 *
 * What goes where is scp's rule: into the target if that is a folder, else under its name; links are followed. A file of
 * the host appears whole or not at all. A terminal shows how far it is.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct cli;
struct error;
struct sftp;

/* One argument of the command line. */
struct copy_end {
	struct sftp *guest;	/* NULL: this host */
	const char *path;
};

struct copy_sftp {
	struct cli *cli;
	bool recursive, verbose;
	bool progress;		/* draw it on stderr */
	const struct guarded *guarded;	/* folders of the host that guests write: no link in them leads anywhere */
};

/* Sources ends[0..n-1), target ends[n-1]. */
int copy_sftp(const struct copy_sftp *how, const struct copy_end *ends, size_t n, struct error *err);
