#include "cli/view/json_yaml.h"

#include <stdbool.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "state/desired/yaml/emit.h"

static struct node *
node_of(struct arena *a, struct json_span v)
{
	struct json_span key, item;
	struct node *n;
	size_t at = 0, i = 0;

	if (!v.p || v.len == 0 || (v.p[0] != '{' && v.p[0] != '['))
		return v.p && v.p[0] == '"' ? node_text(a, json_text(a, v)) : node_plain(a, json_text(a, v));
	n = v.p[0] == '{' ? node_map(a) : node_list(a);
	while ((item = json_each(v, &at, &key)).p) {
		if (v.p[0] == '{')
			node_put(a, n, node_text(a, json_text(a, key)), node_of(a, item));
		else
			node_push(a, n, i++, node_of(a, item));
	}
	return n;
}

void
json_yaml(struct buf *out, struct json_span v)
{
	AUTO(arena) a = { 0 };

	yaml_emit(out, node_of(&a, v), NULL);
}

static const char key_color[] = "\033[36m", text_color[] = "\033[32m", other_color[] = "\033[95m", no_color[] = "\033[0m";

static void
json_yaml_colored(struct buf *out, const char *color, const char *s, size_t len)
{
	if (!len)
		return;
	buf_adds(out, color);
	buf_add(out, s, len);
	buf_adds(out, no_color);
}

/* Numbers, true, false, null: what is no text. */
static bool
is_text(const char *s, size_t len)
{
	static const char *const words[] = { "true", "false", "null", "[]", "{}" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i]) == len && strncmp(s, words[i], len) == 0)
			return false;
	return strspn(s, "0123456789.+-eE") < len;
}

/* Length of "key:" at `s`; 0: the line is a value. */
static size_t
key_length(const char *s, size_t len)
{
	const char *colon = s;

	if (*s == '"' || *s == '\'')
		colon = memchr(s + 1, *s, len - 1);
	while (colon && (colon = memchr(colon, ':', (size_t)(s + len - colon)))) {
		if (colon + 1 == s + len || colon[1] == ' ')
			return (size_t)(colon - s);
		colon++;
	}
	return 0;
}

/* One line; true: a block of literal lines follows that are indented deeper than `*depth`. */
static bool
color_line(struct buf *out, const char *s, size_t len, size_t *depth)
{
	size_t blanks = 0, key;

	while (blanks < len && (s[blanks] == ' ' || (s[blanks] == '-' && blanks + 1 < len && s[blanks + 1] == ' ')))
		blanks++;
	*depth = strspn(s, " ");
	buf_add(out, s, blanks);
	s += blanks;
	len -= blanks;
	key = len ? key_length(s, len) : 0;
	json_yaml_colored(out, key_color, s, key);
	s += key;
	len -= key;
	for (; key && len && (*s == ':' || *s == ' '); s++, len--)
		buf_addc(out, *s);
	json_yaml_colored(out, is_text(s, len) ? text_color : other_color, s, len);
	return len && (*s == '|' || *s == '>');
}

void
yaml_color(struct buf *out, const char *text)
{
	bool literal = false;
	size_t depth = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (literal && (!len || strspn(text, " ") > depth))
			json_yaml_colored(out, text_color, text, len);
		else if (len >= 3 && strncmp(text, "---", 3) == 0)
			buf_add(out, text, len);
		else
			literal = color_line(out, text, len, &depth);
		buf_addc(out, '\n');
		text += len + (text[len] == '\n');
	}
}
