/*
 * cli/mcp/tools.h - what an AI can do in the instance: a table of tools, each a function from arguments to a result.
 *
 * Names, arguments and results are those of upstream's plugin; the schemas that clients see are made from the table,
 * and arguments are checked against it before a tool is called.
 */
#pragma once
#include <cjson/cJSON.h>

struct buf;
struct error;
struct guest;

enum tool_type { TOOL_TEXT, TOOL_TEXTS, TOOL_NUMBER, TOOL_ENTRIES };

struct tool_field {
	const char *name;	/* NULL ends */
	enum tool_type type;
	bool optional;
	const char *about;
};

struct tool {
	const char *name, *about;
	const struct tool_field *takes, *gives;
	/* `args` has been checked; the result, a JSON object, is appended to `out` */
	int (*call)(struct guest *g, const cJSON *args, struct buf *out, struct error *err);
};

extern const struct tool tools[];	/* ends at a NULL name */

const struct tool *tool_find(const char *name);
/* Is `args` (NULL: none) what the tool takes, all of it and nothing else? */
int tool_check(const struct tool *t, const cJSON *args, struct error *err);
/* {"tools":[...]}; to be freed by cJSON_Delete */
cJSON *tools_json(void);

/* for the tools' files */
const char *tool_arg(const cJSON *args, const char *name);	/* a text; NULL: not given */
/* The guest's bytes as a JSON string: what is not UTF-8 becomes U+FFFD. */
void tool_bytes(struct buf *out, const char *p, size_t len);
int tool_absolute(const char *path, struct error *err);
/* The folder that a tool begins in: `path` if it is given, else our own. */
int tool_folder(const cJSON *args, struct buf *out, struct error *err);

extern const struct tool_field list_directory_takes[], list_directory_gives[], read_file_takes[], read_file_gives[], write_file_takes[],
	write_file_gives[], glob_takes[], glob_gives[], search_takes[], search_gives[], run_takes[], run_gives[];
int tool_list_directory(struct guest *g, const cJSON *args, struct buf *out, struct error *err);
int tool_read_file(struct guest *g, const cJSON *args, struct buf *out, struct error *err);
int tool_write_file(struct guest *g, const cJSON *args, struct buf *out, struct error *err);
int tool_glob(struct guest *g, const cJSON *args, struct buf *out, struct error *err);
int tool_search(struct guest *g, const cJSON *args, struct buf *out, struct error *err);
int tool_run(struct guest *g, const cJSON *args, struct buf *out, struct error *err);
