/* What libyaml complains of, in the words of people. */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "state/desired/yaml/yaml_reader.h"

int
reader_fail(struct reader *r, size_t line, size_t col, const char *what)
{
	AUTO(buf) b = BUF_INIT;

	source_where(r->src, (uint32_t)line + 1, (uint32_t)col + 1, &b);
	return error_set(r->err, ERR_INVALID, "%s: %s", b.s, what);
}

/* libyaml speaks of its productions; people write keys and lists */
int
reader_fail_syntax(struct reader *r)
{
	static const struct { const char *theirs, *ours; } words[] = {
		{ "could not find expected ':'", "expected `: ` behind the key (is the line indented as those around it?)" },
		{ "did not find expected key", "expected a key of this mapping (is the line indented as the keys above it?)" },
		{ "did not find expected '-' indicator", "expected `- ` before the next list item (check the indentation)" },
		{ "mapping values are not allowed in this context", "a `:` cannot stand here (quote the value, or check the indentation)" },
		{ "did not find expected ',' or ']'", "expected `,` or `]`" },
		{ "did not find expected ',' or '}'", "expected `,` or `}`" },
		{ "block sequence entries are not allowed in this context", "a list item cannot begin here" },
		{ "found unexpected end of stream", "the quote is never closed" },
		{ "did not find expected <document start>", "does not belong to what stands above (is the line indented as those around it?)" },
	};
	const yaml_parser_t *y = &r->yaml;
	const char *what = y->problem ? y->problem : "not YAML";
	size_t line = y->problem_mark.line, col = y->problem_mark.column;
	const char *p;

	/* where the key or the quote begins, rather than where it was missed */
	if (y->error == YAML_SCANNER_ERROR && (!strcmp(what, words[0].theirs) || !strcmp(what, "found unexpected end of stream"))) {
		line = y->context_mark.line;
		col = y->context_mark.column;
	}
	if (y->error == YAML_READER_ERROR) {
		size_t end = y->problem_offset < r->src->len ? y->problem_offset : r->src->len;

		line = col = 0;
		for (p = r->src->text; p < r->src->text + end; p++) {
			col = *p == '\n' ? 0 : col + 1;
			line += *p == '\n';
		}
		return reader_fail(r, line, col, what);
	}
	if (strstr(what, "cannot start any token")) {
		uint32_t at = reader_offset(r, y->problem_mark.index);

		what = at < r->src->len && r->src->text[at] == '\t' ? "a tab cannot indent; use blanks" :
		       "a value cannot begin with this character; quote it";
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(what, words[i].theirs))
			what = words[i].ours;
	return reader_fail(r, line, col, what);
}
