#include "cli/view/json_pretty.h"

#include <string.h>

#include "base/buf.h"
#include "base/jsonspan.h"

/* The colours are those of yq. */
static const char key_color[] = "\033[36m", text_color[] = "\033[32m", number_color[] = "\033[95m", bool_color[] = "\033[95m",
	null_color[] = "\033[37m", no_color[] = "\033[0m";

struct pretty {
	struct buf *out;
	int indent;
	bool color;
};

static void
json_pretty_colored(struct pretty *p, const char *color, struct json_span v)
{
	if (p->color)
		buf_adds(p->out, color);
	buf_add(p->out, v.p, v.len);
	if (p->color)
		buf_adds(p->out, no_color);
}

static void
json_pretty_line(struct pretty *p, int depth)
{
	buf_addf(p->out, "\n%*s", depth * p->indent, "");
}

static void
json_pretty_value(struct pretty *p, struct json_span v, int depth)
{
	struct json_span item, key = { 0 };
	size_t at = 0, n = 0;
	bool map = v.len && v.p[0] == '{';

	if (!v.len || (v.p[0] != '{' && v.p[0] != '[')) {
		json_pretty_colored(p, !v.len || v.p[0] == 'n' ? null_color : v.p[0] == '"' ? text_color : v.p[0] == 't' || v.p[0] == 'f' ?
			bool_color : number_color, v);
		return;
	}
	buf_addc(p->out, v.p[0]);
	while ((item = json_each(v, &at, &key)).p) {
		if (n++)
			buf_addc(p->out, ',');
		json_pretty_line(p, depth + 1);
		if (map) {
			json_pretty_colored(p, key_color, key);
			buf_adds(p->out, ": ");
		}
		json_pretty_value(p, item, depth + 1);
	}
	if (n)
		json_pretty_line(p, depth);
	buf_addc(p->out, map ? '}' : ']');
}

void
json_pretty(struct buf *out, const char *text, int indent, bool color)
{
	struct pretty p = { out, indent, color };

	json_pretty_value(&p, json_span_of(text), 0);
}
