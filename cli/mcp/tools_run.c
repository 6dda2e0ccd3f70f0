/* Tools that run something: run_shell_command, search_file_content. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "cli/mcp/guest.h"
#include "cli/mcp/tools.h"
#include "cli/ssh/shell_script.h"
#include "providers/ssh/sftp.h"

enum { OUTPUT_MAX = 32 << 20, WORDS_MAX = 4096 };

const struct tool_field run_takes[] = {
	{ "command", TOOL_TEXTS, false, "The command: a list of words, the first of which is the program" },
	{ "directory", TOOL_TEXT, false, "Absolute path of the folder to run it in" },
	{ "description", TOOL_TEXT, true, "What it is for, to be shown to the user" },
	{ 0 },
};
const struct tool_field run_gives[] = {
	{ "stdout", TOOL_TEXT, false, "What it wrote to standard output" },
	{ "stderr", TOOL_TEXT, false, "What it wrote to standard error" },
	{ "error", TOOL_TEXT, true, "How it failed" },
	{ "exit_code", TOOL_NUMBER, true, "Its exit status" },
	{ 0 },
};

struct outcome {
	struct buf out, err;
	int status;
};

static void
outcome_release(struct outcome *o)
{
	buf_release(&o->out);
	buf_release(&o->err);
}

/* As `limactl shell --workdir=DIR` would run it. */
static int
tools_run_run(struct guest *g, char *const *words, size_t n, const char *dir, struct outcome *o, struct error *err)
{
	AUTO(buf) cd = BUF_INIT;
	AUTO(buf) shell = BUF_INIT;
	AUTO(buf) script = BUF_INIT;
	struct shell_script s = { .words = words, .nwords = n };
	struct sftp *link;

	if (tool_absolute(dir, err) < 0 || !(link = guest_link(g, err)))
		return -1;
	buf_adds(&cd, "cd ");
	quote_shell(&cd, dir);
	buf_adds(&cd, " || exit 1");
	quote_shell(&shell, g->shell);
	s.change_dir = cd.s;
	s.shell = shell.s;
	shell_script(&script, &s);
	return sftp_command(link, script.s, OUTPUT_MAX, &o->out, &o->err, &o->status, err);
}

int
tool_run(struct guest *g, const cJSON *args, struct buf *out, struct error *err)
{
	const cJSON *command = cjson_get(args, "command"), *e;
	AUTO(outcome) o = { .out = BUF_INIT, .err = BUF_INIT };
	char *words[WORDS_MAX];
	size_t n = 0;

	cJSON_ArrayForEach(e, command) {
		if (n == WORDS_MAX)
			return error_set(err, ERR_INVALID, "a command of more than %d words", WORDS_MAX);
		words[n++] = e->valuestring;
	}
	if (tools_run_run(g, words, n, cjson_text(args, "directory"), &o, err) < 0)
		return -1;
	buf_adds(out, "{\"stdout\":");
	tool_bytes(out, o.out.s, o.out.len);
	buf_adds(out, ",\"stderr\":");
	tool_bytes(out, o.err.s, o.err.len);
	if (o.status)
		buf_addf(out, ",\"error\":\"exit status %d\"", o.status);
	buf_addf(out, ",\"exit_code\":%d}", o.status);
	return 0;
}

const struct tool_field search_takes[] = {
	{ "pattern", TOOL_TEXT, false, "Regular expression to search for" },
	{ "path", TOOL_TEXT, true, "Absolute path of the folder to search; without it the working directory" },
	{ "include", TOOL_TEXT, true, "Pattern of the files to search: *.js, src/**/*.ts; without it all that git would not ignore" },
	{ 0 },
};
const struct tool_field search_gives[] = {
	{ "git_grep_output", TOOL_TEXT, false, "Lines FILE:NUMBER:TEXT, with paths relative to the folder; empty if nothing matches" }, { 0 },
};

int
tool_search(struct guest *g, const cJSON *args, struct buf *out, struct error *err)
{
	auto_free char *where = xstrdup(tool_arg(args, "include") ? tool_arg(args, "include") : ".");
	auto_free char *pattern = xstrdup(cjson_text(args, "pattern"));
	char *words[] = { "git", "grep", "-n", "--no-index", "-e", pattern, "--", NULL };
	AUTO(outcome) o = { .out = BUF_INIT, .err = BUF_INIT };
	AUTO(buf) dir = BUF_INIT;

	if (tool_folder(args, &dir, err) < 0)
		return -1;
	/* The path is relative to the folder, because git of Debian 12 stops at an absolute path outside of a repository. */
	words[7] = where;
	if (tools_run_run(g, words, 8, dir.s, &o, err) < 0)
		return -1;
	if (o.status == 127)	/* the guest's shell found no such program */
		return error_set(err, ENOENT, "the guest has no git: install its package git");
	/* 1: nothing matches */
	if (o.status > 1)
		return error_set(err, ERR_CHILD, "git grep: exit status %d: %.*s", o.status, (int)strcspn(o.err.s, "\n"), o.err.s);
	buf_adds(out, "{\"git_grep_output\":");
	tool_bytes(out, o.out.s, o.out.len);
	buf_addc(out, '}');
	return 0;
}
