/* What generations there are, and where their disks are (generation.h) */
#include "resources/generation.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "resources/at_stake.h"

enum { NOTE_MAX = 4096, CHAIN_MAX = 1000 };

void
generations_release(struct generations *g)
{
	free(g->v);
	*g = (struct generations){ 0 };
}

char *
generation_path(const char *dir, int number, const char *file)
{
	return xasprintf("%s/" GENERATIONS "/%d%s%s", dir, number, file ? "/" : "", file ? file : "");
}

const char *
generation_tag(char out[32], int number)
{
	snprintf(out, 32, GENERATION_TAG "%d", number);
	return out;
}

static uint64_t
generation_bytes(const char *dir, int number)
{
	auto_free char *disk = generation_path(dir, number, "disk"), *text = generation_path(dir, number, "lima.yaml");

	return at_stake_in(disk) + at_stake_in(text);
}

/* What a note lacks is not known. */
static int
generation_read(const char *dir, struct generation *g, struct error *err)
{
	auto_free char *note = generation_path(dir, g->number, "note"), *disk = generation_path(dir, g->number, "disk");
	AUTO(buf) text = BUF_INIT;
	int kept = 0, there = fs_look(disk, NULL, err);

	if (there < 0 || fs_read_if(note, &text, NOTE_MAX, err) < 0)
		return -1;
	if (text.len)
		sscanf(text.s, "run %" SCNd64 "\nwhen %" SCNd64 "\nin %d\nsnapshot %d", &g->run, &g->when_s, &g->in, &kept);
	g->snapshot = kept;
	g->has_disk = there > 0;
	g->bytes = generation_bytes(dir, g->number);
	return 0;
}

static int
generation_by_number(const void *a, const void *b)
{
	return ((const struct generation *)a)->number - ((const struct generation *)b)->number;
}

int
generations_read(struct generations *g, const char *dir, struct error *err)
{
	auto_free char *path = xasprintf("%s/" GENERATIONS, dir);
	auto_dir DIR *d = opendir(path);

	*g = (struct generations){ 0 };
	if (!d)
		return errno == ENOENT ? 0 : error_errno(err, "open %s", path);
	for (struct dirent *e; (e = readdir(d));) {
		struct generation one = { 0 };
		char *end;
		long number = strtol(e->d_name, &end, 10);

		if (number <= 0 || number > INT32_MAX || *end)
			continue;
		one.number = (int)number;
		if (generation_read(dir, &one, err) < 0)
			return -1;
		GROW(g->v, g->n, g->cap);
		g->v[g->n++] = one;
	}
	if (g->n)
		qsort(g->v, g->n, sizeof *g->v, generation_by_number);
	return 0;
}

const struct generation *
generations_find(const struct generations *g, int number)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].number == number)
			return &g->v[i];
	return NULL;
}

struct generation_disk
generation_disk(const struct generations *g, const struct generation *of)
{
	struct generation_disk d = { 0 };

	for (int i = 0; of && i < CHAIN_MAX; i++) {
		if (of->snapshot && !of->has_disk && !d.snapshot)
			d.snapshot = of;
		if (of->has_disk) {
			d.file = of;
			break;
		}
		of = of->in ? generations_find(g, of->in) : NULL;
	}
	return d;
}

static bool
name_is_half(const char *name)
{
	size_t len = strlen(name), end = strlen(".tmp");

	return len > end && !strcmp(name + len - end, ".tmp");
}

/* In that folder, and in the folders in it. */
static int
half_in(const char *path, int deep, bool takes, struct error *err)
{
	auto_dir DIR *d = opendir(path);
	int found = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		auto_free char *one = xasprintf("%s/%s", path, e->d_name);
		int here = name_is_half(e->d_name);

		if (*e->d_name == '.' && !here)
			continue;
		if (here && takes && fs_remove_tree(one, err) < 0)
			return -1;
		if (!here && deep > 0 && (here = half_in(one, deep - 1, takes, err)) < 0)
			return -1;
		found |= here;
	}
	return found;
}

int
generations_half(const char *dir, bool takes, struct error *err)
{
	auto_free char *path = xasprintf("%s/" GENERATIONS, dir);

	return half_in(path, 1, takes, err);
}
