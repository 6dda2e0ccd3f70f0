#include "cli/ssh/shell_dir.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/path_rest.h"
#include "base/quote/quote.h"

/* ~ and ~/x, links resolved; in `a` */
static const char *
shell_dir_expand(struct arena *a, const char *path)
{
	const char *home = getenv("HOME");
	const char *full = path[0] == '~' && (path[1] == '/' || !path[1]) && home ?
		arena_printf(a, "%s%s", home, path + 1) : path;
	auto_free char *real = realpath(full, NULL);

	return arena_strdup(a, real ? real : full);
}

const char *
guest_path(struct instance *i, struct arena *a, const char *path)
{
	struct json_span mounts = instance_config(i, "mounts"), m;
	const char *real = shell_dir_expand(a, path);
	size_t at = 0;

	while ((m = json_each(mounts, &at, NULL)).p) {
		const char *location = json_text(a, json_at(m, "location")), *point = json_text(a, json_at(m, "mountPoint"));
		const char *rest = path_rest(real, shell_dir_expand(a, location));

		if (!rest)
			continue;
		/* A folder that is mounted at its own path is known by the path in use here, whatever links are in it. */
		if (!*point || strcmp(point, location) == 0 || strcmp(point, shell_dir_expand(a, location)) == 0)
			return path;
		return arena_printf(a, "%s%s", strcmp(point, "/") == 0 && *rest ? "" : point, rest);
	}
	return NULL;
}

void
shell_change_dir(const struct cli *c, struct instance *i, const char *workdir, struct buf *out)
{
	auto_free char *cwd = getcwd(NULL, 0);
	const char *home = getenv("HOME"), *guest_cwd, *guest_home = NULL;

	if (*workdir) {
		buf_adds(out, "cd ");
		quote_shell(out, workdir);
		buf_adds(out, " || exit 1");
		return;
	}
	if (!cwd) {
		cli_say(&c->env, SAY_WARN, "failed to get the current directory");
		buf_adds(out, "false");
		return;
	}
	if (home && *home)
		guest_home = guest_path(i, &i->arena, home);
	guest_cwd = guest_path(i, &i->arena, cwd);
	if (guest_cwd) {
		buf_adds(out, "cd ");
		quote_shell(out, guest_cwd);
	}
	if (guest_cwd ? home && *home : guest_home != NULL) {
		buf_adds(out, guest_cwd ? " || cd " : "cd ");
		quote_shell(out, guest_home ? guest_home : home);
	}
	if (!out->len) {
		cli_say(&c->env, SAY_DEBUG, "the host home does not seem mounted, so the guest shell will have a different cwd");
		buf_adds(out, "false");
	}
}
