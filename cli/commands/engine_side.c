/*
 * limactl engine-look, engine-apply: what the engine `hosts` asks of a host (providers/clusters/hosts), which is this one.
 *
 * The goal is posed to the engine as by any other command; so what was begun is gone on with, whoever was killed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/host.h"
#include "base/quote/quote.h"
#include "cli/run.h"
#include "cli/view/instance.h"
#include "cli/view/probe.h"
#include "resources/engine_note.h"
#include "state/desired/template/name.h"
#include "state/observed/state.h"

/* --- looking --- */

static void
look_word(struct buf *out, const char *key, const char *text)
{
	if (*text)
		quote_json_member(out, key, text);
}

static void
look_instance(struct look *l, const char *name, bool first, struct buf *out)
{
	AUTO(instance) i = { 0 };
	struct engine_note note = { 0, "", "", "", "" };

	instance_look(l, name, &i);
	if (!i.is_unknown)
		(void)engine_note_read(i.dir, &i.arena, &note, NULL);
	if (!first)
		buf_addc(out, ',');
	buf_addc(out, '{');
	quote_json_member(out, "name", i.name);
	look_word(out, "status", i.status.word);
	buf_addf(out, ",\"memory\":%llu", instance_bytes(&i, "memory"));
	look_word(out, "fleet", note.fleet);
	look_word(out, "digest", note.digest);
	look_word(out, "key", note.key);
	look_word(out, "by", note.by);
	buf_addf(out, ",\"generation\":%lld}", note.generation);
}

static void
look_host(struct cli *c, struct buf *out)
{
	uint64_t disk = 0;

	(void)fs_free_bytes(c->env.home, &disk);
	buf_addc(out, '{');
	quote_json_member(out, "version", c->env.version);
	buf_addf(out, ",\"memory\":%llu,\"memoryFree\":%llu,\"diskFree\":%llu,\"machines\":[", (unsigned long long)os_host_memory(false),
		 (unsigned long long)os_host_memory(true), (unsigned long long)disk);
}

static int
engine_look_run(struct cli *c, struct error *err)
{
	AUTO(names) all = { 0 };
	AUTO(buf) out = BUF_INIT;
	struct look l;

	if (names_list(&all, c->env.home, err) < 0)
		return -1;
	look_host(c, &out);
	look_begin(&l, c);
	if (l.state)
		state_snapshot(l.state, NULL);	/* failing costs time only */
	probe_all(c, (const char *const *)all.v, all.n);
	for (size_t i = 0; i < all.n; i++)
		look_instance(&l, all.v[i], i == 0, &out);
	look_release(&l);
	buf_adds(&out, "]}");
	puts(out.s);
	return 0;
}

/* --- doing --- */

static const struct flag apply_flags[] = {
	{ "expects", 0, FLAG_STRING, "0", "The generation that this rests on" },
	{ "note", 0, FLAG_STRING, .about = "GENERATION KEY DIGEST FLEET BY" },
	{ "goal", 0, FLAG_STRING, "running", "What is to become of it", .complete = "running stopped absent" },
	{ 0 },
};

/* Has somebody else applied meanwhile? What happens behind this is found under the instance's lock (engine_note_judge). */
static int
apply_check_note(struct cli *c, const char *name, const struct engine_note *want, struct error *err)
{
	const char *dir = arena_printf(&c->arena, "%s/%s", c->env.home, name);
	struct engine_note is;

	if (engine_note_read(dir, &c->arena, &is, err) < 0)
		return -1;
	if (!strcmp(is.key, want->key) || is.generation == atoll(cli_str(c, "expects")))
		return 0;
	if (!is.generation)
		return error_set(err, ERR_STALE, "instance `%s` is not there any more, or is another one now; plan again", name);
	return error_set(err, ERR_STALE, "instance `%s` is of generation %lld by now, which %s applied, and this rests on %s; plan again", name, is.generation,
			 is.by, cli_str(c, "expects"));
}

static int
apply_goal(struct cli *c, const char *name, struct goals *g, const struct want *note, struct error *err)
{
	const char *goal = cli_str(c, "goal");
	struct request *a;

	if (!strcmp(goal, "absent")) {
		if (goals_add(g, name, GOAL_ABSENT, &a, err) < 0)
			return -1;
		a->may_lose = a->meets_delete = true;
		return 0;
	}
	if (strcmp(goal, "running") != 0 && strcmp(goal, "stopped") != 0)
		return error_set(err, ERR_INVALID, "--goal %s: must be running, stopped or absent", goal);
	if (goals_add_template(c, g, "-", name, !strcmp(goal, "running") ? GOAL_RUNNING : GOAL_STOPPED, &a, err) < 0)
		return -1;
	a->meets_delete = true;
	a->wants = note;
	a->nwants = 1;
	return 0;
}

static int
engine_apply_run(struct cli *c, struct error *err)
{
	const char *name = c->args[0], *line = cli_str(c, "note");
	const struct want want = { "dir", ENGINE_NOTE_ATTR, line };
	AUTO(goals) g = { 0 };
	struct engine_note note;
	struct run r;

	if (name_check(name, err) < 0)
		return -1;
	if (!engine_note_parse(line, &c->arena, &note))
		return error_set(err, ERR_INVALID, "--note: must be GENERATION KEY DIGEST FLEET BY");
	if (!instance_exists(c, name)) {
		if (!strcmp(cli_str(c, "goal"), "absent"))
			return 0;
		if (atoll(cli_str(c, "expects")) > 0)
			return error_set(err, ERR_STALE, "instance `%s` is not there any more; plan again", name);
	} else if (apply_check_note(c, name, &note, err) < 0) {
		return -1;
	}
	if (apply_goal(c, name, &g, &want, err) < 0)
		return -1;
	r = goals_run(&g);
	r.quiet = true;
	return run_engine(c, &r, err);
}

const struct command command_engine_look = {
	.name = "engine-look",
	.group = GROUP_HIDDEN,
	.about = "Tell the engine of a fleet what there is on this host",
	.max_args = 0,
	.quick = true,
	.run = engine_look_run,
};

const struct command command_engine_apply = {
	.name = "engine-apply",
	.group = GROUP_HIDDEN,
	.args = "INSTANCE",
	.about = "Do on this host what the engine of a fleet wants; lima.yaml is read from standard input",
	.flags = apply_flags,
	.more_flags = ready_flags,
	.min_args = 1,
	.max_args = 1,
	.creates = true,
	.run = engine_apply_run,
};
