/* cli/ssh/shell_script.h - the one line that `limactl shell` has the guest's sshd run. Pure. */
#pragma once
#include <stddef.h>

struct buf;

struct shell_script {
	const char *change_dir;		/* "cd ..." or "false" */
	const char *const *env;		/* "K=V" to hand on, NULL-terminated; or NULL */
	const char *shell;		/* quoted already */
	char *const *words;		/* the command; none: a login shell */
	size_t nwords;
};

/* CD ; exec [env K=V...] SHELL -l [-c 'WORDS'] */
void shell_script(struct buf *out, const struct shell_script *s);
/* The same for cmd.exe and PowerShell. */
void shell_script_windows(struct buf *out, const struct shell_script *s);
/*
 * Words as one command line: each quoted; leading NAME=value words stay assignments.
 */
void shell_words(struct buf *out, char *const *words, size_t n);
