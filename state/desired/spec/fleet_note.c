/*
 * The note in an instance's folder of whose it is: lines of a word and a value, which a fleet's apply wrote.
 *
 * The folder is the truth of an instance, so whose it is stands there, and survives the database.
 */
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "state/desired/spec/loaded.h"
#include "state/desired/template/name.h"

enum { MAX_NOTE = 1 << 20 };

void
spec_join_fleet(struct spec *s, const struct spec_member *m)
{
	struct arena *a = &loaded_of(s)->arena;

	s->fleet = arena_strdup(a, m->fleet);
	/* The note has one line, so a path with a line break is left out. */
	s->fleet_file = strchr(m->file, '\n') ? "" : arena_strdup(a, m->file);
	s->short_name = arena_strdup(a, m->short_name);
	s->depends = arena_alloc(a, (m->ndepends + 1) * sizeof *s->depends);
	s->ndepends = m->ndepends;
	for (size_t i = 0; i < m->ndepends; i++)
		s->depends[i] = (struct spec_depend){ arena_strdup(a, m->depends[i].name), m->depends[i].restart };
}

void
spec_fleet_text(const struct spec *s, struct buf *out)
{
	buf_addf(out, "fleet %s\nfile %s\n", s->fleet, s->fleet_file);
	if (*s->short_name)
		buf_addf(out, "known-as %s\n", s->short_name);
	for (size_t i = 0; i < s->ndepends; i++)
		buf_addf(out, "%s %s\n", s->depends[i].restart ? "restart-with" : "after", s->depends[i].name);
}

static bool
word_is(const char *line, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(line, word, len);
}

static void
fleet_note_line(struct arena *a, struct spec_member *m, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len), *value;
	size_t word = space ? (size_t)(space - line) : len;
	bool restart = word_is(line, word, "restart-with");

	value = space ? arena_memdup(a, space + 1, len - word - 1) : "";
	if (word_is(line, word, "fleet"))
		m->fleet = value;
	else if (word_is(line, word, "file"))
		m->file = value;
	else if (name_check(value, NULL) < 0)
		return;
	else if (word_is(line, word, "known-as"))
		m->short_name = value;
	else if (restart || word_is(line, word, "after"))
		m->depends[m->ndepends++] = (struct spec_depend){ value, restart };
}

int
spec_fleet_read(struct arena *a, const char *dir, struct spec_member *out, struct error *err)
{
	auto_free char *path = xasprintf("%s/" SPEC_FLEET_FILE, dir);
	static const struct spec_member nobodys = { .fleet = "", .file = "", .short_name = "" };
	AUTO(buf) text = BUF_INIT;
	struct error why = { 0 };
	size_t lines = 0;
	int there = fs_read_if(path, &text, MAX_NOTE, &why);

	/* What is no file, such as a folder of that name, belongs to the user. */
	if (there < 0 && why.code != EINVAL) {
		if (err)
			*err = why;
		return -1;
	}
	for (const char *p = text.s; *p; p++)
		lines += *p == '\n';
	*out = nobodys;
	out->depends = arena_alloc(a, (lines + 2) * sizeof *out->depends);
	for (const char *p = text.s; *p; p += *p == '\n') {
		size_t len = strcspn(p, "\n");

		fleet_note_line(a, out, p, len);
		p += len;
	}
	if (!*out->fleet || identifier_fault(a, out->fleet))
		*out = nobodys;
	return 0;
}
