/*
 * cli/args/values.h - the value of a flag from its text, with Go's rules and Go's complaints.
 *
 * Each leaves its result alone and sets why->text when the text is no such value.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;

struct error_text {
	char *text;		/* NULL: no error */
};
void error_text_release(struct error_text *e);

void value_bool(const char *s, bool *out, struct error_text *why);		/* strconv.ParseBool */
void value_int(const char *s, long long *out, struct error_text *why);		/* strconv.ParseInt(s, 0, 64) */
void value_uint(const char *s, int bits, long long *out, struct error_text *why);	/* strconv.ParseUint(s, 0, bits) */
void value_float(const char *s, double *out, struct error_text *why);		/* strconv.ParseFloat */
void value_duration(const char *s, long long *ns, struct error_text *why);	/* time.ParseDuration */
void value_ip(const char *s, struct error_text *why);
/* One record of encoding/csv: a,"b, c",d; appended, strings in the arena. */
void value_csv(const char *s, struct arena *a, char ***list, size_t *n, size_t *cap, struct error_text *why);
