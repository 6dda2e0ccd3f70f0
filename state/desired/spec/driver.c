/* What the driver and the guest's set-up refuse: known only once an instance is to be made or run. */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/semver.h"
#include "state/desired/spec/host.h"
#include "state/desired/spec/load.h"
#include "state/desired/spec/loaded.h"

static void
check_vm_type(struct load *l, const struct spec *s)
{
	const char *os = l->host->os;
	/* without a list of drivers nobody can tell */
	bool fits = !l->opts->drivers || (!strcmp(s->vm_type, "vz") && !strcmp(os, "Darwin")) ||
		    (!strcmp(s->vm_type, "wsl2") && !strcmp(os, "Windows"));

	for (const char *const *d = l->opts->drivers; d && *d && !fits; d++)
		fits = !strcmp(*d, s->vm_type);
	if (!fits)
		diag_error(l, l->root, "vmType", "unknown or unsupported VM type: `%s` does not run on a %s host; use `%s`", s->vm_type, os,
			 l->opts->drivers[0]);
}

static void
check_mount_type(struct load *l, const struct spec *s)
{
	static const char linux_types[] = "reverse-sshfs 9p virtiofs", other_types[] = "reverse-sshfs 9p";
	const char *types = strcmp(l->host->os, "Linux") ? other_types : linux_types;

	/* drivers of other hosts have types of their own */
	if (!word_in(s->vm_type, "vz wsl2 krunkit") && !word_in(s->mount_type, types))
		diag_error(l, l->root, "mountType", "must be %s for the driver `%s` on %s, got `%s`", words_text(l->a, types), s->vm_type,
			 l->host->os, s->mount_type);
}

static void
check_user(struct load *l, const struct spec *s)
{
	const struct val *user = val_get(l->root, "user");

	if (!strcmp(s->user.name, "root"))
		diag_error(l, user, "name", "must not be `root`: the guest's user is an ordinary one, who may use sudo");
	else if (!*s->user.name)
		diag_error(l, user, "name", "must not be empty");
	if (!s->user.uid)
		diag_error(l, user, "uid", "must not be 0, which is root's");
}

/* The programs of OpenSSH refuse to work for somebody without a name. */
static int
check_uid(const struct load *l, struct error *err)
{
	if (!l->host->nameless)
		return 0;
	return error_set(err, ERR_UNSUPPORTED, "uid %u has no entry in the user database (/etc/passwd), without which ssh refuses to "
			 "run: add one, or run limactl as a user who has one", l->host->host_uid);
}

/* which architectures there are images for */
static const char *
arches(struct load *l)
{
	const struct val *images = val_get(l->root, "images");
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; images && i < images->n; i++) {
		const char *arch = val_s(images->item[i], "arch");

		if (!word_in(arch, b.s))
			buf_addf(&b, "%s%s", b.len ? " " : "", arch);
	}
	return words_text(l->a, b.s);
}

static void
check_images(struct load *l, const struct spec *s)
{
	if (!s->nimages)
		diag_error(l, l->root, "images", "none is for arch `%s`; there are images for %s", s->arch, arches(l));
}

static void
check_mounts(struct load *l, const struct spec *s)
{
	const struct val *mounts = val_get(l->root, "mounts");

	for (size_t i = 0; i < s->nmounts; i++)
		if (*s->mounts[i].mount_point != '/')
			diag_error(l, mounts->item[i], "mountPoint", "must be an absolute path, got `%s`", s->mounts[i].mount_point);
}

/* In upstream's files such a value may stand, and whoever only looks at them sees it; but no guest can be told of it. */
static void
check_env(struct load *l)
{
	const struct val *env = val_get(l->root, "env");

	for (size_t i = 0; env && i < env->npair; i++)
		if (strchr(env->pair[i].value, '\n') || strchr(env->pair[i].key, '\n'))
			diag_error_at(l, env, env->pair[i].key, env->pair[i].at,
				    "must be one line: /etc/environment of the guest cannot hold a line break (in YAML, `|-` and `>-` leave the "
				    "last one out)");
}

static void
check_minimum_version(struct load *l, const struct spec *s)
{
	struct semver v;

	if (*s->minimum_version && semver_parse(&v, s->minimum_version) < 0)
		diag_error(l, l->root, "vmOpts.qemu.minimumVersion", "must be a semantic version such as `8.2.1`, got `%s`",
			 s->minimum_version);
}

int
spec_check_driver(const struct spec *s, const struct spec_opts *opts, struct error *err)
{
	const struct loaded *loaded = loaded_of(s);
	AUTO(arena) a = { 0 };
	struct load l = { .a = &a, .opts = opts, .src = loaded->src, .root = loaded->root, .err = err };
	struct host *host = opts->host ? NULL : host_new();
	int rc;

	l.host = opts->host ? opts->host : host;
	check_vm_type(&l, s);
	check_mount_type(&l, s);
	check_user(&l, s);
	check_images(&l, s);
	check_mounts(&l, s);
	check_env(&l);
	check_minimum_version(&l, s);
	rc = check_uid(&l, err);
	host_free(host);
	return report_all(&l) < 0 ? -1 : rc;
}
