#include "resources/engine_note.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"

enum { NOTE_MAX = 4096 };

bool
engine_note_parse(const char *line, struct arena *a, struct engine_note *out)
{
	char key[129], digest[129], fleet[129], by[257], rest;
	long long generation;

	*out = (struct engine_note){ 0, "", "", "", "" };
	if (sscanf(line, "%lld %128s %128s %128s %256s %c", &generation, key, digest, fleet, by, &rest) != 5 || generation < 1)
		return false;
	*out = (struct engine_note){ generation, arena_strdup(a, key), arena_strdup(a, digest), arena_strdup(a, fleet), arena_strdup(a, by) };
	return true;
}

static int
note_line(const char *dir, struct buf *line, struct error *err)
{
	auto_free char *path = xasprintf("%s/" ENGINE_NOTE_FILE, dir);
	int there = fs_read_if(path, line, NOTE_MAX, err);

	if (line->len && line->s[line->len - 1] == '\n')
		buf_truncate(line, line->len - 1);
	return there;
}

int
engine_note_read(const char *dir, struct arena *a, struct engine_note *out, struct error *err)
{
	AUTO(buf) line = BUF_INIT;

	if (note_line(dir, &line, err) < 0)
		return -1;
	engine_note_parse(line.s, a, out);
	return 0;
}

/* The same key is the same job, whoever comes again with it; else it must rest on what there is. */
enum cost
engine_note_judge(const char *have, const char *want)
{
	AUTO(arena) a = { 0 };
	struct engine_note is, to;

	engine_note_parse(have, &a, &is);
	engine_note_parse(want, &a, &to);
	if (!strcmp(is.key, to.key))
		return COST_NONE;
	return is.generation + 1 == to.generation ? COST_UPDATE : COST_REFUSE;
}

int
engine_note_observe(const struct resource *r, const char *dir, struct facts *have, struct arena *a, struct error *err)
{
	AUTO(buf) line = BUF_INIT;

	if (!facts_get(&r->want, ENGINE_NOTE_ATTR))
		return 0;
	if (note_line(dir, &line, err) < 0)
		return -1;
	facts_set(have, a, ENGINE_NOTE_ATTR, line.len ? arena_strdup(a, line.s) : NULL);
	return 0;
}

int
engine_note_write(const struct resource *r, const char *dir, struct error *err)
{
	const char *want = facts_get(&r->want, ENGINE_NOTE_ATTR);
	auto_free char *path = xasprintf("%s/" ENGINE_NOTE_FILE, dir), *line = xasprintf("%s\n", want ? want : "");

	if (!want)
		return 0;
	return fs_make_room(path, err) < 0 ? -1 : fs_write(path, line, strlen(line), 0600, err);
}
