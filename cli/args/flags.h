/*
 * cli/args/flags.h - words of the command line into values, as spf13/pflag does it.
 *
 * --name value, --name=value, -n value, -nvalue, -n=value, clusters of short
 * booleans, `--`. Messages are those of pflag, since scripts know them.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "cli/cli.h"

struct error;

struct flag_value {
	const struct flag *flag;
	bool given;
	bool b;
	long long i;
	double d;
	const char *s;		/* as written; "" if not given and without default */
	char **list;
	size_t n, cap;
};

struct flag_values {
	struct flag_value *v;
	size_t n, cap;
	struct arena arena;
};

/* Takes in a table and those it includes; a name that is there already is kept. */
void flags_add(struct flag_values *f, const struct flag *table);
void flag_values_release(struct flag_values *f);
struct flag_value *flags_long(const struct flag_values *f, const char *name, size_t len);
struct flag_value *flags_short(const struct flag_values *f, char letter);

/*
 * Parses words[0..n), moving what is no flag to the front; returns how many those are
 * in *nargs, and in *dash_at how many of them stood before `--` (-1: no such word).
 */
int flags_parse(struct flag_values *f, char **words, int n, bool stop_at_first_arg,
		int *nargs, int *dash_at, struct error *err);
/* "required flag(s) "size" not set" */
int flags_required(const struct flag_values *f, struct error *err);
/* Does `word` take the next one as its value, for all we know of it? To find the command's name among flags. */
bool flags_eats_next(const struct flag_values *f, const char *word);

const char *flag_type_name(const struct flag *f);	/* "string"; "" for a bool */
