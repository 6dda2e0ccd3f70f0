/* The JSON of `list`: keys and their order are those of upstream, which scripts compare. */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/host_arch.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "cli/view/instance.h"

static void
instance_json_number(struct buf *b, const char *name, long long n)
{
	if (n == 0)
		return;
	quote_json_key(b, name);
	buf_addf(b, "%lld", n);
}

/* As it stands in the configuration; an empty list or object is left out. */
static void
instance_json_raw(struct buf *b, const char *name, struct json_span v)
{
	if (!v.p || (v.len == 2 && (memcmp(v.p, "[]", 2) == 0 || memcmp(v.p, "{}", 2) == 0)) ||
	    (v.len == 4 && memcmp(v.p, "null", 4) == 0))
		return;
	quote_json_key(b, name);
	buf_add(b, v.p, v.len);
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

/* a list of the lines of a text */
static void
instance_json_lines(struct buf *b, const char *name, const char *p)
{
	if (!p || !*p)
		return;
	quote_json_key(b, name);
	buf_addc(b, '[');
	for (size_t n; *p; p += n + (p[n] == '\n')) {
		auto_free char *line = xstrndup(p, n = strcspn(p, "\n"));

		if (b->s[b->len - 1] != '[')
			buf_addc(b, ',');
		quote_json(b, line, false);
	}
	buf_addc(b, ']');
}

/* What our host agent tells and upstream's does not. "troubles": why it is degraded. */
static void
instance_json_detail(struct buf *b, const struct instance *i)
{
	static const char *const phases[] = {
		[HA_STARTING] = "starting", [HA_RUNNING] = "running", [HA_DEGRADED] = "degraded", [HA_STOPPING] = "stopping",
	};
	const struct ha_info *info = &i->status.info;

	if (i->status.agent <= 0 || info->phase == HA_UNKNOWN)
		return;
	quote_json_member(b, "phase", phases[info->phase]);
	if (info->waiting_for && *info->waiting_for)
		quote_json_member(b, "waitingFor", info->waiting_for);
	instance_json_lines(b, "troubles", info->errors);
}

void
instance_json(struct look *l, struct instance *i, bool deprecated, struct buf *out)
{
	const struct env *env = &l->cli->env;
	const char *message = instance_message(l, i);	/* may fail: before the status */

	buf_addc(out, '{');
	quote_json_member(out, "name", i->name);
	quote_json_member(out, "hostname", i->hostname);
	quote_json_member(out, "status", i->status.word);
	quote_json_member(out, "dir", i->dir);
	quote_json_member(out, "vmType", i->vm_type);
	quote_json_member(out, "arch", i->arch);
	if (strcmp(i->vm_type, "wsl2") != 0)
		instance_json_number(out, "cpus", json_int(instance_config(i, "cpus"), 0));
	instance_json_number(out, "memory", (long long)instance_bytes(i, "memory"));
	instance_json_number(out, "disk", (long long)instance_bytes(i, "disk"));
	if (*message)
		quote_json_member(out, "message", message);
	instance_json_raw(out, "additionalDisks", instance_config(i, "additionalDisks"));
	instance_json_raw(out, "network", instance_config(i, "networks"));
	if (i->config) {
		instance_json_number(out, "sshLocalPort", i->status.ssh_port);
		quote_json_member(out, "sshConfigFile", arena_printf(&i->arena, "%s/ssh.config", i->dir));
	}
	instance_json_number(out, "hostAgentPID", i->status.agent);
	instance_json_number(out, "driverPID", i->status.hypervisor);
	if (i->nerrors) {
		quote_json_key(out, "errors");
		instance_errors_json(i, out);
	}
	instance_json_raw(out, "config", json_span_of(i->config));
	if (i->config)
		quote_json_member(out, "sshAddress", "127.0.0.1");
	quote_json_key(out, "protected");
	buf_adds(out, instance_protected(i) ? "true" : "false");
	quote_json_member(out, "limaVersion", instance_version(i));
	instance_json_raw(out, "param", instance_config(i, "param"));
	instance_json_detail(out, i);
	if (deprecated) {
		quote_json_member(out, "HostOS", "linux");
		quote_json_member(out, "HostArch", host_arch());
		quote_json_member(out, "LimaHome", env->home);
		quote_json_member(out, "IdentityFile", arena_printf(&i->arena, "%s/_config/user", env->home));
	}
	buf_addc(out, '}');
}
