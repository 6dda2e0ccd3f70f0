/* What an external driver is told of its instance: the JSON of upstream's limatype.Instance, with all of lima.yaml filled in. */
#include "base/buf.h"
#include "base/quote/quote.h"
#include "providers/drivers/external/external.h"
#include "providers/machine.h"

void
external_instance(const struct machine *m, struct buf *out)
{
	buf_addc(out, '{');
	quote_json_member(out, "name", m->name);
	quote_json_member(out, "hostname", m->hostname);
	quote_json_member(out, "status", "Stopped");
	quote_json_member(out, "dir", m->dir);
	quote_json_member(out, "vmType", m->type);
	quote_json_member(out, "arch", m->arch);
	quote_json_key(out, "cpus");
	buf_addf(out, "%d", m->cpus);
	quote_json_key(out, "memory");
	buf_addf(out, "%llu", (unsigned long long)m->memory_bytes);
	quote_json_key(out, "disk");
	buf_addf(out, "%llu", (unsigned long long)m->disk_bytes);
	quote_json_key(out, "sshLocalPort");
	buf_addf(out, "%d", m->ssh_port);
	quote_json_key(out, "sshConfigFile");
	buf_addf(out, "\"\"");
	quote_json_member(out, "sshAddress", "127.0.0.1");
	quote_json_member(out, "limaVersion", m->version);
	quote_json_key(out, "protected");
	buf_adds(out, "false");
	quote_json_key(out, "config");
	buf_adds(out, m->config);
	buf_addc(out, '}');
}
