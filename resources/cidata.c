/*
 * resources/cidata.c - cidata.iso: all that the guest is told
 *
 * The digests of what it was made of are written into the image itself, so that they
 * are known even when the database is lost. There are two: of what lima.yaml says, a
 * change of which a running machine has to be restarted for; and of what limactl
 * brings along, for which it has not, nor for folders that are mounted over SSH: they are in a new
 * image when the machine is started again anyhow. Behind them is the port of the host's resolver, which is
 * kept from image to image for as long as nobody else has it.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/disk/iso9660.h"
#include "providers/fetch/unpack.h"
#include "providers/ssh/keys.h"
#include "providers/written.h"
#include "resources/cidata_files.h"
#include "resources/fetch.h"
#include "resources/instance_files.h"
#include "resources/instance_paths.h"
#include "resources/lease.h"
#include "resources/provision_list.h"
#include "resources/suspend.h"

#define IS_LATE "late"	/* have: the machine that runs keeps it, and the next start has another one */
#define CONTENTS_BEFORE "contents before"	/* how: the digests by which earlier versions would know the same */
#define OF_ANOTHER_PORT "of another port"

/* One that upstream made says nothing of its contents; it is left alone while a machine runs with it. */
static enum cost
judge_digest(const char *have, const char *want)
{
	(void)want;
	return *have ? COST_UPDATE : COST_NONE;
}

static const struct attr attrs[] = {
	{ .name = "contents", .cost = COST_UPDATE, .judge = judge_digest, .show = SHOW_DIGEST },
	{ .name = "tools", .cost = COST_UPDATE, .judge = judge_digest, .show = SHOW_DIGEST },
	{ .name = IS_LATE, .cost = COST_NONE },
	{ 0 },
};

extern const struct resource_type resource_cidata;

static int
cidata_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct resource *r = graph_declare(g, &resource_cidata, spec->name, spec->name, instance_paths_wanted(spec));
	const struct spec_file *archive = cidata_archive(spec);
	AUTO(cidata) c = { 0 };
	auto_free char *config = xasprintf("%s/_config", env->home);
	const char *stamp;
	int there;

	resource_need(g, r, "dir", spec->name, NEED_LIVE);
	if (!instance_paths_wanted(spec))
		return 0;
	resource_need(g, r, "sshkey", "user", NEED_FRESH);
	resource_need(g, r, "hostkey", spec->name, NEED_BUILD);
	if (cidata_resolves(spec))
		resource_need(g, r, "lease", arena_printf(&c.mem, "%s:" LEASE_DNS, spec->name), NEED_FRESH);
	if (archive)
		resource_need(g, r, "archive", archive->location, NEED_BUILD);
	/* Without a key the contents are not known; they will be when the key has been made. */
	if ((there = keys_public_look(config, &c.mem, &stamp, err)) <= 0)
		return there;
	if (cidata_digests(&c, env, spec, err) < 0)
		return -1;
	resource_want(g, r, "contents", c.contents);
	resource_how(g, r, CONTENTS_BEFORE, arena_printf(&c.mem, "%s %s %s", c.contents_before[0], c.contents_before[1], c.contents_before[2]));
	resource_want(g, r, "tools", c.tools);
	return 0;
}

/* The application id is LIMA:CONTENTS:TOOLS[:PORT]; of an ISO with another one nothing is known. */
static void
tell_digests(const char *id, struct facts *have, struct arena *a)
{
	const char *contents = "foreign", *tools = "foreign", *port = NULL;
	size_t len = strlen(id), bare = 5 + 64 + 1 + 32;

	if (strncmp(id, "lima:", 5) == 0 && strcspn(id + 5, ":") == 64 && (len == bare || (len > bare && id[bare] == ':'))) {
		contents = arena_memdup(a, id + 5, 64);
		tools = arena_memdup(a, id + 5 + 64 + 1, 32);
		port = len > bare ? id + bare + 1 : NULL;
	}
	facts_set(have, a, "contents", contents);
	facts_set(have, a, "tools", tools);
	facts_set(have, a, "dns port", port);
}

static int
read_id(const char *path, struct facts *have, struct arena *a, struct error *err)
{
	char id[129];

	if (iso_application_id(path, id, err) < 0)
		return -1;
	/* ISO 9660 writes descriptors in capitals. */
	for (char *p = id; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	tell_digests(id, have, a);
	return 0;
}

int
cidata_port(const char *path)
{
	AUTO(arena) a = { 0 };
	struct facts have = { 0 };

	if (read_id(path, &have, &a, NULL) < 0)
		return 0;
	return (int)facts_int(&have, "dns port", 0);
}

/* An image of an earlier version, which says the same, is the same. */
static void
cidata_know_older(const struct resource *r, struct facts *have, struct arena *a)
{
	const char *contents = facts_get(have, "contents"), *older = facts_get(&r->how, CONTENTS_BEFORE);

	if (contents && older && strlen(contents) == 64 && strstr(older, contents))
		facts_set(have, a, "contents", facts_get(&r->want, "contents"));
}

/* Is the guest told the port that the instance has leased for its resolver? */
static void
cidata_tell_port(const struct resource *r, struct facts *have, struct arena *a)
{
	int leased = lease_port(r, LEASE_DNS);

	if (leased && facts_int(have, "dns port", 0) != leased && strcmp(facts_get(have, "contents"), "foreign") != 0)
		facts_set(have, a, "tools", OF_ANOTHER_PORT);
}

/* One that is suspended goes on with the addresses that it was told, so these must hold. */
static bool
cidata_may_stay(const struct env *env, const struct resource *r, const char *tools)
{
	auto_free char *dir = instance_path(env, r, NULL);

	return instance_runs(env, r) || (strcmp(tools, OF_ANOTHER_PORT) != 0 && suspend_is_there(dir));
}

/* A machine that runs, or is to go on, keeps what it was started with, where only that differs which lima.yaml does not say. */
static void
cidata_forgive(const struct env *env, const struct resource *r, struct facts *have, struct arena *a)
{
	const char *contents = facts_get(have, "contents"), *tools = facts_get(have, "tools");
	const char *want = facts_get(&r->want, "tools");

	facts_set(have, a, IS_LATE, NULL);
	if (!contents || !tools || ((!want || !strcmp(tools, want)) && strcmp(contents, "foreign") != 0) ||
	    !cidata_may_stay(env, r, tools))
		return;
	facts_set(have, a, "tools", NULL);
	facts_set(have, a, IS_LATE, "yes");
	if (!strcmp(contents, "foreign"))
		facts_set(have, a, "contents", NULL);
}

static bool
cidata_is_foreign(const struct facts *have)
{
	const char *contents = facts_get(have, "contents");

	return contents && !strcmp(contents, "foreign");
}

static int
cidata_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, "cidata.iso");
	const char *stamp;
	int there = fs_look_derived(path, a, &stamp, err);

	if (there <= 0)
		return there;
	if (!facts_same_stamp(have, stamp) || !facts_get(have, "contents") || !facts_get(have, "tools")) {
		if (read_id(path, have, a, NULL) < 0)
			tell_digests("none", have, a);
		facts_set(have, a, "stamp", stamp);
	}
	cidata_know_older(r, have, a);
	cidata_tell_port(r, have, a);
	cidata_forgive(env, r, have, a);
	/* A file that was cut, is no ISO, or is somebody else's is made again. */
	return !r->wanted || !cidata_is_foreign(have);
}

enum { MAX_AGENT = 256 << 20 };

/* The guest agent is unpacked for the ISO, so that the guest can run it from there. */
static int
unpack_agent(const struct env *env, const struct resource *r, struct cidata *c, char **tmp, struct error *err)
{
	if (!c->agent_gz)
		return 0;
	*tmp = instance_path(env, r, "lima-guestagent.tmp");
	if (unpack_file(&(struct unpack){ .from = c->agent_gz, .to = *tmp, .mode = 0600, .max_bytes = MAX_AGENT, .cancel = env->cancel }, err) < 0)
		return -1;
	GROW(c->v, c->n, c->cap);
	c->v[c->n++] = (struct iso_file){ .path = "lima-guestagent", .host_path = *tmp, .mode = 0755 };
	return 0;
}

static int
write_iso(const struct env *env, const struct resource *r, struct cidata *c, int dns_port, const char *path, struct error *err)
{
	auto_free char *tmp = fs_tmp(path), *agent = NULL;
	char id[128];
	int rc, n;

	if (unpack_agent(env, r, c, &agent, err) < 0)
		return -1;
	n = snprintf(id, sizeof id, "LIMA:%s:%s", c->contents, c->tools);
	if (dns_port)
		snprintf(id + n, sizeof id - (size_t)n, ":%d", dns_port);
	cidata_set_dns_port(c, r->spec, dns_port);
	rc = iso_write(tmp, "cidata", id, c->v, c->n, err);
	if (agent)
		fs_unlink(agent, NULL);
	if (rc < 0) {
		fs_unlink(tmp, NULL);
		return -1;
	}
	return fs_make_room(path, err) < 0 ? -1 : fs_commit(tmp, path, err);
}

static bool
facts_are(const struct facts *f, const char *name, const char *value)
{
	const char *have = facts_get(f, name);

	return have && strcmp(have, value) == 0;
}

static int
cidata_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, "cidata.iso"), *reference = instance_path(env, r, "cloud-config.yaml");
	auto_free char *booted = instance_path(env, r, PROVISION_BOOTED);
	const struct resource *archive = resource_needed(r, "archive");
	AUTO(cidata) c = { 0 };
	const char *text;
	int port = lease_port(r, LEASE_DNS);
	const char *tools = archive ? facts_get(&archive->have, "path") : NULL;

	if ((tools && written_check(env->home, tools, err) < 0) || cidata_render(&c, env, r->spec, tools, err) < 0)
		return -1;
	facts_set(have, a, "stamp", NULL);
	if (cidata_observe(env, r, have, a, NULL) == 1 && facts_are(have, "contents", c.contents) && facts_are(have, "tools", c.tools))
		return 0;
	/* The ISO is written last, because its presence means that all of this is done. */
	if (cidata_reference(&text, a, env, r->spec, err) < 0 || fs_write(reference, text, strlen(text), 0444, err) < 0 ||
	    provision_booted_write(booted, r->spec, err) < 0 || write_iso(env, r, &c, port, path, err) < 0)
		return -1;
	facts_set(have, a, "stamp", NULL);
	return cidata_observe(env, r, have, a, err) == 1 ? 0 : -1;
}

static void
cidata_reads(const struct env *env, const struct resource *r, struct facts *files, struct arena *a)
{
	(void)env;
	fetch_reads_part(r, "archive", "path", files, a);
}

const struct resource_type resource_cidata = {
	.name = "cidata",
	.about = "the ISO by which the guest is told all that it is to be: user, keys, scripts, mounts",
	.attrs = attrs,
	.late = IS_LATE,
	.at_once = 1,		/* libisofs is for one thread */
	.declare = cidata_declare,
	.observe = cidata_observe,
	.reads = cidata_reads,
	.ensure = cidata_ensure,
	.remove = instance_files_remove,
};
