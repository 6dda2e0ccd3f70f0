/*
 * cli/cli.h - what a command is, and what it is given.
 *
 * One file a command: cli/NAME.c defines `const struct command command_NAME` (a
 * dash becomes an underscore); the build collects them. The tables here are read by the
 * parser, --help, completion and the manual, so a flag is written down once.
 *
 * A command parses words, poses a goal to the engine (cli/run.h) and prints. stdout
 * carries the answer, stderr the talk (cli_say).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "reconciler/env.h"
#include "state/desired/spec.h"

struct error;
struct cli;

enum flag_type {
	FLAG_BOOL,	/* never takes the next word; --x=false */
	FLAG_INT,	/* decimal, 0x.. */
	FLAG_FLOAT,
	FLAG_STRING,
	FLAG_STRINGS,	/* repeatable and split at commas (pflag: stringSlice) */
	FLAG_ARRAY,	/* repeatable, never split (pflag: stringArray) */
	FLAG_DURATION,	/* 90s, 10m, 1h30m */
};

struct flag {
	const char *name;	/* NULL ends a table */
	char letter;		/* 0: none */
	enum flag_type type;
	const char *def;	/* default as text; NULL: the type's zero */
	const char *about;	/* one line for --help */
	enum { FLAG_HIDDEN = 1, FLAG_EXPERIMENTAL = 2, FLAG_REQUIRED = 4 } how;
	const char *complete;	/* what to offer: "instance", "template", "disk", "network", or words apart by blanks */
};

struct command {
	const char *name;
	const char *parent;		/* "disk" for `limactl disk create`; NULL: top level */
	const char *aliases;		/* words apart by blanks, or NULL */
	enum { GROUP_BASIC, GROUP_ADVANCED, GROUP_OTHER, GROUP_HIDDEN } group;
	const char *args;		/* "INSTANCE [CMD...]", for the usage line */
	const char *about;		/* one line */
	const char *details;		/* paragraphs for --help and the manual, or NULL */
	const char *example;		/* or NULL */
	const char *complete;		/* of positionals, as in struct flag */
	const struct flag *flags;	/* or NULL */
	const struct flag *more_flags;	/* a table shared with others, or NULL */
	int min_args, max_args;		/* max -1: any number */
	bool stop_at_first_arg;		/* `shell`: what follows the first positional is not ours */
	bool light;			/* may run without a Lima home (completion, --help) */
	int (*run)(struct cli *c, struct error *err);	/* the exit status, or -1 with err */
};

struct cli {
	const struct command *command;
	struct env env;
	int nargs;
	char **args;			/* positionals */
	struct flag_value *values;	/* of flags.c */
	bool tty;			/* may we ask questions */
	bool color;			/* stderr understands it */
	bool log_json;
	enum level log_level;
	const char *argv_text;		/* the command line, for the journal */
};

extern const struct command *const commands[];	/* NULL-terminated, generated */
extern const struct flag global_flags[];

bool cli_given(const struct cli *c, const char *flag);
bool cli_bool(const struct cli *c, const char *flag);
long long cli_int(const struct cli *c, const char *flag);
double cli_float(const struct cli *c, const char *flag);
const char *cli_str(const struct cli *c, const char *flag);	/* "" if not given and without default */
char *const *cli_list(const struct cli *c, const char *flag, size_t *n);

/* How specs are loaded for this run: home, version, template folders, warnings to the log. */
struct spec_opts cli_spec_opts(struct cli *c);
/* Loads the big libraries' half of the program; before the first call into it. */
int cli_lazy(const struct cli *c, struct error *err);

/* Names of the instances: folders in $LIMA_HOME, sorted; arena-less, to be freed by names_free. */
struct names {
	char **v;
	size_t n, cap;
};
int names_list(struct names *out, const char *home, struct error *err);
void names_release(struct names *n);

/* log: one line on stderr, in the format asked for (reference: logrus text and JSON) */
void cli_say(const struct env *env, enum level level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void cli_fatal(struct cli *c, const struct error *err);
