/*
 * state/desired/template/template.h - from what the user names to the text of a lima.yaml:
 * locators, `base:` templates, embedded scripts, `--set`.
 *
 * Text stays text: comments, order and style survive whatever is done to it, and
 * messages about it name the file and line that a thing came from.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "state/desired/template/name.h"
#include "state/desired/spec/spec.h"

struct error;
struct node;
struct origin;
struct source;

struct template {
	char *text;		/* YAML, NUL-terminated */
	size_t len;
	char *path;		/* as named in messages: a path, URL or "stdin" */
	char *name;		/* the instance name it suggests; "" if none */
	const char **host_uses;	/* what those parts of it that were read from a server name of this host: "URL:3:5: mounts[0].location: `/x`" */
	size_t nhost_uses;
	bool tolerated;		/* of an instance, and no strict reading takes it as it is: what is in it already is no mistake of this run */
	const char *stamp;	/* fs_stamp() of its file when it was read; NULL: it is no file, or, once embedded, not all that went into it */
	const char *made_from, *made_digest;	/* for whoever loads it to note: the user's file, and what that alone says (resources/made_from.h); or NULL */
	/* the rest is for state/desired only */
	char *name_fault;	/* why it suggests none */
	char *locator;		/* resolved */
	struct node *root;	/* what the text said when it was last written from nodes; NULL: never. An editor may have changed the text since */
	struct origin *origin;	/* of each line, once it is composed; NULL */
	size_t norigin;
	struct arena arena;	/* `root`, and what `origin` names */
};

void template_release(struct template *t);

/* Reads the template that `locator` names (locator.h lists the forms), as it is. */
int template_read(struct template *out, const char *locator, const struct spec_opts *opts, struct error *err);
/* Locators in it become absolute, nothing else is done. */
int template_absolute(struct template *t, const struct spec_opts *opts, struct error *err);

enum embed_flags {
	EMBED_ALL = 0,
	EMBED_BUT_TEMPLATES = 1,	/* `template:` locators stay */
	EMBED_CONFIG = 2,		/* _config/base.yaml is the first base */
	EMBED_PIN = 4,			/* what lies beside a file of it (images, kernels, archives) is named by an absolute path */
};
/* Merges the bases in, puts scripts in the place of their files and combines entries of one name. */
int template_embed(struct template *t, enum embed_flags flags, const struct spec_opts *opts, struct error *err);
/* What `t` lacks is taken from `base`, as of a base template; both are embedded. */
int template_merge(struct template *t, const struct template *base, struct error *err);
/* All of it: read, embedded with EMBED_CONFIG and EMBED_PIN. What `create` stores. */
int template_load(struct template *out, const char *locator, const struct spec_opts *opts, struct error *err);
/*
 * Applies `--set` expressions, in order; comments and order of the text survive.
 */
int template_set(struct template *t, const char *const *exprs, size_t n, struct error *err);
/*
 * Puts into `file`, a template as read, what `copy` says otherwise than `made`, which the file makes when it is loaded. Comments and
 * order of the file survive. ERR_REFUSED: loaded again it would not say what the copy says, since it has that from a base or a script's
 * file. Only the text in memory is changed.
 */
int template_write_back(struct template *file, struct template *made, struct template *copy, const struct spec_opts *opts, struct error *err);
/* Do both say the same, comments and order apart? */
int template_same(struct template *x, struct template *y, bool *same, struct error *err);

enum template_spec_flags {
	TEMPLATE_BARE = 1,	/* looked at for its own sake (`validate`), not to become the instance `name` */
	TEMPLATE_UNCHECKED = 2,	/* filled, but not validated */
};
/* The spec of an embedded template; messages name the lines it was composed of. */
int template_spec(struct spec **out, const char *name, const struct template *t, enum template_spec_flags flags,
		  const struct spec_opts *opts, struct error *err);
