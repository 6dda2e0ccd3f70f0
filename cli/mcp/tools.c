#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "cli/mcp/tools.h"

const struct tool tools[] = {
	{ "glob", "Finds the files of the guest whose paths match a pattern (*.md, src/*.ts, src/**/*.ts)", glob_takes, glob_gives, tool_glob },
	{ "list_directory", "Lists the files and folders directly in a folder of the guest", list_directory_takes, list_directory_gives,
	  tool_list_directory },
	{ "read_file", "Reads a file of the guest", read_file_takes, read_file_gives, tool_read_file },
	{ "run_shell_command", "Runs a command in the guest, never on the host", run_takes, run_gives, tool_run },
	{ "search_file_content", "Searches files of the guest for a regular expression, with `git grep -n --no-index`", search_takes,
	  search_gives, tool_search },
	{ "write_file", "Writes a file of the guest. One that is there is overwritten; folders above it that are missing are made",
	  write_file_takes, write_file_gives, tool_write_file },
	{ 0 },
};

const struct tool *
tool_find(const char *name)
{
	for (const struct tool *t = tools; t->name; t++)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

/* --- schemas --- */

static cJSON *
array_of(const char *type)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "type", "array");
	cJSON_AddStringToObject(cJSON_AddObjectToObject(o, "items"), "type", type);
	return o;
}

static cJSON *
type_json(enum tool_type type)
{
	cJSON *o;

	if (type == TOOL_TEXTS || type == TOOL_ENTRIES)
		return array_of(type == TOOL_TEXTS ? "string" : "object");
	o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "type", type == TOOL_TEXT ? "string" : "integer");
	return o;
}

static cJSON *
tools_schema(const struct tool_field *f)
{
	cJSON *o = cJSON_CreateObject(), *properties, *required = cJSON_CreateArray();

	cJSON_AddStringToObject(o, "type", "object");
	properties = cJSON_AddObjectToObject(o, "properties");
	for (; f->name; f++) {
		cJSON *p = type_json(f->type);

		cJSON_AddStringToObject(p, "description", f->about);
		cJSON_AddItemToObject(properties, f->name, p);
		if (!f->optional)
			cJSON_AddItemToArray(required, cJSON_CreateString(f->name));
	}
	if (cJSON_GetArraySize(required))
		cJSON_AddItemToObject(o, "required", required);
	else
		cJSON_Delete(required);
	cJSON_AddFalseToObject(o, "additionalProperties");
	return o;
}

cJSON *
tools_json(void)
{
	cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "tools");

	for (const struct tool *t = tools; t->name; t++) {
		cJSON *one = cJSON_CreateObject();

		cJSON_AddStringToObject(one, "name", t->name);
		cJSON_AddStringToObject(one, "description", t->about);
		cJSON_AddItemToObject(one, "inputSchema", tools_schema(t->takes));
		cJSON_AddItemToObject(one, "outputSchema", tools_schema(t->gives));
		cJSON_AddItemToArray(list, one);
	}
	return o;
}

/* --- arguments --- */

static bool
tools_fits(const struct tool_field *f, const cJSON *v)
{
	const cJSON *e;

	if (f->type == TOOL_TEXT)
		return cJSON_IsString(v);
	if (f->type != TOOL_TEXTS || !cJSON_IsArray(v) || !v->child)
		return false;
	cJSON_ArrayForEach(e, v)
		if (!cJSON_IsString(e))
			return false;
	return true;
}

int
tool_check(const struct tool *t, const cJSON *args, struct error *err)
{
	const cJSON *v;

	if (args && !cJSON_IsObject(args))
		return error_set(err, ERR_INVALID, "%s: arguments must be an object", t->name);
	cJSON_ArrayForEach(v, args) {
		const struct tool_field *f = t->takes;

		while (f->name && strcmp(f->name, v->string) != 0)
			f++;
		if (!f->name)
			return error_set(err, ERR_INVALID, "%s: unexpected argument \"%.100s\"", t->name, v->string);
		if (!tools_fits(f, v) && !(f->optional && cJSON_IsNull(v)))
			return error_set(err, ERR_INVALID, "%s: %s must be %s", t->name, f->name,
					 f->type == TOOL_TEXT ? "a string" : "a list of strings, not empty");
	}
	for (const struct tool_field *f = t->takes; f->name; f++)
		if (!f->optional && !cjson_get(args, f->name))
			return error_set(err, ERR_INVALID, "%s: required: missing argument \"%s\"", t->name, f->name);
	return 0;
}

const char *
tool_arg(const cJSON *args, const char *name)
{
	const char *text = cjson_text(args, name);

	return text && *text ? text : NULL;
}

int
tool_absolute(const char *path, struct error *err)
{
	if (*path == '/')
		return 0;
	return *path ? error_set(err, ERR_INVALID, "expected an absolute path, got a relative path: `%s`", path)
		     : error_set(err, ERR_INVALID, "path is empty");
}

int
tool_folder(const cJSON *args, struct buf *out, struct error *err)
{
	const char *given = tool_arg(args, "path");
	auto_free char *cwd = given ? NULL : getcwd(NULL, 0);

	if (!given && !cwd)
		return error_errno(err, "the working directory");
	buf_adds(out, given ? given : cwd);
	return tool_absolute(out->s, err);
}

void
tool_bytes(struct buf *out, const char *p, size_t len)
{
	buf_addc(out, '"');
	/* A text ends at a NUL, which JSON has a way to write */
	for (;;) {
		auto_free char *part = xstrndup(p, len);
		size_t n = strlen(part);
		AUTO(buf) quoted = BUF_INIT;

		quote_json(&quoted, part, false);
		buf_add(out, quoted.s + 1, quoted.len - 2);
		if (n == len)
			break;
		buf_adds(out, "\\u0000");
		p += n + 1;
		len -= n + 1;
	}
	buf_addc(out, '"');
}
