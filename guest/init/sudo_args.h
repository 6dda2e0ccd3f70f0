/*
 * guest/init/sudo_args.h - sudo's command line, as far as this guest knows it.
 */
#pragma once
#include <stdbool.h>

struct error;

struct sudo_args {
	bool login;			/* -i */
	bool shell;			/* -s */
	bool keep_env;			/* -E, --preserve-env */
	bool validate;			/* -v, -k, -K, -l: nothing is run */
	bool help, version;
	const char *user;		/* -u; "root" */
	const char *group;		/* -g; NULL: the user's */
	const char *chdir;		/* -D; NULL */
	const char *keep_list;		/* --preserve-env=A,B; NULL */
	char **assign;			/* NAME=VALUE words before the command, n_assign of them */
	int n_assign;
	char **command;			/* NULL-terminated, may be empty */
};

/* `argv` is kept by reference. */
int sudo_args_parse(int argc, char **argv, struct sudo_args *a, struct error *err);
