#include "cli/view/instance_fields.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/host_arch.h"
#include "base/mem.h"
#include "base/quote/quote.h"

/* The list of the lines of a text, as JSON. */
static struct json_span
fact_lines(struct instance *i, const char *p)
{
	AUTO(buf) b = BUF_INIT;

	buf_addc(&b, '[');
	for (size_t n; p && *p; p += n + (p[n] == '\n')) {
		auto_free char *line = xstrndup(p, n = strcspn(p, "\n"));

		if (b.len > 1)
			buf_addc(&b, ',');
		quote_json(&b, line, false);
	}
	buf_addc(&b, ']');
	return json_span_of(arena_strdup(&i->arena, b.s));
}

static struct json_span
fact_errors(struct instance *i)
{
	AUTO(buf) b = BUF_INIT;

	instance_errors_json(i, &b);
	return json_span_of(arena_strdup(&i->arena, b.s));
}

/* What our host agent tells, and upstream's does not; NULL: there is none that does. */
static const struct ha_info *
fact_agent(const struct instance *i)
{
	return i->status.agent > 0 && i->status.info.phase != HA_UNKNOWN ? &i->status.info : NULL;
}

static const char *
fact_phase(const struct instance *i)
{
	static const char *const phases[] = {
		[HA_STARTING] = "starting", [HA_RUNNING] = "running", [HA_DEGRADED] = "degraded", [HA_STOPPING] = "stopping",
	};
	const struct ha_info *info = fact_agent(i);

	return info ? phases[info->phase] : instance_is_half_made(i) ? "half-made" : "";
}

#define FACT(name, member, expr) \
	static struct instance_fact \
	fact_of_##name(struct look *l, struct instance *i) \
	{ \
		(void)l, (void)i; \
		return (struct instance_fact){ .member = expr }; \
	}

FACT(name, text, i->name)
FACT(hostname, text, i->hostname)
FACT(status, text, i->status.word)
FACT(dir, text, i->dir)
FACT(vm_type, text, i->vm_type)
FACT(arch, text, i->arch)
FACT(cpus, number, strcmp(i->vm_type, "wsl2") == 0 ? 0 : json_int(instance_config(i, "cpus"), 0))
FACT(memory, number, i->node ? (long long)i->node_memory : (long long)instance_bytes(i, "memory"))
FACT(disk, number, (long long)instance_bytes(i, "disk"))
FACT(message, text, instance_message(l, i))
FACT(disks, json, instance_config(i, "additionalDisks"))
FACT(networks, json, instance_config(i, "networks"))
FACT(ssh_port, number, i->config ? i->status.ssh_port : 0)
FACT(ssh_config, text, i->config ? arena_printf(&i->arena, "%s/ssh.config", i->dir) : "")
FACT(agent, number, i->status.agent)
FACT(hypervisor, number, i->status.hypervisor)
FACT(errors, json, fact_errors(i))
FACT(config, json, json_span_of(i->config))
FACT(ssh_address, text, i->config ? "127.0.0.1" : "")
FACT(protected, truth, instance_protected(i))
FACT(version, text, instance_version(i))
FACT(param, json, instance_config(i, "param"))
FACT(phase, text, fact_phase(i))
FACT(waiting, text, fact_agent(i) ? fact_agent(i)->waiting_for : "")
FACT(troubles, json, fact_lines(i, fact_agent(i) ? fact_agent(i)->errors : ""))
FACT(node, text, i->node ? i->node : "")
FACT(host_os, text, "linux")
FACT(host_arch, text, host_arch())
FACT(home, text, l->cli->env.home)
FACT(identity, text, arena_printf(&i->arena, "%s/_config/user", l->cli->env.home))
FACT(autostart, text, "")

const struct instance_field instance_fields[] = {
	{ "Name", "name", FIELD_TEXT, FIELD_ALWAYS, fact_of_name },
	{ "Hostname", "hostname", FIELD_TEXT, FIELD_ALWAYS, fact_of_hostname },
	{ "Status", "status", FIELD_TEXT, FIELD_ALWAYS, fact_of_status },
	{ "Dir", "dir", FIELD_TEXT, FIELD_ALWAYS, fact_of_dir },
	{ "VMType", "vmType", FIELD_TEXT, FIELD_ALWAYS, fact_of_vm_type },
	{ "Arch", "arch", FIELD_TEXT, FIELD_ALWAYS, fact_of_arch },
	{ "CPUs", "cpus", FIELD_NUMBER, FIELD_IF_SET, fact_of_cpus },
	{ "Memory", "memory", FIELD_NUMBER, FIELD_IF_SET, fact_of_memory },
	{ "Disk", "disk", FIELD_NUMBER, FIELD_IF_SET, fact_of_disk },
	{ "Message", "message", FIELD_TEXT, FIELD_IF_SET, fact_of_message },
	{ "AdditionalDisks", "additionalDisks", FIELD_JSON, FIELD_IF_SET, fact_of_disks, "[]" },
	{ "Networks", "network", FIELD_JSON, FIELD_IF_SET, fact_of_networks, "[]" },
	{ "SSHLocalPort", "sshLocalPort", FIELD_NUMBER, FIELD_IF_SET, fact_of_ssh_port },
	{ "SSHConfigFile", "sshConfigFile", FIELD_TEXT, FIELD_IF_SET, fact_of_ssh_config },
	{ "HostAgentPID", "hostAgentPID", FIELD_NUMBER, FIELD_IF_SET, fact_of_agent },
	{ "DriverPID", "driverPID", FIELD_NUMBER, FIELD_IF_SET, fact_of_hypervisor },
	{ "Errors", "errors", FIELD_JSON, FIELD_IF_SET, fact_of_errors },
	{ "Config", "config", FIELD_JSON, FIELD_IF_SET, fact_of_config },
	{ "SSHAddress", "sshAddress", FIELD_TEXT, FIELD_IF_SET, fact_of_ssh_address },
	{ "Protected", "protected", FIELD_TRUTH, FIELD_ALWAYS, fact_of_protected },
	{ "LimaVersion", "limaVersion", FIELD_TEXT, FIELD_ALWAYS, fact_of_version },
	{ "Param", "param", FIELD_JSON, FIELD_IF_SET, fact_of_param, "{}" },
	{ NULL, "phase", FIELD_TEXT, FIELD_IF_SET, fact_of_phase },
	{ NULL, "waitingFor", FIELD_TEXT, FIELD_IF_SET, fact_of_waiting },
	{ NULL, "troubles", FIELD_JSON, FIELD_IF_SET, fact_of_troubles },
	{ NULL, "node", FIELD_TEXT, FIELD_IF_SET, fact_of_node },
	{ "HostOS", "HostOS", FIELD_TEXT, FIELD_OLD, fact_of_host_os },
	{ "HostArch", "HostArch", FIELD_TEXT, FIELD_OLD, fact_of_host_arch },
	{ "LimaHome", "LimaHome", FIELD_TEXT, FIELD_OLD, fact_of_home },
	{ "IdentityFile", "IdentityFile", FIELD_TEXT, FIELD_OLD, fact_of_identity },
	{ "AutoStartedIdentifier", NULL, FIELD_TEXT, FIELD_ALWAYS, fact_of_autostart },
	{ 0 },
};

const struct instance_field *
instance_field_next(const struct instance_field *after)
{
	const struct instance_field *next = NULL;

	for (const struct instance_field *f = instance_fields; f->fact; f++)
		if (f->name && (!after || strcmp(f->name, after->name) > 0) && (!next || strcmp(f->name, next->name) < 0))
			next = f;
	return next;
}

void
instance_errors_json(const struct instance *i, struct buf *b)
{
	buf_addc(b, '[');
	for (size_t n = 0; n < i->nerrors; n++) {
		if (n)
			buf_addc(b, ',');
		quote_json(b, i->errors[n], false);
	}
	buf_addc(b, ']');
}

static bool
json_is_nothing(struct json_span v)
{
	return !v.p || (v.len == 2 && (memcmp(v.p, "[]", 2) == 0 || memcmp(v.p, "{}", 2) == 0)) || (v.len == 4 && memcmp(v.p, "null", 4) == 0);
}

static bool
fact_is_nothing(const struct instance_field *f, const struct instance_fact *v)
{
	switch (f->kind) {
	case FIELD_TEXT: return !v->text || !*v->text;
	case FIELD_NUMBER: return v->number == 0;
	case FIELD_TRUTH: return !v->truth;
	case FIELD_JSON: return json_is_nothing(v->json);
	}
	return true;
}

static void
fact_json(const struct instance_field *f, const struct instance_fact *v, struct buf *out)
{
	if (f->kind == FIELD_TEXT) {
		quote_json_member(out, f->key, v->text);
		return;
	}
	quote_json_key(out, f->key);
	if (f->kind == FIELD_NUMBER)
		buf_addf(out, "%lld", v->number);
	else if (f->kind == FIELD_TRUTH)
		buf_adds(out, v->truth ? "true" : "false");
	else
		buf_add(out, v->json.p, v->json.len);
}

void
instance_json(struct look *l, struct instance *i, bool deprecated, struct buf *out)
{
	/* A message that fails makes the instance Broken, so it comes before the status. */
	instance_message(l, i);
	buf_addc(out, '{');
	for (const struct instance_field *f = instance_fields; f->fact; f++) {
		struct instance_fact v;

		if (!f->key || (f->shown == FIELD_OLD && !deprecated))
			continue;
		v = f->fact(l, i);
		if (f->shown != FIELD_IF_SET || !fact_is_nothing(f, &v))
			fact_json(f, &v, out);
	}
	buf_addc(out, '}');
}
