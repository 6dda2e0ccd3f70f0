/*
 * resources/playbook.c - provision[] of mode ansible: playbooks that the host runs on a guest that is ready
 *
 * `playbook NAME:N`, N as in `provision`, is there when it was played since the machine was started; one that has changed, in its
 * file too, is played again. In their order, behind all that the guest runs itself. What is known of each is beside the others' (ran.h);
 * the inventory is of all.
 */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/programs.h"
#include "base/quote/quote.h"
#include "base/sha256.h"
#include "resources/fetch.h"
#include "resources/instance_files.h"
#include "resources/instance_paths.h"
#include "resources/playbook_before.h"
#include "resources/provision_list.h"
#include "resources/provision_record.h"
#include "resources/ran.h"

enum { MAX_PLAYBOOK = 16 << 20 };

#define AS_PLAYED "as played"
#define IS_OTHER "another one"

static const struct attr attrs[] = {
	RAN_COMPARED,
	{ .name = "file", .cost = COST_UPDATE, .judge = judge_known_update },
	{ .name = "playbook", .cost = COST_NONE },
	RAN_TOLD,
	{ 0 },
};

extern const struct resource_type resource_playbook;

static void
playbook_declare_one(const struct spec *spec, struct graph *g, size_t i, const char *name, const char *before)
{
	struct resource *r = graph_declare(g, &resource_playbook, spec->name, name, wanted_running(spec));
	const struct spec_provision *p = &spec->provision[i];

	/* The folder's step sweeps away what killed runs have left, and may be the only other step. */
	resource_need(g, r, "dir", spec->name, NEED_LIVE);
	resource_need(g, r, "vm", spec->name, NEED_LIVE);
	resource_need(g, r, "ready", spec->name, NEED_BUILD);
	resource_need_each_if(g, r, "provision", spec->name, NEED_BUILD);
	if (before)
		resource_need(g, r, "playbook", before, NEED_BUILD);
	resource_want(g, r, "inputs", provision_playbook_id(graph_arena(g), spec, i));
	resource_want(g, r, "status", "0");
	resource_want(g, r, "file", AS_PLAYED);
	resource_want(g, r, "playbook", p->playbook);
	resource_want(g, r, "written in", *p->place ? p->place : NULL);
}

static int
playbook_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *before = NULL, *name;

	(void)env;
	for (size_t i = 0; i < spec->nprovision; i++) {
		if (!provision_playbook(spec, i))
			continue;
		if (strchr(provision_playbook(spec, i), '\n'))
			return error_set(err, ERR_INVALID, "provision[%zu].playbook: must be one line", i);
		name = arena_printf(&a, "%s:%zu", spec->name, i);
		playbook_declare_one(spec, g, i, name, before);
		before = name;
	}
	return 0;
}

/* Its contents in a word; NULL: it cannot be read. */
static const char *
playbook_contents(const char *path, struct arena *a)
{
	AUTO(buf) text = BUF_INIT;
	char hex[65];

	if (fs_read(path, &text, MAX_PLAYBOOK, NULL) < 0)
		return NULL;
	sha256_hex(text.s ? text.s : "", text.len, hex);
	return arena_printf(a, "%.*s", PROVISION_ID, hex);
}

/* Is the file what was played? One that was only touched is. */
static bool
playbook_is_same(const struct facts *record, const char *path, struct arena *a)
{
	const char *stamp = fs_stamp(a, path), *was = facts_get(record, "stamp"), *contents;

	if (stamp && was && !strcmp(stamp, was))
		return true;
	contents = playbook_contents(path, a);
	return contents && facts_get(record, "contents") && !strcmp(contents, facts_get(record, "contents"));
}

static int
playbook_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	const char *want = facts_get(&r->want, "inputs"), *path = facts_get(&r->want, "playbook");
	const char *run = NULL;
	struct facts record;
	int is;

	/* One for all, as an earlier version had it, is no such thing. */
	if (!strrchr(r->name, ':'))
		return 0;
	is = ran_observe(env, r, path ? want : NULL, &record, have, a, err);
	if (path && want && (is == RAN_NOT || is == RAN_BEFORE) && ran_machine(env, r, a, &run, NULL) >= 0 && run &&
	    playbook_before(env, r, ran_index(r), run, &record, a)) {
		ran_tell(&record, r, want, have, a);
		is = RAN_NOW;
	}
	if (is == RAN_NOW)
		facts_set(have, a, "file", playbook_is_same(&record, path, a) ? AS_PLAYED : IS_OTHER);
	return is < 0 ? -1 : is >= RAN_BEFORE;
}

/* What an earlier version has played of the others is told by the inventory, which is written anew. */
static int
playbook_keep_others(const struct env *env, const struct resource *r, const char *const *ids, const char *run, struct error *err)
{
	AUTO(arena) a = { 0 };
	struct facts record;

	for (size_t i = 0; i < r->spec->nprovision; i++) {
		if (!ids[i] || i == ran_index(r) || (provision_record_load(env, r, ids[i], &record, &a) && ran_in(&record, run)) ||
		    !playbook_before(env, r, i, run, &record, &a))
			continue;
		facts_set(&record, &a, "contents", playbook_contents(provision_playbook(r->spec, i), &a));
		if (provision_record_save(env, r, ids[i], &record, err) < 0)
			return -1;
	}
	return 0;
}

/* lima-vm/lima: pkg/instance/ansible.go. */
static int
write_inventory(const struct env *env, const struct resource *r, const char *path, struct error *err)
{
	auto_free char *config = instance_path(env, r, "ssh.config");
	AUTO(buf) b = BUF_INIT;
	AUTO(buf) args = BUF_INIT;

	buf_adds(&args, "-F ");
	quote_shell(&args, config);
	buf_adds(&b, "lima:\n  hosts:\n    ");
	quote_yaml(&b, r->spec->name);
	buf_adds(&b, ":\n      ansible_connection: ssh\n      ansible_host: ");
	quote_yaml(&b, r->spec->hostname);
	/* A path that Jinja would expand is tagged as text; only Ansible's readers of YAML know the tag. */
	buf_adds(&b, "\n      ansible_ssh_common_args: ");
	if (strstr(args.s, "{{") || strstr(args.s, "{%") || strstr(args.s, "{#"))
		buf_adds(&b, "!unsafe ");
	quote_yaml(&b, args.s);
	buf_addc(&b, '\n');
	return fs_write(path, b.s, b.len, 0644, err);
}

static void
say_lines(const struct env *env, char *text)
{
	char *save, *line = strtok_r(text, "\n", &save);

	for (; line; line = strtok_r(NULL, "\n", &save))
		env->say(env, SAY_INFO, "%s", line);
}

/* -1: not to its end. */
static int
playbook_play(const struct env *env, const struct resource *r, size_t i, const char *inventory, struct buf *log, struct error *err)
{
	const struct spec *spec = r->spec;
	const char *argv[] = { "ansible-playbook", "-i", inventory, provision_playbook(spec, i), NULL };
	const char **add;
	AUTO(arena) a = { 0 };
	int status = -1;
	struct error why = { 0 };

	add = arena_alloc(&a, (spec->nparam + 1) * sizeof *add);
	for (size_t k = 0; k < spec->nparam; k++)
		add[k] = arena_printf(&a, "PARAM_%s=%s", spec->param[k].key, spec->param[k].value);
	env->say(env, SAY_INFO, "%s: running the playbook %s", spec->name, provision_playbook(spec, i));
	if (proc_run(argv, &(struct proc_opts){ .env_add = add, .out = log, .both = true, .keep_out = true, .status = &status, .cancel = env->cancel },
		     &why) < 0 && status < 0)
		error_set(err, why.code, "%s", why.msg);
	if (log->len) {
		auto_free char *text = xstrndup(log->s, log->len);

		say_lines(env, text);
	}
	return status;
}

static int
playbook_run(const struct env *env, const struct resource *r, const char *id, const char *run, struct facts *record, struct arena *a,
	     struct error *err)
{
	auto_free char *inventory = instance_path(env, r, "ansible-inventory.yaml");
	size_t i = ran_index(r);
	const char *path = provision_playbook(r->spec, i);
	struct ran_entry e = { arena_printf(a, "provision[%zu].playbook: %s", i, path), "ansible", r->spec->provision[i].place, false };
	long long since = clock_ms();
	AUTO(buf) log = BUF_INIT;
	struct buf end;
	int status;

	if (write_inventory(env, r, inventory, err) < 0 || ran_begin(env, r, id, run, RAN_BY_STEP, record, a, err) < 0)
		return -1;
	facts_set(record, a, "stamp", fs_stamp(a, path));
	facts_set(record, a, "contents", playbook_contents(path, a));
	if ((status = playbook_play(env, r, i, inventory, &log, err)) < 0)
		return error_wrap(err, "%s", e.what);
	end = (struct buf){ .s = log.s, .len = log.len };
	if (end.len > PROVISION_LOG_MAX)
		end = (struct buf){ .s = log.s + log.len - PROVISION_LOG_MAX, .len = PROVISION_LOG_MAX };
	if (ran_keep(env, r, id, record, status, clock_ms() - since, &end, a, err) < 0)
		return -1;
	return status ? ran_tell_failure(r, &e, record, &end, err) : 0;
}

static int
playbook_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *program = proc_find("ansible-playbook");
	const char **ids, *run;
	size_t i = ran_index(r);
	struct facts record;

	if (ran_machine(env, r, a, &run, err) < 0)
		return -1;
	if (!program) {
		program_missing("ansible-playbook", err);
		return error_wrap(err, "provision[].mode: ansible");
	}
	if (!run || !provision_playbook(r->spec, i))
		return error_set(err, ERR_INVALID, "%s: no machine to run it on", r->name);
	ids = arena_alloc(a, (r->spec->nprovision + 1) * sizeof *ids);
	for (size_t k = 0; k < r->spec->nprovision; k++)
		ids[k] = provision_playbook_id(a, r->spec, k);
	if (provision_forget(env, r, ids, r->spec->nprovision, err) < 0 || playbook_keep_others(env, r, ids, run, err) < 0)
		return -1;
	/* Done twice is done once; one that is to be played anew has no record any more. */
	if (!(provision_record_load(env, r, ids[i], &record, a) && ran_in(&record, run) && !strcmp(facts_get(&record, "status"), "0") &&
	      playbook_is_same(&record, provision_playbook(r->spec, i), a)) &&
	    playbook_run(env, r, ids[i], run, &record, a, err) < 0)
		return -1;
	ran_tell(&record, r, ids[i], have, a);
	facts_set(have, a, "file", AS_PLAYED);
	return 0;
}

/* What it did cannot be taken back; that it was played is forgotten where it is to be played anew. The inventory is of the machine that runs. */
static int
playbook_remove(const struct env *env, const struct resource *r, struct error *err)
{
	const char *id = facts_get(&r->have, "inputs");

	if (ran_falls(r))
		return instance_files_remove(env, r, err);
	return id && r->wanted ? provision_forget_one(env, r, id, err) : 0;
}

static void
playbook_reads(const struct env *env, const struct resource *r, struct facts *files, struct arena *a)
{
	const char *path = facts_get(&r->want, "playbook");

	(void)env;
	if (path)
		fetch_reads(path, files, a);
}

const struct resource_type resource_playbook = {
	.name = "playbook",
	.about = "an Ansible playbook that the host has run on a guest that is ready",
	.gone = "forgotten",
	.folds = true,
	.attrs = attrs,
	.declare = playbook_declare,
	.observe = playbook_observe,
	.reads = playbook_reads,
	.ensure = playbook_ensure,
	.remove = playbook_remove,
};
