/*
 * state/desired/spec/secrets.h - values that a lima.yaml calls secret: of the variables and parameters that `secrets` names.
 *
 * They go into the guest, and stand in lima.yaml itself. In what is shown of an instance, or kept beside it (plans, the
 * journal, events), there is a word in the place of each, also where it has got into another text by way of {{.Param.NAME}}.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct cJSON;

struct secrets {
	char **v;		/* the longest first: one may be a part of another */
	size_t n, cap;
};

void secrets_release(struct secrets *s);
/* Those of a filled configuration (spec->json). */
void secrets_add(struct secrets *s, const char *json);
/* A value, each of its lines, and how these are written by a shell, JSON and YAML where they have to be quoted. */
void secrets_add_value(struct secrets *s, const char *value);
/*
 * Appends the text with "(secret)" in the place of each; with a salt, "(secret DIGEST)", which tells equal ones from others.
 * What has fewer than four characters is only hidden where it is all there is.
 */
void secrets_hide(const struct secrets *s, const char *text, const char *salt, struct buf *out);
/* The same of all texts in a tree of JSON, but its names. */
void secrets_hide_json(const struct secrets *s, struct cJSON *root, const char *salt);
/* A filled configuration with them hidden, to be freed; NULL: it has none. */
char *secrets_masked(const char *json, const char *salt);
/* Appends the text with "(secret)" for each "(secret DIGEST)". */
void secrets_forget_digests(const char *text, struct buf *out);
