/*
 * cli/ssh/copy_program.h - a copy by a program, scp or rsync: the words of its command line, and what it needs of the guests.
 */
#pragma once
#include <stddef.h>

#include "base/mem.h"
#include "base/proc.h"
#include "cli/cli.h"
#include "cli/ssh/copy_paths.h"
#include "cli/ssh/ssh.h"

/* One argument of the command line, with its instance. */
struct side {
	struct copy_path at;
	struct instance *guest;		/* NULL: this host */
	struct sftp *link;		/* to the guest, where no program copies */
};

struct copy {
	struct cli *cli;
	struct arena arena;
	struct side *v;
	size_t n;
	struct instance *guests;	/* each once */
	size_t nguests;
	char *config;			/* for ssh -F, of all guests together; NULL: of one, whose options are words */
};

/* Several guests need a file, in which each has its own name, port and user. */
int copy_program_config(struct copy *k, struct error *err);
/* The command line of the one or the other, behind copy_program_config(). */
int copy_program_scp(struct copy *k, struct argv *a, struct error *err);
int copy_program_rsync(struct copy *k, struct argv *a, struct error *err);
/* Has each of the guests an rsync? ENOENT: one has none, or cannot be asked. */
int copy_program_in_guests(struct copy *k, struct error *err);
