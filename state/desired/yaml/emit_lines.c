/* The lines of a written tree, and where each of them is from. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "state/desired/yaml/emit.h"
#include "state/desired/yaml/emitter.h"

void
origins_release(struct origins *o)
{
	free(o->v);
	*o = (struct origins){ 0 };
}

static uint32_t
emit_line_of(const struct node *n, uint32_t at)
{
	const char *text = n->src->text;
	uint32_t line = n->line;

	for (uint32_t i = at; i < n->start; i++)
		line -= text[i] == '\n';
	for (uint32_t i = n->start; i < at; i++)
		line += text[i] == '\n';
	return line;
}

void
emit_note_line(struct emitter *e, const struct source *src, uint32_t line, int32_t shift)
{
	struct origins *o = e->origins;
	struct origin from = { .file = src ? src->name : NULL, .line = line, .shift = shift };

	if (!o || (e->out->len && e->out->s[e->out->len - 1] != '\n'))
		return;
	if (src && src->origin && line >= 1 && line <= src->norigin && src->origin[line - 1].file) {
		from = src->origin[line - 1];
		from.shift += shift;
	}
	if (!from.file && o->n)
		from = o->v[o->n - 1];
	GROW(o->v, o->n, o->cap);
	o->v[o->n++] = from;
}

void
emit_blanks(struct buf *out, size_t n)
{
	while (n--)
		buf_addc(out, ' ');
}

void
emit_end_line(struct emitter *e)
{
	if (e->out->len && e->out->s[e->out->len - 1] != '\n')
		buf_addc(e->out, '\n');
}

/* How many blanks of a comment behind a literal block have to go. */
static uint32_t
emit_too_deep(struct emitter *e, const char *line, uint32_t len, int shift)
{
	uint32_t indent = 0, most = (uint32_t)e->literal - 1;
	int deep;

	while (indent < len && line[indent] == ' ')
		indent++;
	if (indent == len || line[indent] == '\n' || line[indent] == '\r')
		return indent + (shift > 0 ? (uint32_t)shift : 0);
	if (line[indent] != '#') {
		e->literal = 0;
		return 0;
	}
	deep = (int)indent + shift - (int)most;
	return deep <= 0 ? 0 : (uint32_t)deep < indent ? (uint32_t)deep : indent;
}

void
emit_copy_lines(struct emitter *e, const struct node *near, uint32_t from, uint32_t to, int shift)
{
	const struct source *s = near->src;
	uint32_t line = e->origins ? emit_line_of(near, from) : 0;
	bool begun = e->out->len && e->out->s[e->out->len - 1] != '\n';

	while (from < to) {
		const char *p = s->text + from, *nl = memchr(p, '\n', to - from);
		uint32_t len = nl ? (uint32_t)(nl - p) + 1 : to - from, skip = 0;
		bool blank = *p == '\n' || *p == '\r';
		int by = shift - (e->literal && !begun ? (int)emit_too_deep(e, p, len, shift) : 0);

		emit_note_line(e, s, line++, by);
		if (!begun && by > 0 && !blank)
			emit_blanks(e->out, (size_t)by);
		while (!begun && by < 0 && skip < (uint32_t)-by && skip < len && p[skip] == ' ')
			skip++;
		buf_add(e->out, p + skip, len - skip);
		from += len;
		begun = false;
	}
}
