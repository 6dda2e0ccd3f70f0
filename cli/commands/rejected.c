#include "cli/commands/rejected.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cli/args/ask.h"
#include "cli/cli.h"
#include "state/desired/template/template.h"

/* The caller frees the path. */
static char *
rejected_path(struct cli *c, const char *name)
{
	const char *slash = strrchr(name, '/'), *file = slash ? slash + 1 : name, *dot = strrchr(file, '.');
	bool yaml = dot && dot > file && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));

	return xasprintf("%s/_state/rejected/%.*s.yaml", c->env.home, yaml ? (int)(dot - file) : (int)strlen(file), file);
}

static int
rejected_write(struct cli *c, const char *path, const struct template *t, struct error *err)
{
	auto_free char *folder = xasprintf("%s/_state/rejected", c->env.home);

	return fs_mkdirs(folder, 0700, err) < 0 ? -1 : fs_write(path, t->text, t->len, 0600, err);
}

int
rejected_keep(struct cli *c, const char *name, const struct template *t, struct error *err)
{
	auto_free char *path = rejected_path(c, name);
	struct error why;

	if (rejected_write(c, path, t, &why) < 0)
		return error_wrap(err, "the edit is rejected, and could not be kept (%s)", why.msg);
	return error_wrap(err, "the edit is rejected, and kept in %s", path);
}

int
rejected_ask(struct cli *c, const char *name, const struct template *t, struct error *err)
{
	auto_free char *path = rejected_path(c, name);
	const char *choices[] = { "Edit it again", arena_printf(&c->arena, "Keep it in %s, and leave all as it was", path), "Throw it away" };
	struct error no_answer = { 0 };
	int k;

	if (!c->tty || !isatty(STDIN_FILENO))
		return rejected_keep(c, name, t, err);
	cli_say(&c->env, SAY_ERROR, "%s", err->msg);
	k = ask_choice(c, "That cannot be taken. What now?", choices, ARRAY_LEN(choices), &no_answer);
	if (k == 0)
		return 1;
	if (k < 0)
		return rejected_keep(c, name, t, err);
	if (k == 1) {
		*err = (struct error){ .code = err->code };
		if (rejected_write(c, path, t, err) < 0)
			return error_wrap(err, "the edit could not be kept");
		return error_set(err, ERR_CANCELLED, "the edit is kept in %s; all is as it was", path);
	}
	return error_set(err, ERR_CANCELLED, "the edit is thrown away; all is as it was");
}

void
rejected_forget(struct cli *c, const char *name)
{
	auto_free char *path = rejected_path(c, name);

	unlink(path);
}

const char *
rejected_head(struct cli *c, const struct error *why)
{
	char *text;

	if (!*why->msg)
		return "";
	text = arena_printf(&c->arena, "# It was rejected: %s\n# (Lines are counted below these.)\n", why->msg);
	for (char *p = text; (p = strchr(p, '\n')) && p[1]; p++)
		if (p[1] != '#')
			*p = ' ';
	return text;
}
