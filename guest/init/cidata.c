#include "guest/init/cidata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "guest/init/accounts.h"
#include "guest/init/block.h"
#include "guest/init/log.h"

enum { FIRST_MS = 500, WAIT_MS = 5000, SMALL = 256 << 10, LARGE = 2 << 20 };

bool
cidata_mount(int events)
{
	/* Modes are ours, not the ISO's: for root alone, and its scripts may be run. */
	static const char opts[] = "mode=0700,dmode=0700,overriderockperm,uid=0,gid=0";
	struct block_dev d = { .path = "" };

	mkdir(CIDATA_DIR, 0700);
	if (block_wait(events, BLOCK_ISO, "cidata", FIRST_MS, &d) < 0)
		block_scan_scsi(false);
	if (!*d.path && block_wait(events, BLOCK_ISO, "cidata", WAIT_MS, &d) < 0) {
		init_say("no volume labelled cidata: nobody can log in");
		return false;
	}
	if (mount(d.path, CIDATA_DIR, "iso9660", MS_RDONLY | MS_NOSUID | MS_NODEV, opts) < 0) {
		say_errno("mount %s", d.path);
		return false;
	}
	return true;
}

/* Appends the file's text; nothing when it is missing or too big. */
static void
init_cidata_slurp(const char *name, struct buf *b, size_t max)
{
	auto_free char *path = xasprintf(CIDATA_DIR "/%s", name);
	struct stat st;
	struct error err;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
		init_say("cidata has no file %s", name);
		return;
	}
	if (fs_read(path, b, max, &err) < 0) {
		init_say("%s", err.msg);
		buf_truncate(b, 0);
	}
}

static void
read_env(const char *name, size_t (*parse)(struct env *, const char *, size_t), struct env *e, char **text)
{
	AUTO(buf) b = BUF_INIT;
	size_t skipped;

	init_cidata_slurp(name, &b, SMALL);
	skipped = parse(e, b.s, b.len);
	if (skipped)
		init_say("cidata: %s: %zu lines are no assignment", name, skipped);
	if (text && strlen(b.s) == b.len)
		*text = buf_detach(&b);
}

static void
read_param(struct cidata *c)
{
	AUTO(env) all = { 0 };

	read_env("param.env", env_parse, &all, NULL);
	for (size_t i = 0; i < all.n; i++)
		if (strncmp(all.v[i], "PARAM_", 6) == 0) {
			char *eq = strchr(all.v[i], '=');

			*eq = '\0';
			env_set(&c->param, all.v[i], eq + 1);
			*eq = '=';
		}
}

void
cidata_read(struct cidata *c)
{
	AUTO(buf) user = BUF_INIT;
	AUTO(buf) meta = BUF_INIT;
	AUTO(buf) net = BUF_INIT;

	read_env("lima.env", env_parse, &c->lima, NULL);
	read_param(c);
	read_env("etc_environment", env_parse_pam, &c->etc, &c->etc_block);
	init_cidata_slurp("user-data", &user, LARGE);
	scan_authorized_keys(user.s, user.len, &c->keys);
	scan_mounts(user.s, user.len, &c->mounts);
	init_cidata_slurp("meta-data", &meta, SMALL);
	c->hostname = scan_scalar(meta.s, meta.len, "local-hostname");
	if (c->hostname && !host_name_ok(c->hostname)) {
		free(c->hostname);
		c->hostname = NULL;
	}
	init_cidata_slurp("network-config", &net, SMALL);
	scan_network(net.s, net.len, &c->net);
}

const char *
cidata_str(const struct cidata *c, const char *name)
{
	auto_free char *full = xasprintf("LIMA_CIDATA_%s", name);

	return env_str(&c->lima, full);
}

bool
cidata_is(const struct cidata *c, const char *name)
{
	const char *s = cidata_str(c, name);

	return strcmp(s, "1") == 0 || strcmp(s, "true") == 0;
}
