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
#include <stdint.h>
#include <stdio.h>
#include "base/mem.h"
#include "cli/cancel.h"
#include "cli/spec_opts.h"
#include "reconciler/env.h"
#include "state/desired/spec/secrets.h"
#include "state/desired/spec/spec.h"

struct error;
struct cli;

enum flag_type {
	FLAG_BOOL,	/* never takes the next word; --x=false */
	FLAG_INT,	/* decimal, 0x.. */
	FLAG_FLOAT,
	FLAG_STRING,
	FLAG_STRINGS,	/* repeatable and split at commas (pflag: stringSlice) */
	FLAG_ARRAY,	/* repeatable, never split (pflag: stringArray) */
	FLAG_DURATION,	/* 90s, 10m, 1h30m: nanoseconds, by cli_int */
	FLAG_PORT,	/* 0 to 65535 */
	FLAG_IPS,	/* as FLAG_STRINGS, of IP addresses */
	FLAG_PAIRS,	/* as FLAG_STRINGS, of k=v */
};

#define NS_PER_S 1000000000LL	/* FLAG_DURATION counts nanoseconds */

struct flag {
	const char *name;	/* NULL ends a table */
	char letter;		/* 0: none */
	enum flag_type type;
	const char *def;	/* default as text; NULL: the type's zero */
	const char *about;	/* one line for --help */
	enum { FLAG_HIDDEN = 1, FLAG_EXPERIMENTAL = 2, FLAG_REQUIRED = 4 } how;
	/* what to offer: "@instance", "@template", "@disk", "@network", "@address", "@file", "@dir", or words apart by blanks */
	const char *complete;
	const struct flag *include;	/* instead of all above, with name "": the flags of another table */
};

struct command {
	const char *name;
	const char *parent;		/* "disk" for `limactl disk create`; NULL: top level */
	const char *aliases;		/* words apart by blanks, or NULL */
	const char *suggest_for;	/* words of other programs that mean this one: "ssh"; or NULL */
	enum { GROUP_BASIC, GROUP_ADVANCED, GROUP_OTHER, GROUP_HIDDEN } group;
	const char *args;		/* "INSTANCE [CMD...]", for the usage line */
	const char *about;		/* one line */
	const char *details;		/* paragraphs for --help and the manual, or NULL */
	const char *example;		/* or NULL */
	const char *complete;		/* of positionals, as in struct flag; for each of them */
	const struct flag *flags;	/* or NULL */
	const struct flag *more_flags;	/* a table shared with others, or NULL */
	int min_args, max_args;		/* max -1: any number */
	int names;			/* with `complete` "@instance": how many of the positionals name what is there; 0: all */
	bool stop_at_first_arg;		/* `shell`: what follows the first positional is not ours */
	bool dash_command;		/* `exec`: what follows `--` is a guest's command, and names nothing of ours */
	bool raw;			/* all words behind its name are arguments, flags too */
	bool light;			/* may run without a Lima home (completion, --help) */
	bool strict;			/* has --lenient; without it, what upstream only warns of in a lima.yaml is an error */
	bool creates;			/* makes instances: root is told what that means */
	bool quick;			/* only looks: Ctrl-C just ends it; others have env.cancel set */
	/* The exit status, or -1 with err. NULL: a group, whose commands name it as `parent`. */
	int (*run)(struct cli *c, struct error *err);
};

struct cli {
	const struct command *command;
	struct env env;
	int nargs;
	char **args;			/* positionals, NULL-terminated */
	char **raw;			/* all that was given behind the program's name, as it was */
	int nraw;
	int dash_at;			/* how many of them stood before `--`; -1: there was none */
	struct flag_values *values;	/* of flags.c */
	bool tty;			/* may we ask questions */
	bool stderr_tty;
	bool color;			/* stderr is a terminal, and NO_COLOR is not set */
	bool log_json;
	bool log_known;			/* the flags about the log have been read */
	int log_level;			/* enum level: what is below is not said; above SAY_ERROR: FATAL, then none */
	int64_t began_ms;		/* CLOCK_MONOTONIC */
	const char *argv0;
	const char *argv_text;		/* the command line, for the journal */
	const char *const *template_dirs;	/* once cli_spec_opts() was called */
	const char *const *drivers;	/* the same */
	struct host *host;		/* the same; freed at the end */
	bool lazy;			/* the other half is loaded */
	bool told_root;			/* that the guest user is not root */
	bool told_json;			/* the answer of --json is out */
	const char *complaints;		/* a line for each thing that is wrong in a text, where they are several; NULL: none */
	const char *cache_of_others;	/* the cache that was passed over, to be told when something is fetched; NULL: none, or it was */
	size_t warned;			/* of a lima.yaml, so far */
	struct probe *probe;		/* whose folders answer (cli/view/probe.h); NULL: nobody asked */
	struct told *told;		/* warnings of this run: a file that is read twice has them once */
	struct report *report;		/* what the runs of the engine have come to is noted there; NULL: nobody asked */
	struct round *round;		/* of apply --watch (cli/rounds/round.h): what it rests on, and comes to, is told there; NULL: nobody watches */
	const struct network *networks;	/* of the fleets that were read: a member may name them before networks.yaml does */
	size_t nnetworks;
	struct secrets secrets;		/* of the configurations that were read: nothing that is said or noted has them */
	struct arena arena;		/* for what lives as long as the program; one thread */
};

extern const struct command *const commands[];	/* NULL-terminated, generated */
extern const struct flag global_flags[];

const struct command *command_find(const char *parent, const char *name);	/* also by alias; NULL */
bool command_has_word(const char *words, const char *name);	/* of aliases, suggest_for */

bool cli_given(const struct cli *c, const char *flag);
bool cli_bool(const struct cli *c, const char *flag);
long long cli_int(const struct cli *c, const char *flag);
double cli_float(const struct cli *c, const char *flag);
const char *cli_str(const struct cli *c, const char *flag);	/* "" if not given and without default */
char *const *cli_list(const struct cli *c, const char *flag, size_t *n);

/* Loads the big libraries' half of the program; before the first call into it. */
int cli_lazy(struct cli *c, struct error *err);

/* Names of the instances: folders in $LIMA_HOME, sorted; arena-less, to be freed by names_free. */
struct names {
	char **v;
	size_t n, cap;
};
int names_list(struct names *out, const char *home, struct error *err);
/* "`a`, `b` and 7 more", in c->arena; of no more than `most`. */
const char *names_in_words(struct cli *c, const struct names *n, size_t most);
bool names_has(const struct names *n, const char *name);
void names_release(struct names *n);

/*
 * log: one record on stderr, in the format asked for. From any thread; `env` is that of a
 * struct cli (whose ctx is the cli). Names stand in backticks: `Protected `foo``.
 */
void cli_say(const struct env *env, enum level level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same with fields behind the message, sorted by key. */
struct say_field {
	const char *key;	/* NULL ends */
	const char *value;	/* text */
	bool raw_json;		/* in JSON format `value` is written as it is: "[...]" */
};
void cli_say_with(const struct cli *c, enum level level, const struct say_field *fields, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Of what was written into the home or the cache while its disk was full: how much is free there, and what to do. */
void cli_explain_full(const struct cli *c, struct error *err);
void cli_fatal(struct cli *c, const struct error *err);

/*
 * Text that is not ours alone, on stdout or stderr: to a terminal without what the terminal would obey, to anything
 * else as it is. `s` ends with a NUL behind the `n` bytes. Colours of our own are lost: it is for texts without.
 */
void cli_print(FILE *to, const char *s, size_t n);
/* A line of it on stdout. */
void cli_print_line(const char *s);
void cli_print_colored(FILE *to, const char *s, size_t n);	/* the same of text with colours in it, which stay */
/* %#q of Go, for names in messages: `foo`; the result lives in c->arena. */
const char *cli_tick(struct cli *c, const char *s);
