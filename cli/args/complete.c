/*
 * limactl __complete WORD...: what the last word may become, a candidate a line, then
 * `:N`, bits of which are 1 error, 2 no blank behind it, 4 no file names (cobra's protocol).
 */
#include <ctype.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "cli/cli.h"
#include "cli/args/complete.h"
#include "cli/args/flags.h"
#include "cli/args/fleet_args.h"
#include "cli/commands/start.h"
#include "cli/view/templates.h"
#include "providers/driver.h"
#include "providers/external.h"
#include "state/desired/spec/keys.h"
#include "state/desired/spec/networks.h"
#include "state/observed/state.h"

enum { NO_SPACE = 2, NO_FILES = 4 };

struct completing {
	struct cli *cli;
	const char *word;	/* so far */
	bool describe;
	int directive;
};

static void
complete_offer(struct completing *k, const char *prefix, const char *name, const char *about)
{
	size_t len = strlen(prefix);

	/* A folder can have any name, and shells put candidates on the terminal as they are. */
	for (const char *p = name; *p; p++)
		if (iscntrl((unsigned char)*p))
			return;
	if (strncmp(k->word, prefix, len < strlen(k->word) ? len : strlen(k->word)) != 0)
		return;
	if (strlen(k->word) > len && strncmp(name, k->word + len, strlen(k->word) - len) != 0)
		return;
	if (k->describe && about && *about)
		printf("%s%s\t%s\n", prefix, name, about);
	else
		printf("%s%s\n", prefix, name);
}

static void
offer_instances(struct completing *k, const char *suffix)
{
	AUTO(names) names = { 0 };

	if (names_list(&names, k->cli->env.home, NULL) < 0)
		return;
	for (size_t i = 0; i < names.n; i++)
		complete_offer(k, "", arena_printf(&k->cli->arena, "%s%s", names.v[i], suffix), NULL);
}

static void
offer_folders(struct completing *k, const char *dir)
{
	AUTO(names) names = { 0 };

	if (names_list(&names, arena_printf(&k->cli->arena, "%s/%s", k->cli->env.home, dir), NULL) < 0)
		return;
	for (size_t i = 0; i < names.n; i++)
		complete_offer(k, "", names.v[i], NULL);
}

static void
offer_templates(struct completing *k)
{
	size_t n;
	const struct template_entry *v = templates_list(k->cli, &n);

	for (size_t i = 0; i < n; i++)
		if (!v[i].hidden)
			complete_offer(k, "template:", v[i].name, NULL);
}

/* Powers of two up to `most`, and that itself. */
static void
offer_powers(struct completing *k, long most, const char *fmt)
{
	long i;

	for (i = 1; i <= most; i *= 2)
		complete_offer(k, "", arena_printf(&k->cli->arena, fmt, (double)i), NULL);
	if (most > 1 && i / 2 != most)
		complete_offer(k, "", arena_printf(&k->cli->arena, fmt, (double)most), NULL);
}

static long
half_of_memory_gib(void)
{
	return (long)((unsigned long long)sysconf(_SC_PHYS_PAGES) * (unsigned long long)sysconf(_SC_PAGESIZE) / 2 >> 30);
}

static void
offer_key(void *ctx, const char *path, const struct key *k)
{
	struct completing *c = ctx;

	if (k->type != KEY_GROUP)
		complete_offer(c, ".", arena_printf(&c->cli->arena, "%s=", path), k->about);
}

static void
offer_networks(struct completing *k)
{
	struct networks n;

	if (networks_load(&n, k->cli->env.home, NULL) < 0)
		return;
	for (size_t i = 0; i < n.n; i++)
		complete_offer(k, "", n.v[i].name, n.v[i].mode);
	networks_release(&n);
}

/* Those that instances say they are of; the second in a row is most often the same. */
static void
offer_fleets(struct completing *k, const char *prefix)
{
	AUTO(names) members = { 0 };
	const char *last = "";

	if (fleet_instances(k->cli, NULL, &members, NULL) < 0)
		return;
	for (size_t i = 0; i < members.n; i++) {
		struct fleet_note note;

		if (fleet_note(k->cli, members.v[i], &note, NULL) < 0 || !strcmp(note.fleet, last))
			continue;
		last = note.fleet;
		complete_offer(k, prefix, note.fleet, "fleet");
	}
}

static int
offer_record(void *ctx, const struct record *r)
{
	struct completing *k = ctx;

	complete_offer(k, "", arena_printf(&k->cli->arena, "%s.%s", r->type, r->name), *r->owner ? r->owner : "shared");
	return 0;
}

/* Resources of earlier runs, as the database has them. */
static void
offer_addresses(struct completing *k)
{
	struct state *s;

	if (state_open(&s, k->cli->env.home, &(struct state_opts){ .flags = STATE_READ }, NULL) < 0)
		return;
	(void)state_records(s, NULL, offer_record, k, NULL);
	state_close(s);
}

/* Completes with interfaces of this host. */
static void
offer_interfaces(struct completing *k)
{
	struct if_nameindex *v = if_nameindex();

	for (struct if_nameindex *i = v; i && i->if_name; i++)
		complete_offer(k, "", i->if_name, NULL);
	if (v)
		if_freenameindex(v);
}

static void
offer_drivers(struct completing *k)
{
	size_t n;
	const struct external *others = external_list(&k->cli->arena, &n);

	for (const struct driver *const *d = driver_all(); *d; d++)
		complete_offer(k, "", (*d)->name, NULL);
	for (size_t i = 0; i < n; i++)
		complete_offer(k, "", others[i].name, others[i].path);
}

static void
offer_commands(struct completing *k, const char *parent)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];

		if (parent ? c->parent && strcmp(c->parent, parent) == 0 : !c->parent)
			if (c->group != GROUP_HIDDEN)
				complete_offer(k, "", c->name, c->about);
	}
	k->directive = NO_FILES;
}

static void
offer_named(struct completing *k)
{
	offer_instances(k, "");
	offer_fleets(k, "fleet/");
}

/* What is behind the colon is a path in the guest. */
static void
offer_guests(struct completing *k)
{
	offer_instances(k, ":");
	k->directive = NO_SPACE;
}

static void
offer_disks(struct completing *k)
{
	offer_folders(k, "_disks");
}

static void
offer_fleet_names(struct completing *k)
{
	offer_fleets(k, "");
}

static void
offer_cpus(struct completing *k)
{
	offer_powers(k, sysconf(_SC_NPROCESSORS_ONLN), "%.0f");
}

static void
offer_memory(struct completing *k)
{
	offer_powers(k, half_of_memory_gib(), "%.1f");
}

static void
offer_top_commands(struct completing *k)
{
	offer_commands(k, NULL);
}

static void
offer_keys(struct completing *k)
{
	key_each(offer_key, k);
	k->directive |= NO_SPACE;
}

/* The shell knows them. */
static void
offer_files(struct completing *k)
{
	k->directive &= ~NO_FILES;
}

/* The words of a `complete` field that are no candidates themselves. */
static const struct completion {
	const char *kind;
	void (*offer)(struct completing *k);
} completions[] = {
	{ "@instance", offer_named }, { "@instance:", offer_guests }, { "@template", offer_templates }, { "@disk", offer_disks },
	{ "@fleet", offer_fleet_names }, { "@address", offer_addresses }, { "@network", offer_networks }, { "@driver", offer_drivers },
	{ "@interface", offer_interfaces }, { "@cpus", offer_cpus }, { "@memory", offer_memory }, { "@command", offer_top_commands },
	{ "@set", offer_keys }, { "@file", offer_files }, { "@dir", offer_files },
};

static const struct completion *
completion_of(const char *kind, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(completions); i++)
		if (strlen(completions[i].kind) == len && !strncmp(completions[i].kind, kind, len))
			return &completions[i];
	return NULL;
}

bool
completion_is_known(const char *kind, size_t len)
{
	return len == 0 || *kind != '@' || completion_of(kind, len);
}

/* One word of a `complete` field. */
static void
offer_kind(struct completing *k, const char *kind)
{
	const struct completion *c = completion_of(kind, strlen(kind));

	k->directive |= NO_FILES;
	if (c)
		c->offer(k);
	else
		complete_offer(k, "", kind, NULL);
}

static void
offer_all(struct completing *k, const char *kinds)
{
	char *words = arena_strdup(&k->cli->arena, kinds ? kinds : ""), *save = NULL;

	k->directive = kinds ? NO_FILES : 0;
	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		offer_kind(k, w);
}

static void
offer_flags(struct completing *k, const struct flag_values *flags)
{
	for (size_t i = 0; i < flags->n; i++)
		if (!(flags->v[i].flag->how & FLAG_HIDDEN))
			complete_offer(k, "--", flags->v[i].flag->name, flags->v[i].flag->about);
	k->directive = NO_FILES;
}

/* The flag whose value the last word is: `--flag VALUE` or `--flag=VALUE`; NULL: it is none. */
static const struct flag *
flag_of(struct completing *k, const struct flag_values *flags, char **words, int n)
{
	const struct flag_value *v;
	const char *equals = strchr(k->word, '=');

	if (k->word[0] == '-' && equals) {
		v = k->word[1] == '-' ? flags_long(flags, k->word + 2, (size_t)(equals - k->word - 2)) : flags_short(flags, k->word[1]);
		k->word = equals + 1;
		return v ? v->flag : NULL;
	}
	if (n == 0 || words[n - 1][0] != '-' || !flags_eats_next(flags, words[n - 1]))
		return NULL;
	v = words[n - 1][1] == '-' ? flags_long(flags, words[n - 1] + 2, strlen(words[n - 1] + 2)) : flags_short(flags, words[n - 1][1]);
	return v ? v->flag : NULL;
}

/* Are all arguments there that the command takes, or for `shell` the only one that we know? */
static bool
complete_enough(const struct command *cmd, struct flag_values *flags, char **words, int n)
{
	int nargs, dash;

	if (flags_parse(flags, words, n, cmd->stop_at_first_arg, &nargs, &dash, NULL) < 0)
		return false;
	return cmd->stop_at_first_arg ? nargs > 0 : cmd->max_args >= 0 && nargs >= cmd->max_args;
}

static void
complete(struct completing *k, char **words, int n)
{
	AUTO(flag_values) flags = { 0 };
	const struct command *cmd;
	const struct flag *flag;
	int at;

	cmd = command_in(words, &n, &at);
	command_flags(&flags, cmd);
	flag = flag_of(k, &flags, words, n);
	if (flag)
		offer_all(k, flag->complete);
	else if (k->word[0] == '-')
		offer_flags(k, &flags);
	else if (!cmd || !cmd->run)
		offer_commands(k, cmd ? cmd->name : NULL);
	else if (!complete_enough(cmd, &flags, words, n))
		offer_all(k, cmd->complete);
}

static int
complete_run(struct cli *c, bool describe)
{
	struct completing k = { .cli = c, .describe = describe, .word = c->nargs ? c->args[c->nargs - 1] : "" };
	int n = c->nargs ? c->nargs - 1 : 0;

	if (c->nargs)
		c->args[n] = NULL;
	complete(&k, c->args, n);
	printf(":%d\n", k.directive);
	return 0;
}

static int
run_described(struct cli *c, struct error *err)
{
	(void)err;
	return complete_run(c, true);
}

static int
run_plain(struct cli *c, struct error *err)
{
	(void)err;
	return complete_run(c, false);
}

const struct command command___complete = {
	.name = "__complete",
	.group = GROUP_HIDDEN,
	.args = "WORD...",
	.about = "Candidates for the last word; for the scripts of `limactl completion`",
	.max_args = -1,
	.raw = true,
	.quick = true,
	.run = run_described,
};

const struct command command___completeNoDesc = {
	.name = "__completeNoDesc",
	.group = GROUP_HIDDEN,
	.args = "WORD...",
	.about = "Candidates for the last word, without what they mean",
	.max_args = -1,
	.raw = true,
	.quick = true,
	.run = run_plain,
};
