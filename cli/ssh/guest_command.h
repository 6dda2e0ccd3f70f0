/*
 * cli/ssh/guest_command.h - the ssh command line that runs words in a guest: for shell and exec.
 *
 * Both have the flags of guest_command_flags, which are read here.
 */
#pragma once
#include "cli/ssh/ssh.h"

struct buf;
struct error;

extern const struct flag guest_command_flags[];	/* --shell, --workdir, --reconnect, --preserve-env, --start */

/* As guest_look(), for one instance. */
int guest_command_look(struct cli *c, const char *name, struct instance *out, struct error *err);
/* --reconnect: asks the shared connection to go; a socket without one is only in the way, and is removed. */
int guest_command_drop_master(const struct cli *c, const struct instance *i, struct error *err);
/* What sshd is to run, for the words in the folder `dir` of the guest; NULL: that of --workdir, or ours if it is mounted there. */
int guest_command_script(struct cli *c, struct instance *i, const char *dir, char *const *words, size_t n, struct buf *out,
			 struct error *err);
/* ssh, its options and that script. */
int guest_command_ssh(struct cli *c, struct instance *i, const char *script, bool terminal, struct argv *a, struct error *err);
