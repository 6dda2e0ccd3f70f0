/*
 * resources/playbook.c - provision[] of mode ansible: playbooks that the host runs on a guest that is ready
 *
 * All of an instance, in their order, once in each run of its machine, and again when one has changed. What was
 * played, and in which run of the machine, is in the inventory itself, as comments:
 *
 *	# run: DIGEST STAMP	of lima.yaml's words, and of that run
 *	# played: STAMP PATH	of each playbook
 */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/programs.h"
#include "base/quote/quote.h"
#include "base/sha256.h"
#include "providers/driver.h"
#include "resources/cidata_files.h"
#include "resources/instance_files.h"
#include "resources/instance_paths.h"

#define RUN    "# run: "
#define PLAYED "# played: "

enum { MAX_INVENTORY = 1 << 20 };

static const struct attr attrs[] = {
	{ .name = "playbooks", .cost = COST_UPDATE, .show = SHOW_DIGEST },
	{ 0 },
};

extern const struct resource_type resource_playbook;

static const char *
playbook_ansible(const struct spec *spec, size_t i)
{
	return spec->provision[i].mode == PROVISION_ANSIBLE && *spec->provision[i].playbook ? spec->provision[i].playbook : NULL;
}

/* The attributes are the playbooks and what each of them is given. */
static const char *
playbook_digest(struct arena *a, const struct spec *spec)
{
	AUTO(buf) all = BUF_INIT;
	char hex[65];

	for (size_t i = 0; i < spec->nprovision; i++)
		if (playbook_ansible(spec, i))
			buf_addf(&all, "%s\n", playbook_ansible(spec, i));
	for (size_t i = 0; i < spec->nparam; i++)
		buf_addf(&all, "%s=%s\n", spec->param[i].key, spec->param[i].value);
	sha256_hex(all.s, all.len, hex);
	return arena_strdup(a, hex);
}

static int
playbook_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct resource *r;
	bool any = false;

	(void)env;
	for (size_t i = 0; i < spec->nprovision; i++) {
		any |= playbook_ansible(spec, i) != NULL;
		if (playbook_ansible(spec, i) && strchr(playbook_ansible(spec, i), '\n'))
			return error_set(err, ERR_INVALID, "provision[%zu].playbook: must be one line", i);
	}
	if (!any)
		return 0;
	r = graph_declare(g, &resource_playbook, spec->name, spec->name, wanted_running(spec));
	/* The folder's step sweeps away what killed runs have left, and may be the only other step. */
	resource_need(g, r, "dir", spec->name, NEED_LIVE);
	resource_need(g, r, "vm", spec->name, NEED_LIVE);
	resource_need(g, r, "ready", spec->name, NEED_BUILD);
	resource_need_each_if(g, r, "provision", spec->name, NEED_BUILD);
	resource_want(g, r, "playbooks", playbook_digest(graph_arena(g), spec));
	return 0;
}

/* NULL: it does not run. */
static int
this_run(const struct env *env, const struct resource *r, struct arena *a, const char **run, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);

	return driver_run(dir, a, run, err);
}

/* STAMP PATH: has it changed since it was played? */
static bool
playbook_changed(struct arena *a, char *line)
{
	char *path = strchr(line, '/');
	const char *now = path ? fs_stamp(a, path) : NULL;

	return !now || strncmp(line, now, strlen(now)) != 0 || line + strlen(now) + 1 != path;
}

static int
playbook_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, "ansible-inventory.yaml");
	const char *run = NULL, *what = NULL;
	AUTO(buf) text = BUF_INIT;
	char *save, *line;
	bool again = false;

	if (this_run(env, r, a, &run, err) < 0 || fs_read_if(path, &text, MAX_INVENTORY, err) < 0)
		return -1;
	if (!run || !text.len)
		return 0;
	for (line = strtok_r(text.s, "\n", &save); line && *line == '#'; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, RUN, strlen(RUN)) && strlen(line) > strlen(RUN) + 65 && !strcmp(line + strlen(RUN) + 65, run))
			what = arena_printf(a, "%.64s", line + strlen(RUN));
		else if (!strncmp(line, PLAYED, strlen(PLAYED)))
			again |= playbook_changed(a, line + strlen(PLAYED));
	}
	if (!what)
		return 0;
	facts_set(have, a, "playbooks", again ? "changed" : what);
	return 1;
}

/* lima-vm/lima: pkg/instance/ansible.go. */
static int
write_inventory(const struct env *env, const struct resource *r, const char *path, const char *mark, struct error *err)
{
	auto_free char *config = instance_path(env, r, "ssh.config");
	AUTO(buf) b = BUF_INIT;
	AUTO(buf) args = BUF_INIT;

	buf_adds(&args, "-F ");
	quote_shell(&args, config);
	buf_adds(&b, mark);
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

static int
run_one(const struct env *env, const struct resource *r, const char *inventory, size_t i, struct error *err)
{
	const struct spec *spec = r->spec;
	const char *argv[] = { "ansible-playbook", "-i", inventory, playbook_ansible(spec, i), NULL };
	const char **add;
	AUTO(arena) a = { 0 };
	AUTO(buf) out = BUF_INIT;
	int rc;

	add = arena_alloc(&a, (spec->nparam + 1) * sizeof *add);
	for (size_t k = 0; k < spec->nparam; k++)
		add[k] = arena_printf(&a, "PARAM_%s=%s", spec->param[k].key, spec->param[k].value);
	env->say(env, SAY_INFO, "%s: running the playbook %s", r->name, playbook_ansible(spec, i));
	rc = proc_run(argv, &(struct proc_opts){ .env_add = add, .out = &out, .both = true, .keep_out = true, .cancel = env->cancel }, err);
	if (out.len)
		say_lines(env, out.s);
	return rc < 0 ? error_wrap(err, "provision[%zu].playbook: %s", i, playbook_ansible(spec, i)) : 0;
}

static int
playbook_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *inventory = instance_path(env, r, "ansible-inventory.yaml"), *program = proc_find("ansible-playbook");
	const char *want = facts_get(&r->want, "playbooks"), *run;
	AUTO(buf) marks = BUF_INIT;

	if (this_run(env, r, a, &run, err) < 0)
		return -1;
	if (!program) {
		program_missing("ansible-playbook", err);
		return error_wrap(err, "provision[].mode: ansible");
	}
	if (!run || !want)
		return error_set(err, ERR_INVALID, "%s: no machine to run playbooks on", r->name);
	if (write_inventory(env, r, inventory, "", err) < 0)
		return -1;
	buf_addf(&marks, RUN "%s %s\n", want, run);
	for (size_t i = 0; i < r->spec->nprovision; i++) {
		const char *path = playbook_ansible(r->spec, i), *stamp = path ? fs_stamp(a, path) : NULL;

		if (path && run_one(env, r, inventory, i, err) < 0)
			return -1;
		if (stamp)
			buf_addf(&marks, PLAYED "%s %s\n", stamp, path);
	}
	if (write_inventory(env, r, inventory, marks.s, err) < 0)
		return -1;
	return playbook_observe(env, r, have, a, err) == 1 ? 0 : error_set(err, ERR_CHILD, "%s: the machine is gone", r->name);
}

/* What a playbook did cannot be taken back; that it was run is forgotten. */
const struct resource_type resource_playbook = {
	.name = "playbook",
	.about = "Ansible playbooks that the host runs on a guest that is ready",
	.attrs = attrs,
	.declare = playbook_declare,
	.observe = playbook_observe,
	.ensure = playbook_ensure,
	.remove = instance_files_remove,
};
