/* Has anything changed that a spec is made of? Told by looking at files, not into them. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/host.h"
#include "base/sha256.h"
#include "state/desired/spec/host.h"
#include "state/desired/spec/proxy.h"
#include "state/desired/spec/spec.h"

static void
add_variable(struct buf *b, const char *name)
{
	const char *value = getenv(name);

	buf_addf(b, "%s=%s\n", name, value ? value : "\x01");
}

static void
stamp_add_host(struct buf *b, const struct host *h)
{
	buf_addf(b, "%s\n%s\n%d %llu\n%s %u %s\n", h->os, h->arch, h->cpus, (unsigned long long)h->memory_bytes, h->user, h->uid,
		 h->host_user);
	buf_addf(b, "%s\n%s\n%s\n%s\n%s\n", h->comment, h->home, h->timezone, h->machine_id, h->tmp);
}

/* This part of the stamp is shared by all instances. */
char *
spec_common_stamp(const struct spec_opts *opts)
{
	static const char *const files[] = { "default.yaml", "override.yaml", "networks.yaml" };
	struct host *host = opts->host ? NULL : host_new();
	AUTO(arena) a = { 0 };
	AUTO(buf) b = BUF_INIT;
	/* The program counts, because two builds of one version may declare differently. */
	const char *hosts, *program = fs_stamp(&a, os_host_own_path());
	char hex[65];

	buf_addf(&b, "%s\n%s\n%s\n", opts->version, program ? program : "-", opts->home);
	stamp_add_host(&b, opts->host ? opts->host : host);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		const char *stamp = fs_stamp(&a, arena_printf(&a, "%s/_config/%s", opts->home, files[i]));

		buf_addf(&b, "%s\n", stamp ? stamp : "-");
	}
	hosts = fs_stamp(&a, proxy_hosts_file(opts->host));
	buf_addf(&b, "%s\n", hosts ? hosts : "-");
	for (const char *const *n = proxy_names; *n; n++) {
		char *p, *upper = arena_strdup(&a, *n);

		for (p = upper; *p; p++)
			*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
		add_variable(&b, *n);
		add_variable(&b, upper);
	}
	add_variable(&b, "LIMA_SSH_OVER_VSOCK");
	host_free(host);
	sha256_hex(b.s, b.len, hex);
	return xstrndup(hex, 16);
}

char *
spec_stamp(const char *name, const struct spec_opts *opts, char **common)
{
	AUTO(arena) a = { 0 };
	const char *stamp = fs_stamp(&a, arena_printf(&a, "%s/%s/lima.yaml", opts->home, name));

	if (!*common)
		*common = spec_common_stamp(opts);
	return stamp ? xasprintf("%s-%s", *common, stamp) : NULL;
}
