#include "state/desired/spec/schema.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "state/desired/spec/keys.h"

/* null means that a key is not given; a number is accepted as a text, as in `permissions: 644`. */
static const char *const boolean[] = { "boolean", "null", NULL };
static const char *const integer[] = { "integer", "null", NULL };
static const char *const text[] = { "string", "number", "boolean", "null", NULL };
static const char *const word[] = { "string", "null", NULL };
static const char *const list[] = { "array", "null", NULL };
static const char *const list_or_word[] = { "array", "string", "null", NULL };
static const char *const map[] = { "object", "null", NULL };
static const char *const map_or_word[] = { "object", "string", "null", NULL };

static void
put_type(cJSON *o, const char *const *names)
{
	cJSON *v = cJSON_AddArrayToObject(o, "type");

	for (; *names; names++)
		cJSON_AddItemToArray(v, cJSON_CreateString(*names));
}

static void
schema_put_words(cJSON *o, const struct key *k)
{
	cJSON *v = cJSON_AddArrayToObject(o, "enum");

	for (const char *p = k->words; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		auto_free char *one = xstrndup(p, n);

		cJSON_AddItemToArray(v, cJSON_CreateString(one));
		p += n;
	}
	cJSON_AddItemToArray(v, cJSON_CreateNull());
}

static void
put_default(cJSON *o, const struct key *k)
{
	if (k->type == KEY_BOOL)
		cJSON_AddBoolToObject(o, "default", !strcmp(k->def, "true"));
	else if (k->type == KEY_INT || k->type == KEY_UINT32)
		cJSON_AddNumberToObject(o, "default", strtod(k->def, NULL));
	else
		cJSON_AddStringToObject(o, "default", k->def);
}

static void put_group(cJSON *o, const struct key *table, const char *shorthand);

static cJSON *
schema_items(const char *const *type)
{
	cJSON *o = cJSON_CreateObject();

	put_type(o, type);
	return o;
}

static void
put_list(cJSON *o, const struct key *k)
{
	cJSON *item = cJSON_AddObjectToObject(o, "items");

	put_type(o, k->flags & KEY_LONE ? list_or_word : list);
	put_group(item, k->sub, k->shorthand);
}

static void
put_scalars(cJSON *o, const char *const *item, int count)
{
	put_type(o, list);
	cJSON_AddItemToObject(o, "items", schema_items(item));
	if (count) {
		cJSON_AddNumberToObject(o, "minItems", count);
		cJSON_AddNumberToObject(o, "maxItems", count);
	}
}

static void
put_kind(cJSON *o, const struct key *k)
{
	switch (k->type) {
	case KEY_BOOL: put_type(o, boolean); break;
	case KEY_INT: case KEY_UINT32: put_type(o, integer); break;
	case KEY_TEXT: case KEY_SIZE: put_type(o, text); break;
	case KEY_IP: put_type(o, word); break;
	case KEY_PORTS: put_scalars(o, integer, 2); break;
	case KEY_TEXTS: put_scalars(o, text, 0); break;
	case KEY_IPS: put_scalars(o, word, 0); break;
	case KEY_ANY: put_type(o, map); break;
	case KEY_LIST: put_list(o, k); break;
	case KEY_GROUP: put_group(o, k->sub, k->shorthand); break;
	case KEY_MAP:
		put_type(o, map);
		cJSON_AddItemToObject(o, "additionalProperties", schema_items(text));
		break;
	}
}

static cJSON *
schema_row(const struct key *k)
{
	cJSON *o = cJSON_CreateObject();
	const char *cost = key_change_text(k->change);
	auto_free char *about = xasprintf("%s%s%s%s%s%s%s", k->about, k->instead ? " Deprecated: use " : "", k->instead ? k->instead : "",
					  k->instead ? "." : "", *cost ? " A later change: " : "", cost, *cost ? "." : "");

	if (k->words)
		schema_put_words(o, k);
	else
		put_kind(o, k);
	cJSON_AddStringToObject(o, "description", about);
	if (k->def && *k->def)
		put_default(o, k);
	if (k->instead)
		cJSON_AddBoolToObject(o, "deprecated", true);
	return o;
}

static void
put_group(cJSON *o, const struct key *table, const char *shorthand)
{
	cJSON *properties, *needed = NULL;

	put_type(o, shorthand ? map_or_word : map);
	properties = cJSON_AddObjectToObject(o, "properties");
	cJSON_AddBoolToObject(o, "additionalProperties", false);
	for (; table->name; table++) {
		cJSON_AddItemToObject(properties, table->name, schema_row(table));
		/* A key that the whole needs may come from a base. */
		if (table->flags & KEY_NEEDED && strcmp(table->name, "images") != 0) {
			needed = needed ? needed : cJSON_AddArrayToObject(o, "required");
			cJSON_AddItemToArray(needed, cJSON_CreateString(table->name));
		}
	}
}

/* cJSON indents by tabs, and puts one behind a colon */
static void
schema_add_indented(struct buf *out, const char *s)
{
	bool begin = true;

	for (; *s; s++) {
		if (*s == '\t')
			buf_adds(out, begin ? "    " : " ");
		else
			buf_addc(out, *s);
		begin = *s == '\n' || (begin && *s == '\t');
	}
	buf_addc(out, '\n');
}

static void
schema_print(struct buf *out, cJSON *root)
{
	char *printed = cJSON_Print(root);

	schema_add_indented(out, printed);
	cJSON_free(printed);
	cJSON_Delete(root);
}

static cJSON *
schema_begin(const char *title, const char *about)
{
	cJSON *root = cJSON_CreateObject();

	cJSON_AddStringToObject(root, "$schema", "https://json-schema.org/draft/2020-12/schema");
	cJSON_AddStringToObject(root, "title", title);
	cJSON_AddStringToObject(root, "description", about);
	return root;
}

static void
schema_anchors(cJSON *root)
{
	cJSON *others = cJSON_AddObjectToObject(root, "patternProperties");

	cJSON_AddStringToObject(cJSON_AddObjectToObject(others, "^x-"), "description", "Nobody's: a place for anchors.");
}

/* Any value may be an expression, and that is a text. */
static void
schema_take_texts(cJSON *o)
{
	cJSON *type = cJSON_GetObjectItemCaseSensitive(o, "type"), *each;
	bool texts = false;

	cJSON_ArrayForEach(each, type)
		texts |= cJSON_IsString(each) && !strcmp(each->valuestring, "string");
	if (cJSON_IsArray(type) && !texts && cJSON_GetObjectItemCaseSensitive(o, "properties") == NULL && !cJSON_GetObjectItemCaseSensitive(o, "items"))
		cJSON_AddItemToArray(type, cJSON_CreateString("string"));
	cJSON_ArrayForEach(each, o)
		schema_take_texts(each);
}

static cJSON *
schema_ref(const char *to, const char *about)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "$ref", to);
	if (about)
		cJSON_AddStringToObject(o, "description", about);
	return o;
}

static const char *
schema_about(const struct key *table, const char *name)
{
	while (table->name && strcmp(table->name, name) != 0)
		table++;
	return table->name ? table->about : NULL;
}

void
keys_schema_fleet(struct buf *out, const struct key *file, const struct key *member)
{
	cJSON *root = schema_begin("fleet.yaml", "A fleet: many instances of one file."), *defs, *one, *properties, *instances;

	put_group(root, file->sub, NULL);
	schema_anchors(root);
	properties = cJSON_GetObjectItemCaseSensitive(root, "properties");
	cJSON_ReplaceItemInObjectCaseSensitive(properties, "defaults", schema_ref("#/$defs/defaults", schema_about(file->sub, "defaults")));
	instances = cJSON_CreateObject();
	cJSON_AddStringToObject(instances, "type", "object");
	cJSON_AddStringToObject(instances, "description", schema_about(file->sub, "instances"));
	cJSON_AddItemToObject(instances, "additionalProperties", schema_ref("#/$defs/member", NULL));
	cJSON_ReplaceItemInObjectCaseSensitive(properties, "instances", instances);
	defs = cJSON_AddObjectToObject(root, "$defs");
	one = cJSON_AddObjectToObject(defs, "defaults");
	put_group(one, key_root.sub, NULL);
	schema_anchors(one);
	one = cJSON_AddObjectToObject(defs, "member");
	put_group(one, key_root.sub, NULL);
	for (const struct key *k = member->sub; k->name; k++)
		cJSON_AddItemToObject(cJSON_GetObjectItemCaseSensitive(one, "properties"), k->name, schema_row(k));
	schema_anchors(one);
	schema_take_texts(defs);
	schema_print(out, root);
}

void
keys_schema(struct buf *out)
{
	cJSON *root = schema_begin("lima.yaml", "Configuration of a virtual machine, or a template of one.");

	put_group(root, key_root.sub, NULL);
	schema_anchors(root);
	schema_print(out, root);
}
