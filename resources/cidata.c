/*
 * resources/cidata.c - cidata.iso: all that the guest is told
 *
 * The digest of its contents is written into the image itself, so that what an ISO
 * was made of is known even when the database is lost.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/iso9660.h"
#include "resources/cidata_files.h"
#include "resources/common.h"

/* One that upstream made says nothing of its contents; it is left alone while a machine runs with it. */
static enum cost
judge_digest(const char *have, const char *want)
{
	(void)want;
	return *have ? COST_UPDATE : COST_NONE;
}

static const struct attr attrs[] = {
	{ .name = "contents", .cost = COST_UPDATE, .judge = judge_digest, .show = SHOW_DIGEST },
	{ 0 },
};

extern const struct resource_type resource_cidata;

static int
declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct resource *r = graph_declare(g, &resource_cidata, spec->name, spec->name, wanted(spec));
	AUTO(cidata) c = { 0 };
	auto_free char *key = xasprintf("%s/_config/user.pub", env->home);

	resource_need(g, r, "dir", spec->name, NEED_LIVE);
	if (!wanted(spec))
		return 0;
	resource_need(g, r, "sshkey", "user", NEED_FRESH);
	/* without a key yet the contents are not known: they will be when the key has been made */
	if (!fs_exists(key))
		return 0;
	if (cidata_render(&c, env, spec, err) < 0)
		return -1;
	resource_want(g, r, "contents", c.digest);
	return 0;
}

static int
observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, "cidata.iso");
	const char *stamp = fs_stamp(a, path);
	char id[129];

	if (!stamp)
		return 0;
	if (facts_same_stamp(have, stamp) && facts_get(have, "contents"))
		return 1;
	if (iso_application_id(path, id, err) < 0)
		return -1;
	facts_set(have, a, "stamp", stamp);
	/* descriptors are written in capitals */
	for (char *p = id; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (!strncmp(id, "lima:", 5))
		facts_set(have, a, "contents", id + 5);
	else
		facts_set(have, a, "contents", instance_runs(env, r) ? NULL : "foreign");
	return 1;
}

static int
ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, "cidata.iso"), *reference = instance_path(env, r, "cloud-config.yaml");
	auto_free char *tmp = fs_tmp(path);
	AUTO(cidata) c = { 0 };
	char id[80];

	if (cidata_render(&c, env, r->spec, err) < 0)
		return -1;
	facts_set(have, a, "stamp", NULL);
	if (observe(env, r, have, a, NULL) == 1 && facts_get(have, "contents") && !strcmp(facts_get(have, "contents"), c.digest))
		return 0;
	snprintf(id, sizeof id, "LIMA:%s", c.digest);
	if (iso_write(tmp, "cidata", id, c.v, c.n, err) < 0) {
		fs_unlink(tmp, NULL);
		return -1;
	}
	/* the image last: with it all is done, whatever else is remembered */
	for (size_t i = 0; i < c.n; i++)
		if (!strcmp(c.v[i].path, "user-data") && fs_write(reference, c.v[i].data, c.v[i].len, 0444, err) < 0)
			return -1;
	if (fs_commit(tmp, path, err) < 0)
		return -1;
	facts_set(have, a, "stamp", NULL);
	return observe(env, r, have, a, err) == 1 ? 0 : -1;
}

static int
remove_iso(const struct env *env, const struct resource *r, struct error *err)
{
	static const char *const file[] = { "cidata.iso", "cidata.iso.tmp", "cloud-config.yaml" };

	for (size_t i = 0; i < ARRAY_LEN(file); i++) {
		auto_free char *path = instance_path(env, r, file[i]);

		if (fs_unlink(path, err) < 0)
			return -1;
	}
	return 0;
}

const struct resource_type resource_cidata = {
	.name = "cidata",
	.about = "cidata.iso: what the guest is told on every boot",
	.attrs = attrs,
	.at_once = 1,		/* libisofs is for one thread */
	.declare = declare,
	.observe = observe,
	.ensure = ensure,
	.remove = remove_iso,
};
