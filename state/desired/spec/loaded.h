/* state/desired/spec/loaded.h - what is behind a spec; for the files of this folder only. */
#pragma once
#include <stddef.h>

#include "base/mem.h"
#include "state/desired/spec/spec.h"

struct host;
struct load;
struct origin;
struct source;
struct val;

struct loaded {
	struct arena arena;
	struct spec spec;
	struct val *root;		/* the filled values; NULL for spec_bare */
	const struct source *src;
	struct host *host;		/* some defaults are its strings; NULL if the caller's was used */
};

static inline struct loaded *
loaded_of(const struct spec *s)
{
	return (struct loaded *)((char *)s - offsetof(struct loaded, spec));
}

struct spec_from {
	const char *name;	/* of the instance */
	const char *path;	/* in messages */
	const char *yaml;
	size_t len;
	const struct origin *origin;	/* of the text's lines, or NULL */
	size_t norigin;
	const struct node *root;	/* the text, read already; or NULL */
	const char *stamp;
	bool unchecked;		/* filled only */
	bool bare;		/* there is no instance: a template is looked at for its own sake */
};

int spec_load_from(struct spec **out, const struct spec_from *from, const struct spec_opts *opts, struct error *err);
/* What no row of the table says: images that fit, tags, ports of sockets, proxies, the driver's defaults. */
void spec_complete(struct load *l, struct spec *s);
/* Sets all strings that are NULL to "". */
void spec_blank(struct spec *s);
