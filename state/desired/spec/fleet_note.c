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
spec_join_fleet(struct spec *s, const char *fleet, const char *file, const struct spec_depend *depends, size_t n)
{
	struct arena *a = &loaded_of(s)->arena;

	s->fleet = arena_strdup(a, fleet);
	/* The note has one line, so a path with a line break is left out. */
	s->fleet_file = strchr(file, '\n') ? "" : arena_strdup(a, file);
	s->depends = arena_alloc(a, (n + 1) * sizeof *s->depends);
	s->ndepends = n;
	for (size_t i = 0; i < n; i++)
		s->depends[i] = (struct spec_depend){ arena_strdup(a, depends[i].name), depends[i].restart };
}

void
spec_fleet_text(const struct spec *s, struct buf *out)
{
	buf_addf(out, "fleet %s\nfile %s\n", s->fleet, s->fleet_file);
	for (size_t i = 0; i < s->ndepends; i++)
		buf_addf(out, "%s %s\n", s->depends[i].restart ? "restart-with" : "after", s->depends[i].name);
}

struct note {
	struct arena *a;
	const char *fleet, *file;
	struct spec_depend *depends;
	size_t ndepends;
};

static void
fleet_note_line(struct note *n, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len), *value;
	size_t word = space ? (size_t)(space - line) : len;
	bool restart = word == 12 && !memcmp(line, "restart-with", 12);

	value = space ? arena_memdup(n->a, space + 1, len - word - 1) : "";
	if (word == 5 && !memcmp(line, "fleet", 5))
		n->fleet = value;
	else if (word == 4 && !memcmp(line, "file", 4))
		n->file = value;
	else if ((restart || (word == 5 && !memcmp(line, "after", 5))) && name_check(value, NULL) == 0)
		n->depends[n->ndepends++] = (struct spec_depend){ value, restart };
}

int
spec_fleet_read(struct arena *a, const char *dir, const char **fleet, const char **file, struct spec_depend **depends, size_t *n,
		struct error *err)
{
	auto_free char *path = xasprintf("%s/" SPEC_FLEET_FILE, dir);
	struct note note = { .a = a, .fleet = "", .file = "" };
	AUTO(buf) text = BUF_INIT;
	struct error why = { 0 };
	size_t lines = 0;
	int there = fs_read_if(path, &text, MAX_NOTE, &why);

	/* A folder of that name belongs to the user. */
	if (there < 0 && why.code != EISDIR && why.code != ERR_INVALID) {
		if (err)
			*err = why;
		return -1;
	}
	for (const char *p = text.s; *p; p++)
		lines += *p == '\n';
	note.depends = arena_alloc(a, (lines + 2) * sizeof *note.depends);
	for (const char *p = text.s; *p; p += *p == '\n') {
		size_t len = strcspn(p, "\n");

		fleet_note_line(&note, p, len);
		p += len;
	}
	if (*note.fleet && identifier_fault(a, note.fleet))
		note.fleet = "";
	*fleet = note.fleet;
	*file = note.file;
	*depends = note.depends;
	*n = *note.fleet ? note.ndepends : 0;
	return 0;
}
