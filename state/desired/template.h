/*
 * state/desired/template.h - from what the user names to the text of a lima.yaml:
 * locators, `base:` templates, embedded scripts, `--set`.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "state/desired/name.h"
#include "state/desired/spec.h"

struct error;

struct template {
	char *text;		/* YAML, NUL-terminated */
	size_t len;
	char *path;		/* as named in messages: a path, URL or "stdin" */
	char *name;		/* the instance name it suggests; "" if none */
};

void template_release(struct template *t);

/*
 * Reads the template that `locator` names (a path, `-`, file:, http(s):, template:NAME,
 * github:, an image) and embeds its bases and scripts, so that it stands alone.
 * Relative local `images[].location` (and kernel, initrd, archives) that exist relative to
 * the template's folder become absolute paths.
 */
int template_load(struct template *out, const char *locator, const struct spec_opts *opts, struct error *err);
/* Applies `--set` expressions, in order; comments and order of the text survive. */
int template_set(struct template *t, const char *const *exprs, size_t n, struct error *err);
