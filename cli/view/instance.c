#include "cli/view/instance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/size.h"
#include "cli/view/probe.h"
#include "providers/driver.h"
#include "providers/memory_file.h"
#include "state/observed/state.h"

enum { MAX_VERSION = 1024 };

static void
no_warning(void *ctx, const char *text)
{
	(void)ctx, (void)text;
}

/* A command that only reads says that it waits for the database. */
static void
instance_tell_wait(void *ctx, const char *text)
{
	const struct cli *c = ctx;

	cli_say(&c->env, SAY_WARN, "%s", text);
}

void
look_begin(struct look *l, struct cli *c)
{
	*l = (struct look){ .cli = c, .opts = cli_spec_opts(c) };
	/* `list` gives no advice about each file; what is wrong with one is in its `errors`. */
	l->opts.warn = l->opts.complain = no_warning;
	if (state_open(&l->state, c->env.home, &(struct state_opts){ .flags = STATE_READ, .cancel = c->env.cancel, .warn = instance_tell_wait, .ctx = c }, NULL) < 0)
		l->state = NULL;
}

void
look_release(struct look *l)
{
	state_close(l->state);
	free(l->common_stamp);
	*l = (struct look){ 0 };
}

void
instance_look_one(struct cli *c, const char *name, struct instance *out)
{
	struct look l;

	look_begin(&l, c);
	instance_look(&l, name, out);
	look_release(&l);
}

void
instance_release(struct instance *i)
{
	arena_release(&i->arena);
	free(i->errors);
	*i = (struct instance){ 0 };
}

bool
instance_is(const struct instance *i, const char *status)
{
	return strcmp(i->status.word, status) == 0;
}

bool
instance_is_half_made(const struct instance *i)
{
	static const char *const disks[] = { "disk", "diffdisk", "basedisk" };

	if (!i->config || !instance_is(i, "Stopped") || strcmp(i->vm_type, "wsl2") == 0)
		return false;
	for (size_t k = 0; k < ARRAY_LEN(disks); k++) {
		auto_free char *path = xasprintf("%s/%s", i->dir, disks[k]);

		if (fs_exists(path))
			return false;
	}
	return true;
}

static void
instance_add_error(struct instance *i, const char *text)
{
	i->errors = xrealloc(i->errors, i->nerrors + 1, sizeof *i->errors);
	i->errors[i->nerrors++] = arena_strdup(&i->arena, text);
}

void
instance_fail(struct instance *i, const char *why)
{
	instance_add_error(i, why);
	i->status.word = "Broken";
}

/* --- the filled configuration --- */

struct wanted {
	struct instance *instance;
	const char *stamp;
};

static int
take_if_fresh(void *ctx, const struct state_instance *row)
{
	struct wanted *w = ctx;

	if (*row->json && strcmp(row->stamp, w->stamp) == 0)
		w->instance->config = arena_strdup(&w->instance->arena, row->json);
	return 1;
}

static void
from_database(struct look *l, struct instance *i)
{
	auto_free char *stamp = spec_stamp(i->name, &l->opts, &l->common_stamp);
	struct wanted w = { i, stamp };

	/* Without a stamp the file may still be there and be unreadable. */
	i->has_yaml = stamp || fs_exists(arena_printf(&i->arena, "%s/lima.yaml", i->dir));
	if (stamp && l->state)
		(void)state_instances(l->state, i->name, take_if_fresh, &w, NULL);
}

static void
from_yaml(struct look *l, struct instance *i)
{
	struct spec *spec;
	struct error err = { 0 };

	if (spec_load_instance(&spec, i->name, &l->opts, &err) == 0) {
		i->config = arena_strdup(&i->arena, spec->json);
		spec_free(spec);
	} else {
		instance_add_error(i, err.msg);
	}
}

/* --- the rest of the folder --- */

const char *
instance_version(struct instance *i)
{
	AUTO(buf) b = BUF_INIT;
	size_t skip;

	if (i->is_unknown || fs_read_if(arena_printf(&i->arena, "%s/lima-version", i->dir), &b, MAX_VERSION, NULL) != 1)
		return "";
	skip = strspn(b.s, " \t\r\n");
	while (b.len > skip && strchr(" \t\r\n", b.s[b.len - 1]))
		buf_truncate(&b, b.len - 1);
	return arena_strdup(&i->arena, b.s + skip);
}

bool
instance_protected(struct instance *i)
{
	/* An instance counts as protected when that cannot be found out. */
	return i->is_unknown || fs_look(arena_printf(&i->arena, "%s/protected", i->dir), NULL, NULL) != 0;
}

/* The host name is the one that lima-vm/lima gives the guest. */
static const char *
guest_hostname(struct arena *a, const char *name)
{
	char *h = arena_printf(a, "lima-%s", name);

	for (char *p = h; *p; p++)
		if (*p == '.' || *p == '_')
			*p = '-';
	return h;
}

static int
instance_take_recorded(void *ctx, const struct state_instance *row)
{
	struct instance *i = ctx;

	i->config = *row->json ? arena_strdup(&i->arena, row->json) : NULL;
	return 1;
}

/* Of what was recorded, which may be another one by now. */
static void
instance_recall(struct look *l, struct instance *i, const char *why)
{
	i->is_unknown = i->has_yaml = true;
	if (l->state)
		(void)state_instances(l->state, i->name, instance_take_recorded, i, NULL);
	i->hostname = guest_hostname(&i->arena, i->name);
	i->vm_type = json_text(&i->arena, instance_config(i, "vmType"));
	i->arch = json_text(&i->arena, instance_config(i, "arch"));
	i->status = (struct status){ .word = "Unknown", .info = { .phase = HA_UNKNOWN } };
	i->message = "";
	instance_add_error(i, why);
}

/* Of those whose absence would mean something, one of which a look gets no answer; a link to nowhere is there. */
static int
instance_look_files(const struct instance *i, const char *const *files, struct error *err)
{
	for (; *files; files++) {
		auto_free char *path = xasprintf("%s/%s", i->dir, *files);

		if (fs_look(path, NULL, err) < 0 && !fs_exists(path))
			return -1;
	}
	return 0;
}

/* Does nothing run, and nothing rest, or can that not be told? */
static int
instance_check_still(const struct instance *i, struct error *err)
{
	static const char *const files[] = { "ha.pid", MEMORY_FILE, NULL };
	pid_t machine;

	if (i->status.agent > 0 && i->status.hypervisor > 0)
		return 0;
	return driver_look(i->dir, &machine, err) < 0 ? -1 : instance_look_files(i, files, err);
}

int
instance_check_known(const struct instance *i, struct error *err)
{
	return i->is_unknown ? error_set(err, ETIMEDOUT, "instance `%s`: %s", i->name, i->errors[0]) : 0;
}

static void
instance_begin(const struct cli *c, const char *name, struct instance *out)
{
	*out = (struct instance){ 0 };
	out->name = arena_strdup(&out->arena, name);
	out->dir = arena_printf(&out->arena, "%s/%s", c->env.home, name);
}

void
instance_touch(struct look *l, const char *name)
{
	AUTO(instance) i = { 0 };

	instance_begin(l->cli, name, &i);
	from_database(l, &i);
	if (i.has_yaml && !i.config)
		from_yaml(l, &i);
}

void
instance_look(struct look *l, const char *name, struct instance *out)
{
	static const char *const yaml[] = { "lima.yaml", NULL };
	struct instance *i = out;
	struct error err = { 0 };

	instance_begin(l->cli, name, i);
	if (!probe_answers(l->cli, name)) {
		instance_recall(l, i, probe_silence(l->cli));
		return;
	}
	if (instance_look_files(i, yaml, &err) < 0) {
		instance_recall(l, i, err.msg);
		return;
	}
	from_database(l, i);
	i->hostname = i->has_yaml ? guest_hostname(&i->arena, name) : "";
	if (i->has_yaml && !i->config)
		from_yaml(l, i);
	i->vm_type = json_text(&i->arena, instance_config(i, "vmType"));
	i->arch = json_text(&i->arena, instance_config(i, "arch"));
	status_look(i->dir, *i->vm_type ? i->vm_type : driver_all()[0]->name, &i->arena, &i->status);
	if (instance_check_still(i, &err) < 0) {
		instance_recall(l, i, err.msg);
		return;
	}
	if (i->status.error)
		instance_add_error(i, i->status.error);
	if (!i->has_yaml) {
		AUTO(buf) b = BUF_INIT;

		buf_addf(&b, "open %s/lima.yaml: %s", i->dir, "no such file or directory");
		instance_add_error(i, b.s);
		i->status.word = "Broken";
	} else if (!i->config) {
		i->status.word = "Broken";
	}
}

struct json_span
instance_config(const struct instance *i, const char *path)
{
	return json_at(json_span_of(i->config), path);
}

unsigned long long
instance_bytes(struct instance *i, const char *key)
{
	struct json_span v = instance_config(i, key);
	uint64_t bytes;

	/* WSL2 has no such setting. */
	if (!v.p || strcmp(i->vm_type, "wsl2") == 0 || size_parse(&bytes, json_text(&i->arena, v), NULL) < 0)
		return 0;
	return bytes;
}

