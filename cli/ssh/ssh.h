/*
 * cli/ssh/ssh.h - the ssh program on the way into a guest: for shell, copy, tunnel.
 *
 * The options come from the instance's ssh.config (resources/sshconfig.c), which is
 * what users give to `ssh -F` too; $SSH may name another program, with arguments.
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
/* "instance `X` is stopped, run `limactl start X` ..." */
int guest_not_stopped(const struct instance *i, struct error *err);

/* $SSH split into words, or "ssh". */
void ssh_program(const struct cli *c, struct argv *a);
/* The program, -F CONFIG, and -p PORT where the agent's differs; then options, then ssh_host(), then -- COMMAND. */
int ssh_begin(const struct cli *c, const struct instance *i, struct argv *a, struct error *err);
/*
 * What ssh.config says of the guest, as "Key=value" for `ssh -o`, in order; NULL-terminated, in i's arena.
 * Of an instance that another Lima made and never started there is none yet: what it would say.
 */
int ssh_options(struct cli *c, struct instance *i, const char *const **out, struct error *err);
/* The name of the guest in its ssh.config; in a's arena. */
const char *ssh_host(const struct instance *i, struct arena *a);

/* Replaces this process; returns only on failure. */
int exec_argv(const struct argv *a, struct error *err);
/* Runs with our own stdin, stdout and stderr: the exit status (128 + N for signal N), or -1. */
int run_argv(const struct cli *c, const struct argv *a, struct error *err);
