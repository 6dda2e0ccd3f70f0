/* An instance as data for `--format '{{.Name}}'`: its fields by their Go names. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/view/instance_fields.h"
#include "cli/view/instance_value.h"
#include "cli/view/json_value.h"
#include "cli/view/json_yaml.h"

struct view {
	struct look *look;
	struct instance *i;
	bool in_message;	/* which cannot quote itself */
};

static struct gotmpl_value
instance_field_value(struct arena *a, const struct view *v, const struct instance_field *f)
{
	struct instance_fact fact;

	if (v->in_message && strcmp(f->name, "Message") == 0)
		return gotmpl_text("");
	fact = f->fact(v->look, v->i);
	switch (f->kind) {
	case FIELD_TEXT: return gotmpl_text(fact.text);
	case FIELD_NUMBER: return gotmpl_int(fact.number);
	case FIELD_TRUTH: return gotmpl_bool(fact.truth);
	case FIELD_JSON: break;
	}
	return json_value(a, fact.json.p || !f->empty ? fact.json : json_span_of(f->empty));
}

static bool instance_value_get(struct arena *a, const void *p, const char *key, struct gotmpl_value *out);
static size_t instance_value_count(const void *p);
static void instance_value_at(struct arena *a, const void *p, size_t i, const char **key, struct gotmpl_value *out);

static const struct gotmpl_ops ops = { instance_value_get, instance_value_count, instance_value_at };

static bool
instance_value_get(struct arena *a, const void *p, const char *key, struct gotmpl_value *out)
{
	if (strcmp(key, "Instance") == 0) {	/* the same again, for messages */
		*out = (struct gotmpl_value){ GOTMPL_RECORD, .ops = &ops, .p = p };
		return true;
	}
	for (const struct instance_field *f = instance_fields; f->fact; f++)
		if (f->name && strcmp(key, f->name) == 0) {
			*out = instance_field_value(a, p, f);
			return true;
		}
	return false;
}

static size_t
instance_value_count(const void *p)
{
	size_t n = 0;

	(void)p;
	for (const struct instance_field *f = NULL; (f = instance_field_next(f));)
		n++;
	return n;
}

static void
instance_value_at(struct arena *a, const void *p, size_t i, const char **key, struct gotmpl_value *out)
{
	const struct instance_field *f = instance_field_next(NULL);

	while (i--)
		f = instance_field_next(f);
	if (key)
		*key = f->name;
	*out = instance_field_value(a, p, f);
}

struct gotmpl_value
instance_value(struct look *l, struct instance *i)
{
	struct view *v = arena_alloc(&i->arena, sizeof *v);

	*v = (struct view){ l, i, false };
	return (struct gotmpl_value){ GOTMPL_RECORD, .ops = &ops, .p = v };
}

/* `{{json .}}` is what `list --json` prints, not the fields by their Go names. */
static int
do_json(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	(void)n, (void)err;
	if (args[0].kind == GOTMPL_RECORD && args[0].ops == &ops) {
		const struct view *v = args[0].p;

		instance_json(v->look, v->i, true, &b);
	} else {
		json_value_print(&b, a, &args[0]);
	}
	*out = (struct gotmpl_value){ GOTMPL_TEXT, .s = arena_memdup(a, b.s, b.len), .len = b.len };
	return 0;
}

/* `---` and the value as YAML */
static int
do_yaml(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	struct gotmpl_value json;
	AUTO(buf) b = BUF_INIT;

	if (do_json(a, args, n, &json, err) < 0)
		return -1;
	buf_adds(&b, "---\n");
	json_yaml(&b, (struct json_span){ json.s, json.len });
	if (b.s[b.len - 1] == '\n')
		buf_truncate(&b, b.len - 1);
	*out = (struct gotmpl_value){ GOTMPL_TEXT, .s = arena_memdup(a, b.s, b.len), .len = b.len };
	return 0;
}

const struct gotmpl_func instance_funcs[] = {
	{ "json", 1, 1, do_json },
	{ "yaml", 1, 1, do_yaml },
	{ "indent", 1, 2, template_indent },
	{ "missing", 1, 2, template_missing },
	{ 0 },
};

/* Drops a line break at the end. */
static const char *
instance_value_chomp(struct arena *a, const char *s, size_t len)
{
	return arena_memdup(a, s, len && s[len - 1] == '\n' ? len - 1 : len);
}

const char *
instance_message(struct look *l, struct instance *i)
{
	const char *text = json_text(&i->arena, instance_config(i, "message"));
	const struct gotmpl_opts opts = { .missing_is_empty = true };
	struct view v = { l, i, true };
	struct gotmpl_value data = { GOTMPL_RECORD, .ops = &ops, .p = &v };
	AUTO(buf) out = BUF_INIT;
	struct error err;

	if (i->message)
		return i->message;
	i->message = "";
	if (gotmpl_run(&out, &i->arena, text, strlen(text), &data, &opts, &err) < 0)
		instance_fail(i, arena_printf(&i->arena, "message of lima.yaml: %s", err.msg));
	else
		i->message = instance_value_chomp(&i->arena, out.s, out.len);
	return i->message;
}
