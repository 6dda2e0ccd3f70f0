/* What libyaml complains of, in the words of people. */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "state/desired/yaml/yaml_problem.h"
#include "state/desired/yaml/yaml_reader.h"

int
reader_fail(struct reader *r, size_t line, size_t col, const char *what)
{
	AUTO(buf) b = BUF_INIT;

	source_where(r->src, (uint32_t)line + 1, (uint32_t)col + 1, &b);
	return error_set(r->err, ERR_INVALID, "%s: %s", b.s, what);
}

int
reader_fail_syntax(struct reader *r)
{
	size_t line, col;
	const char *what = yaml_problem(&r->yaml, r->src->text, r->src->len, &line, &col);

	return reader_fail(r, line, col, what);
}

bool
yaml_open(yaml_parser_t *y, const char *text, size_t len)
{
	if (!yaml_parser_initialize(y))
		return false;
	yaml_parser_set_encoding(y, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(y, (const unsigned char *)text, len);
	return true;
}

/* what stands at a place that libyaml counts in characters */
static char
character_at(const char *text, size_t len, size_t chars)
{
	size_t at = 0;

	for (; at < len && (chars || (text[at] & 0xc0) == 0x80); at++)
		chars -= (text[at] & 0xc0) != 0x80;
	return at < len ? text[at] : '\0';
}

/* libyaml speaks of its productions; people write keys and lists */
const char *
yaml_problem(const yaml_parser_t *y, const char *text, size_t len, size_t *line, size_t *col)
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
		{ "invalid leading UTF-8 octet", "not UTF-8" }, { "invalid trailing UTF-8 octet", "not UTF-8" },
		{ "control characters are not allowed", "a control character cannot stand here; write it as an escape between double quotes" },
		{ "did not find expected <document start>", "does not belong to what stands above (is the line indented as those around it?)" },
	};
	const char *what = y->problem ? y->problem : "not YAML";

	*line = y->problem_mark.line;
	*col = y->problem_mark.column;
	/* where the key or the quote begins, rather than where it was missed */
	if (y->error == YAML_SCANNER_ERROR && (!strcmp(what, words[0].theirs) || !strcmp(what, "found unexpected end of stream"))) {
		*line = y->context_mark.line;
		*col = y->context_mark.column;
	}
	if (y->error == YAML_READER_ERROR) {
		*line = *col = 0;
		for (size_t i = 0; i < len && i < y->problem_offset; i++) {
			*col = text[i] == '\n' ? 0 : *col + 1;
			*line += text[i] == '\n';
		}
	}
	if (strstr(what, "cannot start any token"))
		return character_at(text, len, y->problem_mark.index) == '\t' ? "a tab cannot indent; use blanks" :
		       "a value cannot begin with this character; quote it";
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(what, words[i].theirs))
			return words[i].ours;
	return what;
}
