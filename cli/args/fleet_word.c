/* fleet/NAME: the instances whose folders say that they are of that fleet. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/args/fleet_args.h"
#include "cli/view/probe.h"

int
fleet_note(struct cli *c, const char *instance, struct fleet_note *out, struct error *err)
{
	auto_free char *dir = xasprintf("%s/%s", c->env.home, instance);
	struct spec_member m;

	if (!probe_answers(c, instance))
		return error_set(err, ETIMEDOUT, "instance `%s`: %s", instance, probe_silence(c));
	if (spec_fleet_read(&c->arena, dir, &m, err) < 0)
		return -1;
	*out = (struct fleet_note){ m.fleet, m.file };
	return 0;
}

const char *
fleet_word(const char *arg)
{
	return strncmp(arg, "fleet/", 6) != 0 || !arg[6] || strchr(arg + 6, '/') ? NULL : arg + 6;
}

int
fleet_instances(struct cli *c, const char *fleet, struct names *out, struct error *err)
{
	AUTO(names) all = { 0 };
	size_t kept = 0;

	if (names_list(&all, c->env.home, err) < 0)
		return -1;
	probe_all(c, (const char *const *)all.v, all.n);
	for (size_t i = 0; i < all.n; i++) {
		struct fleet_note note;

		/* Whose it is nobody knows: it is left as it is. */
		if (!probe_answers(c, all.v[i])) {
			cli_say(&c->env, SAY_WARN, "instance `%s`: %s", all.v[i], probe_silence(c));
			free(all.v[i]);
			all.v[i] = NULL;
			continue;
		}
		if (fleet_note(c, all.v[i], &note, err) < 0)
			return -1;
		if (*note.fleet && (!fleet || !strcmp(note.fleet, fleet))) {
			char *name = all.v[i];

			all.v[i] = all.v[kept];
			all.v[kept++] = name;
		}
	}
	while (all.n > kept)
		free(all.v[--all.n]);
	*out = all;
	all = (struct names){ 0 };
	return 0;
}

/* The command is about one instance. */
static int
fleet_refuse_word(struct cli *c, const char *arg, const struct names *members, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < members->n && i < 20; i++)
		buf_addf(&b, "%s%s", i ? ", " : "", members->v[i]);
	return error_set(err, ERR_INVALID, "`%s` is %zu instance%s, and `%s` is about one of them: %s%s", arg, members->n,
			 members->n == 1 ? "" : "s", c->command->name, b.s, members->n > 20 ? ", ..." : "");
}

static const char *
fleet_joined(struct cli *c, const struct names *members)
{
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < members->n; i++)
		buf_addf(&b, "%s%s", i ? "," : "", members->v[i]);
	return arena_strdup(&c->arena, b.s);
}

static bool
fleet_is_named(char *const *v, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(v[i], name))
			return true;
	return false;
}

int
fleets_to_names(struct cli *c, struct error *err)
{
	int n = c->command->stop_at_first_arg && c->nargs ? 1 : c->command->dash_command && c->dash_at > 0 ? c->dash_at : c->nargs;
	char **out = NULL;
	int nout = 0;

	if (!c->command->complete || !command_has_word(c->command->complete, "@instance"))
		return 0;
	for (int i = 0; i < n; i++) {
		const char *fleet = fleet_word(c->args[i]);
		AUTO(names) members = { 0 };
		char **grown;

		if (!fleet) {
			if (out && !fleet_is_named(out, nout, c->args[i]))
				out[nout++] = c->args[i];
			continue;
		}
		if (fleet_instances(c, fleet, &members, err) < 0)
			return -1;
		if (!members.n)
			return error_set(err, ENOENT, "there is no instance of a fleet `%s`", fleet), error_hint(err, "; `limactl fleet ls` lists the fleets");
		/* a command for each of them: `shell` takes their names apart by commas */
		if (c->command->stop_at_first_arg && c->nargs > 1) {
			c->args[i] = (char *)fleet_joined(c, &members);
			continue;
		}
		if (c->command->max_args >= 0 || c->command->stop_at_first_arg)
			return fleet_refuse_word(c, c->args[i], &members, err);
		grown = arena_alloc(&c->arena, ((size_t)(out ? nout : i) + members.n + (size_t)c->nargs + 1) * sizeof *grown);
		memcpy(grown, out ? out : c->args, (size_t)(out ? nout : i) * sizeof *grown);
		nout = out ? nout : i;
		out = grown;
		for (size_t k = 0; k < members.n; k++)
			if (!fleet_is_named(out, nout, members.v[k]))
				out[nout++] = arena_strdup(&c->arena, members.v[k]);
	}
	if (out) {
		if (n < c->nargs)
			c->dash_at = nout;
		/* what stands behind `--` is a command, and no instance */
		while (n < c->nargs)
			out[nout++] = c->args[n++];
		out[nout] = NULL;
		c->args = out;
		c->nargs = nout;
	}
	return 0;
}
