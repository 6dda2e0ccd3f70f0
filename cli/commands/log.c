/* limactl log: what a script, file or edit of `provision`, or a probe, said when it ran */
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
#include "cli/away/away.h"
#include "cli/cli.h"
#include "cli/run.h"
#include "hostagent/protocol/ha_client.h"
#include "hostagent/protocol/probe.h"
#include "resources/provision_list.h"
#include "resources/provision_record.h"
#include "state/observed/state.h"

/* What has a log: a thing of one of these types, an entry NAME:N of that list of lima.yaml. */
struct log_type {
	const char *name;
	/* By what entry `i` is made of in the lima.yaml of the instance: also of one that has failed, of which no record is kept. NULL: it is none. */
	const char *(*id)(struct arena *a, const struct spec *spec, size_t i);
	bool asked;		/* by the host agent, while it waits for its guest */
};

static const char *
log_provision_id(struct arena *a, const struct spec *spec, size_t i)
{
	return i < spec->nprovision ? provision_ids(a, spec)[i] : NULL;
}

static const char *
log_probe_id(struct arena *a, const struct spec *spec, size_t i)
{
	char *id = arena_alloc(a, PROBE_ID + 1);

	if (i >= spec->nprobes)
		return NULL;
	probe_id(spec->probes[i].script, id);
	return id;
}

enum { LOG_PROVISION, LOG_PROBE, LOG_PLAYBOOK };

static const struct log_type log_types[] = {
	[LOG_PROVISION] = { "provision", log_provision_id, false },
	[LOG_PROBE] = { "probe", log_probe_id, true },
	[LOG_PLAYBOOK] = { "playbook", provision_playbook_id, false },
};

static const struct flag flags[] = {
	{ 0 },
};

struct logged {
	struct cli *cli;
	const struct log_type *type;
	const char *name;
	const char *owner, *id;	/* NULL: nothing is known of it */
};

static int
logged_record(void *ctx, const struct record *r)
{
	struct logged *l = ctx;
	struct facts have = { 0 };
	struct arena *a = &l->cli->arena;

	if (strcmp(r->type, l->type->name) != 0 || strcmp(r->name, l->name) != 0)
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

static const char *
logged_now(struct cli *c, const struct logged *l)
{
	const char *colon = strrchr(l->name, ':'), *instance;
	struct spec_opts opts = cli_spec_opts(c);
	struct spec *spec;
	const char *id;
	unsigned long i;
	char *end;

	if (!colon || !isdigit((unsigned char)colon[1]))
		return NULL;
	i = strtoul(colon + 1, &end, 10);
	instance = arena_memdup(&c->arena, l->name, (size_t)(colon - l->name));
	opts.warn = NULL;
	if (*end || !instance_exists(c, instance) || spec_load_instance(&spec, instance, &opts, NULL) < 0)
		return NULL;
	id = l->type->id(&c->arena, spec, i);
	spec_free(spec);
	return id;
}

/* What it says just now, of a guest that is waited for. */
static bool
logged_asked(struct cli *c, const char *instance, const char *id, struct buf *text)
{
	auto_free char *dir = xasprintf("%s/%s", c->env.home, instance);
	struct ha_condition *v;
	size_t n;

	if (ha_conditions(dir, &c->arena, &v, &n, NULL) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].id, id) && *v[i].said) {
			buf_addf(text, "%s\n", v[i].said);
			return true;
		}
	return false;
}

static int
logged_read(struct cli *c, const struct logged *l, const char *instance, const char *id, struct buf *text, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s/%s/%s.log", c->env.home, instance, l->type->name, id);
	int there = strlen(id) == PROVISION_ID ? fs_read_if(path, text, PROVISION_LOG_MAX, err) : 0;

	return there == 0 && l->type->asked ? logged_asked(c, instance, id, text) : there;
}

static int
log_type_of(struct logged *l, const char *address, struct error *err)
{
	const char *fleet;

	for (size_t i = 0; i < ARRAY_LEN(log_types); i++) {
		size_t n = strlen(log_types[i].name);

		if (strncmp(address, log_types[i].name, n) != 0 || address[n] != '.')
			continue;
		l->type = &log_types[i];
		l->name = address + n + 1;
		return 0;
	}
	if (away_node(l->cli, address, &fleet))
		return error_set(err, ERR_UNSUPPORTED, "`%s` is on another host; `limactl shell %s sudo cat /var/log/cloud-init-output.log` has what its boot scripts said",
				 address, address);
	return error_set(err, ERR_INVALID, "%s: only what `provision` runs and `probes` ask has a log here: provision.NAME:N, probe.NAME:N, as "
					   "`limactl plan` tells it", address);
}

static int
log_run(struct cli *c, struct error *err)
{
	struct logged l = { .cli = c };
	AUTO(buf) text = BUF_INIT;
	const char *now, *colon;
	int there = 0;

	if (log_type_of(&l, c->args[0], err) < 0)
		return -1;
	now = logged_now(c, &l);
	if (!now && l.type == &log_types[LOG_PROVISION]) {
		/* It may be one that the host plays: an entry of the same list. */
		l.type = &log_types[LOG_PLAYBOOK];
		now = logged_now(c, &l);
	}
	colon = strrchr(l.name, ':');
	if (now)
		there = logged_read(c, &l, arena_memdup(&c->arena, l.name, (size_t)(colon - l.name)), now, &text, err);
	if (!there && logged_find(c, &l, err) < 0)
		return -1;
	if (!there && l.id)
		there = logged_read(c, &l, l.owner, l.id, &text, err);
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
	.about = "Print what a script of `provision`, or a probe, said when it last ran",
	.details = "ADDRESS is provision.NAME:N, as `plan` tells it: entry N of `provision`, from 0 on, of the instance NAME; or probe.NAME:N, of `probes`, or playbook.NAME:N,\n"
		   "entry N of `provision` that is one. It is kept until the entry changes, at most the last 256 KiB of it. `limactl explain` of the same\n"
		   "tells how it went.",
	.example = "limactl log provision.web:0",
	.complete = "@address",
	.flags = flags,
	.min_args = 1,
	.max_args = 1,
	.strict = true,
	.run = log_run,
};
