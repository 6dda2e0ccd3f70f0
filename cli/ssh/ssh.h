/*
 * cli/ssh/ssh.h - the ssh program on the way into a guest: for shell, copy, tunnel.
 *
 * The options are those of the instance's ssh.config (resources/sshconfig.c), made anew; $SSH may name another
 * program, with arguments.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "cli/view/instance.h"

struct buf;
struct error;

struct argv {
	struct arena arena;
	const char **v;		/* NULL-terminated */
	size_t n, cap;
	bool to_guest;		/* it speaks with a guest: it gets what ssh needs of our environment, and no new privileges */
};

void argv_release(struct argv *a);
void argv_add(struct argv *a, const char *word);	/* copied */
/* All of them as one word, which a shell or rsync cuts into the same again. */
void argv_words(const struct argv *a, struct buf *out);
void argv_addf(struct argv *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * The instance that `name` means, for a command that goes into the guest: 0, or -1 with
 * upstream's words for "no such instance". What is wrong with its lima.yaml is logged.
 */
int guest_look(struct look *l, const char *name, struct instance *out, struct error *err);
bool guest_is_down(const struct instance *i);	/* stopped or suspended: `start` brings it up */
/* "instance `X` is stopped, run `limactl start X` ..." */
int guest_not_stopped(const struct instance *i, struct error *err);

/* $SSH split into words, or "ssh". */
void ssh_program(const struct cli *c, struct argv *a);
/*
 * What ssh is to know of the guest, as "Key=value" for `ssh -o`, in order; NULL-terminated, in `a`. Made of what the
 * instance is configured to, not read from its ssh.config, which anybody may have edited. `ask`: ssh_access_options().
 */
int ssh_options(const struct cli *c, const struct instance *i, struct arena *a, bool ask, const char *const **out,
		struct error *err);
/* The private keys that these options name; NULL-terminated, in `a`. */
const char *const *ssh_keys(const struct cli *c, const struct instance *i, struct arena *a, size_t *n);
/* -F /dev/null and these options, for ssh and scp. */
int ssh_add_options(const struct cli *c, const struct instance *i, struct argv *a, struct error *err);
/* The program and these; then further options, then ssh_host(), then -- COMMAND. */
int ssh_begin(const struct cli *c, const struct instance *i, struct argv *a, struct error *err);
/* What the guest is called on ssh's command line. */
const char *ssh_host(const struct instance *i);

/* As proc_run(), with the environment that it is to have. */
struct proc_opts;
int proc_run_argv(const struct argv *a, const struct proc_opts *o, struct error *err);

/* Replaces this process; returns only on failure. */
int exec_argv(const struct argv *a, struct error *err);
/* Runs with our own stdin, stdout and stderr: the exit status (128 + N for signal N), or -1. */
int run_argv(const struct cli *c, const struct argv *a, struct error *err);
