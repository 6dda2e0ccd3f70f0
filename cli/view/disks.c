#include "cli/view/disks.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/size.h"
#include "base/some.h"
#include "reconciler/plan.h"

enum { TOLD = 8 };

struct made {
	const struct resource *disk;
	const struct resource *base;	/* NULL: it is a copy */
	const struct resource *image;
};

/* Each disk that is to be made. */
static struct made *
disks_made(const struct plan *p, size_t *n)
{
	struct made *v = xcalloc(p->n + 1, sizeof *v);

	*n = 0;
	for (size_t i = 0; i < p->n; i++) {
		const struct resource *r = p->v[i]->res;
		struct made m = {.disk = r};

		if (p->v[i]->verb != ENSURE || r->present || strcmp(r->type->name, "disk") != 0)
			continue;
		m.base = resource_needed(r, "base");
		m.image = m.base ? resource_needed(m.base, "image") : resource_needed(r, "image");
		if (m.image)
			v[(*n)++] = m;
	}
	return v;
}

/* What the base takes, or the image whose bytes it will have; 0: that is not here yet. */
static unsigned long long
disks_bytes(const struct made *m)
{
	const char *path = m->base ? facts_get(&m->base->have, "path") : NULL;
	struct stat st;

	if (!path)
		path = facts_get(&m->image->have, "path");
	return path && stat(path, &st) == 0 ? (unsigned long long)st.st_blocks * 512 : 0;
}

static void
disks_line(struct buf *out, const struct made *v, size_t n, const struct made *first)
{
	unsigned long long bytes = disks_bytes(first);
	AUTO(arena) a = {0};
	size_t told = 0;

	for (const struct made *m = first; m < v + n; m++)
		if (m->base == first->base && some_next(out, told++, TOLD))
			buf_adds(out, m->disk->owner);
	some_end(out, told, TOLD);
	buf_addf(out, told == 1 ? ": the disk shares" : ": the disks share");
	if (bytes)
		buf_addf(out, " %s of", size_text(&a, bytes));
	buf_addf(out, " %s, which is %s (`diskMode`).\n", first->image->name, first->base->present ? "here already" : "kept once");
}

void
disks_text(struct buf *out, const struct plan *p)
{
	size_t n;
	struct made *v = disks_made(p, &n);

	for (size_t i = 0; i < n; i++) {
		bool first = v[i].base != NULL;

		for (size_t k = 0; k < i && first; k++)
			first = v[k].base != v[i].base;
		if (first)
			disks_line(out, v, n, &v[i]);
	}
	free(v);
}

void
disks_json(struct cJSON *root, const struct plan *p)
{
	cJSON *all = cJSON_AddObjectToObject(root, "disks");
	size_t n;
	struct made *v = disks_made(p, &n);

	for (size_t i = 0; i < n; i++) {
		cJSON *o = cJSON_AddObjectToObject(all, v[i].disk->owner);
		unsigned long long bytes = disks_bytes(&v[i]);

		cJSON_AddStringToObject(o, "from", v[i].image->name);
		cJSON_AddStringToObject(o, "how", v[i].base ? "shared" : "copy");
		if (bytes)
			cJSON_AddNumberToObject(o, "bytes", (double)bytes);
	}
	free(v);
}
