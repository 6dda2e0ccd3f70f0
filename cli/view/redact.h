/*
 * cli/view/redact.h - what is handed to strangers, without secrets: keys, tokens, passwords, and what stands in a lima.yaml's env and
 * param under a name that speaks of one.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct error;
struct redact;

/* NULL with `err`: the patterns cannot be compiled. */
struct redact *redact_new(struct error *err);
void redact_free(struct redact *r);
/* A value that is one wherever it stands; each line of it. What has fewer than four characters is none. */
void redact_add(struct redact *r, const char *value);
/* Does a variable of this name hold a secret, by its name? */
bool redact_is_secret(const struct redact *r, const char *name);
/* Appends the text, with REDACTED in the place of each. */
int redact_text(const struct redact *r, const char *text, size_t len, struct buf *out, struct error *err);
