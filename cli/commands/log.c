/* limactl log: what a script, file or edit of `provision` said when it ran */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/facts.h"
#include "base/fs.h"
#include "cli/cli.h"
#include "cli/run.h"
#include "resources/provision_list.h"
#include "resources/provision_record.h"
#include "state/observed/state.h"

#define TYPE "provision"

static const struct flag flags[] = {
	{ 0 },
};

struct logged {
	struct cli *cli;
	const char *name;
	const char *owner, *id;	/* NULL: nothing is known of it */
};

static int
logged_record(void *ctx, const struct record *r)
{
	struct logged *l = ctx;
	struct facts have = { 0 };
	struct arena *a = &l->cli->arena;

	if (strcmp(r->type, TYPE) != 0 || strcmp(r->name, l->name) != 0)
		return 0;
	l->owner = arena_strdup(a, r->owner);
	if (facts_unpack(&have, a, arena_memdup(a, r->have.p, r->have.len), r->have.len) == 0 && facts_get(&have, "inputs"))
		l->id = facts_get(&have, "inputs");
	else if (facts_unpack(&have, a, arena_memdup(a, r->want.p, r->want.len), r->want.len) == 0)
		l->id = facts_get(&have, "inputs");
	return 1;
}

static int
logged_find(struct cli *c, struct logged *l, struct error *err)
{
	struct state *s;
	int r;

	if (state_open(&s, c->env.home, &(struct state_opts){ .flags = STATE_READ }, err) < 0)
		return -1;
	r = state_records(s, NULL, logged_record, l, err);
	state_close(s);
	return r < 0 ? -1 : 0;
}

/* By what the entry is made of in the lima.yaml of the instance: also of one that has failed, of which no record is kept. */
static const char *
logged_now(struct cli *c, const struct logged *l)
{
	const char *colon = strrchr(l->name, ':'), *instance;
	struct spec_opts opts = cli_spec_opts(c);
	struct spec *spec;
	const char *id = NULL;
	unsigned long i;
	char *end;

	if (!colon || !isdigit((unsigned char)colon[1]))
		return NULL;
	i = strtoul(colon + 1, &end, 10);
	instance = arena_memdup(&c->arena, l->name, (size_t)(colon - l->name));
	opts.warn = NULL;
	if (*end || !instance_exists(c, instance) || spec_load_instance(&spec, instance, &opts, NULL) < 0)
		return NULL;
	if (i < spec->nprovision)
		id = provision_ids(&c->arena, spec)[i];
	spec_free(spec);
	return id;
}

static int
logged_read(struct cli *c, const char *instance, const char *id, struct buf *text, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s/" PROVISION_FOLDER "/%s.log", c->env.home, instance, id);

	return strlen(id) == PROVISION_ID ? fs_read_if(path, text, PROVISION_LOG_MAX, err) : 0;
}

static int
log_run(struct cli *c, struct error *err)
{
	struct logged l = { .cli = c };
	AUTO(buf) text = BUF_INIT;
	const char *now, *colon;
	int there = 0;

	if (strncmp(c->args[0], TYPE ".", strlen(TYPE ".")) != 0)
		return error_set(err, ERR_INVALID, "%s: only what `provision` runs has a log here: provision.NAME:N, as `limactl plan` tells it", c->args[0]);
	l.name = c->args[0] + strlen(TYPE ".");
	now = logged_now(c, &l);
	colon = strrchr(l.name, ':');
	if (now)
		there = logged_read(c, arena_memdup(&c->arena, l.name, (size_t)(colon - l.name)), now, &text, err);
	if (!there && logged_find(c, &l, err) < 0)
		return -1;
	if (!there && l.id)
		there = logged_read(c, l.owner, l.id, &text, err);
	if (there < 0)
		return -1;
	if (!there)
		return error_set(err, ENOENT, "%s: there is no log of it, since it has not run here", c->args[0]);
	if (text.len)
		cli_print(stdout, text.s, text.len);
	return 0;
}

const struct command command_log = {
	.name = "log",
	.group = GROUP_ADVANCED,
	.args = "ADDRESS",
	.about = "Print what a script of `provision` said when it last ran",
	.details = "ADDRESS is provision.NAME:N, as `plan` tells it: entry N of `provision`, from 0 on, of the instance NAME. It is kept until the\n"
		   "entry changes, at most the last 256 KiB of it. `limactl explain` of the same tells how it went.",
	.example = "limactl log provision.web:0",
	.complete = "@address",
	.flags = flags,
	.min_args = 1,
	.max_args = 1,
	.strict = true,
	.run = log_run,
};
