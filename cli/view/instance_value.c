/* An instance as data for `--format '{{.Name}}'`: its fields by their Go names. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/host_arch.h"
#include "base/mem.h"
#include "cli/view/instance_value.h"
#include "cli/view/json_value.h"
#include "cli/view/json_yaml.h"

struct view {
	struct look *look;
	struct instance *i;
	bool in_message;	/* which cannot quote itself */
};

static struct gotmpl_value
config_at(struct arena *a, const struct instance *i, const char *path)
{
	return json_value(a, instance_config(i, path));
}

static struct gotmpl_value
instance_value_message(struct arena *a, const struct view *v)
{
	(void)a;
	return gotmpl_text(v->in_message ? "" : instance_message(v->look, v->i));
}

static struct gotmpl_value
instance_value_errors(struct arena *a, const struct instance *i)
{
	AUTO(buf) b = BUF_INIT;

	instance_errors_json(i, &b);
	return json_value(a, json_span_of(arena_strdup(a, b.s)));
}

/* a list, map: empty rather than missing */
static struct gotmpl_value
or_empty(struct arena *a, struct gotmpl_value v, const char *empty)
{
	return v.kind == GOTMPL_MISSING ? json_value(a, json_span_of(empty)) : v;
}

#define FIELD(name, expr) \
	static struct gotmpl_value \
	field_##name(struct arena *a, const struct view *v) \
	{ \
		struct instance *i = v->i; \
		(void)a, (void)i; \
		return expr; \
	}

FIELD(AdditionalDisks, or_empty(a, config_at(a, i, "additionalDisks"), "[]"))
FIELD(Arch, gotmpl_text(i->arch))
FIELD(AutoStartedIdentifier, gotmpl_text(""))
FIELD(CPUs, gotmpl_int(strcmp(i->vm_type, "wsl2") == 0 ? 0 : json_int(instance_config(i, "cpus"), 0)))
FIELD(Config, json_value(a, json_span_of(i->config)))
FIELD(Dir, gotmpl_text(i->dir))
FIELD(Disk, gotmpl_int((int64_t)instance_bytes(i, "disk")))
FIELD(DriverPID, gotmpl_int(i->status.hypervisor))
FIELD(Errors, instance_value_errors(a, i))
FIELD(HostAgentPID, gotmpl_int(i->status.agent))
FIELD(HostArch, gotmpl_text(host_arch()))
FIELD(HostOS, gotmpl_text("linux"))
FIELD(Hostname, gotmpl_text(i->hostname))
FIELD(IdentityFile, gotmpl_text(arena_printf(a, "%s/_config/user", v->look->cli->env.home)))
FIELD(LimaHome, gotmpl_text(v->look->cli->env.home))
FIELD(LimaVersion, gotmpl_text(instance_version(i)))
FIELD(Memory, gotmpl_int((int64_t)instance_bytes(i, "memory")))
FIELD(Message, instance_value_message(a, v))
FIELD(Name, gotmpl_text(i->name))
FIELD(Networks, or_empty(a, config_at(a, i, "networks"), "[]"))
FIELD(Param, or_empty(a, config_at(a, i, "param"), "{}"))
FIELD(Protected, gotmpl_bool(instance_protected(i)))
FIELD(SSHAddress, gotmpl_text(i->config ? "127.0.0.1" : ""))
FIELD(SSHConfigFile, gotmpl_text(i->config ? arena_printf(a, "%s/ssh.config", i->dir) : ""))
FIELD(SSHLocalPort, gotmpl_int(i->config ? i->status.ssh_port : 0))
FIELD(Status, gotmpl_text(i->status.word))
FIELD(VMType, gotmpl_text(i->vm_type))

/* Sorted by name, as a range over it or printing all of it goes. */
#define F(name) { #name, field_##name }
static const struct {
	const char *name;
	struct gotmpl_value (*value)(struct arena *a, const struct view *v);
} fields[] = {
	F(AdditionalDisks), F(Arch), F(AutoStartedIdentifier), F(CPUs), F(Config), F(Dir), F(Disk), F(DriverPID), F(Errors),
	F(HostAgentPID), F(HostArch), F(HostOS), F(Hostname), F(IdentityFile), F(LimaHome), F(LimaVersion), F(Memory),
	F(Message), F(Name), F(Networks), F(Param), F(Protected), F(SSHAddress), F(SSHConfigFile), F(SSHLocalPort),
	F(Status), F(VMType),
};

static bool instance_value_get(struct arena *a, const void *p, const char *key, struct gotmpl_value *out);
static size_t instance_value_count(const void *p);
static void instance_value_at(struct arena *a, const void *p, size_t i, const char **key, struct gotmpl_value *out);

static const struct gotmpl_ops ops = { instance_value_get, instance_value_count, instance_value_at };

static bool
instance_value_get(struct arena *a, const void *p, const char *key, struct gotmpl_value *out)
{
	if (strcmp(key, "Instance") == 0) {	/* the same again, for messages */
		*out = (struct gotmpl_value){ GOTMPL_RECORD, .ops = &ops, .p = p };
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (strcmp(key, fields[i].name) == 0) {
			*out = fields[i].value(a, p);
			return true;
		}
	}
	return false;
}

static size_t
instance_value_count(const void *p)
{
	(void)p;
	return ARRAY_LEN(fields);
}

static void
instance_value_at(struct arena *a, const void *p, size_t i, const char **key, struct gotmpl_value *out)
{
	if (key)
		*key = fields[i].name;
	*out = fields[i].value(a, p);
}

struct gotmpl_value
instance_value(struct look *l, struct instance *i)
{
	struct view *v = arena_alloc(&i->arena, sizeof *v);

	*v = (struct view){ l, i, false };
	return (struct gotmpl_value){ GOTMPL_RECORD, .ops = &ops, .p = v };
}

/* `{{json .}}` is what `list --json` prints, not the fields by their Go names. */
static int
do_json(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	(void)n, (void)err;
	if (args[0].kind == GOTMPL_RECORD && args[0].ops == &ops) {
		const struct view *v = args[0].p;

		instance_json(v->look, v->i, true, &b);
	} else {
		json_value_print(&b, a, &args[0]);
	}
	*out = (struct gotmpl_value){ GOTMPL_TEXT, .s = arena_memdup(a, b.s, b.len), .len = b.len };
	return 0;
}

/* `---` and the value as YAML */
static int
do_yaml(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	struct gotmpl_value json;
	AUTO(buf) b = BUF_INIT;

	if (do_json(a, args, n, &json, err) < 0)
		return -1;
	buf_adds(&b, "---\n");
	json_yaml(&b, (struct json_span){ json.s, json.len });
	if (b.s[b.len - 1] == '\n')
		buf_truncate(&b, b.len - 1);
	*out = (struct gotmpl_value){ GOTMPL_TEXT, .s = arena_memdup(a, b.s, b.len), .len = b.len };
	return 0;
}

const struct gotmpl_func instance_funcs[] = {
	{ "json", 1, 1, do_json },
	{ "yaml", 1, 1, do_yaml },
	{ "indent", 1, 2, template_indent },
	{ "missing", 1, 2, template_missing },
	{ 0 },
};

/* without the line break at its end */
static const char *
instance_value_chomp(struct arena *a, const char *s, size_t len)
{
	return arena_memdup(a, s, len && s[len - 1] == '\n' ? len - 1 : len);
}

const char *
instance_message(struct look *l, struct instance *i)
{
	const char *text = json_text(&i->arena, instance_config(i, "message"));
	const struct gotmpl_opts opts = { .missing_is_empty = true };
	struct view v = { l, i, true };
	struct gotmpl_value data = { GOTMPL_RECORD, .ops = &ops, .p = &v };
	AUTO(buf) out = BUF_INIT;
	struct error err;

	if (gotmpl_run(&out, &i->arena, text, strlen(text), &data, &opts, &err) == 0)
		return instance_value_chomp(&i->arena, out.s, out.len);
	instance_fail(i, arena_printf(&i->arena, "message of lima.yaml: %s", err.msg));
	return "";
}
