#include "cli/args/removal.h"

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/some.h"
#include "cli/args/ask.h"

const struct flag removal_flags[] = {
	{ "destroy", 0, FLAG_BOOL, .about = "Take down and remove what is named, with its disks; of a fleet file, its networks too" },
	{ "allow-data-loss", 0, FLAG_BOOL, .about = "What --destroy, --replace and --prune remove may hold data" },
	{ 0 },
};

static bool
removal_holds_data(struct cli *c, const char *name)
{
	static const char *const disks[] = { "disk", "diffdisk" };

	for (size_t i = 0; i < ARRAY_LEN(disks); i++) {
		auto_free char *path = xasprintf("%s/%s/%s", c->env.home, name, disks[i]);

		if (fs_look(path, NULL, NULL) != 0)
			return true;
	}
	return false;
}

enum { MAX_TOLD = 8 };

int
removal_allowed(struct cli *c, const struct names *go, struct error *err)
{
	static const char *const choices[] = { "Remove them, and what is on their disks", "Leave everything as it is" };
	AUTO(buf) who = BUF_INIT;
	size_t n = 0;
	int k;

	for (size_t i = 0; i < go->n; i++)
		if (removal_holds_data(c, go->v[i]) && some_next(&who, n++, MAX_TOLD))
			buf_addf(&who, "`%s`", go->v[i]);
	some_end(&who, n, MAX_TOLD);
	/* A plan only reports this. */
	if (!n || cli_bool(c, "allow-data-loss") || !c->command->creates)
		return 0;
	if (!c->tty)
		return error_set(err, ERR_REFUSED, "%s would be removed with what is on %s; --allow-data-loss says that it may be lost", who.s,
				 n == 1 ? "its disk" : "their disks");
	cli_say(&c->env, SAY_WARN, "%s would be removed with what is on %s", who.s, n == 1 ? "its disk" : "their disks");
	k = ask_choice(c, "May that be lost?", choices, ARRAY_LEN(choices), err);
	return k == 0 ? 0 : k < 0 ? -1 : error_set(err, ERR_CANCELLED, "nothing was done");
}

int
removal_add(struct cli *c, struct goals *g, const char *name, struct error *err)
{
	AUTO(names) go = { 0 };
	struct request *a;

	if (goals_add(g, name, GOAL_ABSENT, &a, err) < 0)
		return -1;
	a->may_lose = a->meets_delete = true;
	GROW(go.v, go.n, go.cap);
	go.v[go.n++] = xstrdup(name);
	return removal_allowed(c, &go, err);
}
