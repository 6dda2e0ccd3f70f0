/*
 * Every registered resource type keeps its promises: absent, ensure, as wanted, ensure
 * again changes nothing, remove, absent, remove again. On the real tiny guest, so
 * `make guest-tiny` comes first; types are taken up in the order of their needs.
 */
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "providers/ssh/ssh_config.h"
#include "reconciler/engine.h"
#include "reconciler/plan.h"
#include "resources/types.h"
#include "state/desired/spec/networks.h"
#include "state/desired/template/template.h"
#include "tests/unit/test.h"

enum { MAX_TYPES = 64 };

extern const struct resource_type resource_archive, resource_cache, resource_snapshot;

static char lima_home[64];

static void __attribute__((format(printf, 3, 4)))
say(const struct env *env, enum level level, const char *fmt, ...)
{
	(void)env, (void)level, (void)fmt;
}

static void
warn(void *ctx, const char *text)
{
	(void)ctx;
	fprintf(stderr, "%s\n", text);
}

struct world {
	struct env env;
	struct spec *spec;
	struct spec_opts opts;
	struct graph g;
	struct plan p;
	struct arena a;
	volatile int cancel;
	char *raw;			/* a local file */
};

static char *
absolute(const char *path)
{
	char *real = realpath(path, NULL);

	if (!real)
		fail_msg("%s: not there; run make guest-tiny", path);
	return real;
}

/* A systemd whose systemctl is content with everything. */
static void
stand_in_systemd(const char *bin)
{
	auto_free char *program = xasprintf("%s/systemctl", bin), *config = xasprintf("%s/.config", lima_home);
	struct error err = { 0 };

	ok(fs_write(program, "#!/bin/sh\n", 10, 0700, &err));
	setenv("XDG_CONFIG_HOME", config, 1);
	setenv("LIMACTL_TEST_SYSTEMD", "1", 1);
}

/* A playbook, and in the place of Ansible a program that is content with everything. */
static char *
playbook(void)
{
	auto_free char *bin = xasprintf("%s/.bin", lima_home), *program = xasprintf("%s/ansible-playbook", bin);
	auto_free char *path = xasprintf("%s:%s", bin, getenv("PATH")), *file = xasprintf("%s/.play.yaml", lima_home);
	struct error err = { 0 };

	ok(fs_mkdirs(bin, 0700, &err));
	ok(fs_write(program, "#!/bin/sh\n", 10, 0700, &err));
	ok(fs_write(file, "[]\n", 3, 0600, &err));
	stand_in_systemd(bin);
	setenv("PATH", path, 1);
	return xasprintf(".provision += [{\"mode\":\"ansible\",\"playbook\":\"%s\"}]", file);
}

static void
begin(struct world *w)
{
	AUTO(template) t = { 0 };
	auto_free char *shared = NULL, *play = NULL;
	struct error err = { 0 };
	const char *forward;
	/* as a fleet file brings it along */
	static const struct network made = { "made", "user-v2", "", "192.168.200.1", "", "255.255.255.0", "none", false, "f" };

	strcpy(lima_home, "/tmp/lima-types.XXXXXX");
	assert_non_null(mkdtemp(lima_home));
	w->env = (struct env){
		.home = lima_home, .cache = xasprintf("%s/_cache", lima_home), .libexec = absolute("build/libexec/lima"),
		.share = absolute("build/share/lima"), .program = "/bin/true", .version = "2.2.0", .cancel = &w->cancel, .say = say,
		.ready_timeout_s = 120,
	};
	w->raw = xasprintf("%s/.raw", lima_home);
	ok(fs_write(w->raw, "raw", 3, 0600, &err));
	w->opts = (struct spec_opts){ .home = lima_home, .version = "2.2.0", .warn = warn };
	ok(template_load(&t, "examples/tiny.yaml", &w->opts, &err));
	forward = arena_printf(&w->a, ".portForwards=[{\"guestPort\":80,\"hostPort\":%d,\"static\":true}]", ssh_free_port(&err));
	play = playbook();
	shared = xasprintf(".mounts=[{\"location\":\"%s/.shared\",\"mountPoint\":\"/mnt/shared\"}]", lima_home);
	ok(template_set(&t, (const char *const[]){ forward, ".additionalDisks=[{\"name\":\"extra\",\"format\":false}]",
						   shared, ".mountType=\"reverse-sshfs\" | .plain=false",
						   ".containerd={\"user\":false,\"system\":false}",
						   ".firmware.images=[{\"location\":\"/nonexistent.fd\"},"
						   "{\"location\":\"/usr/share/OVMF/OVMF_CODE_4M.fd\"}]", play,
						   ".probes=[{\"script\":\"#!/bin/sh\\ntrue\\n\"}]",
						   ".networks=[{\"lima\":\"user-v2\"},{\"lima\":\"made\"}]", ".snapshots=[{\"name\":\"daily\"}]" }, 10, &err));
	w->opts.networks = &made;
	w->opts.nnetworks = 1;
	ok(spec_load(&w->spec, "t", t.path, t.text, t.len, &w->opts, &err));
	spec_join_fleet(w->spec, &(struct spec_member){ "f", "/f/fleet.yaml", "", &(struct spec_depend){ "other", false }, 1 });
	w->spec->goal = GOAL_RUNNING;
}

/* the graph of a running instance, with the world as it is; in the order of the plan */
static void
look(struct world *w)
{
	struct error err = { 0 };

	for (size_t i = 0; resource_types[i]; i++)
		if (resource_types[i]->declare)
			ok(resource_types[i]->declare(w->spec, &w->env, &w->g, &err));
	/* a disk of its own is asked for by `disk create`, not by a lima.yaml, which only needs it */
	resource_want(&w->g, graph_find(&w->g, "data-disk", "extra"), "size", "1048576");
	/* what no lima.yaml speaks of is asked for by a command */
	graph_find(&w->g, "autostart", "t")->wanted = true;
	graph_declare(&w->g, &resource_cache, "", w->env.cache, true);
	/* containerd's archive is only for guests that are not plain; any file will do */
	graph_declare(&w->g, &resource_archive, "", w->raw, true);
	/* snapshots are asked for by `snapshot create`; this one is of the machine while it runs */
	resource_need(&w->g, graph_declare(&w->g, &resource_snapshot, "t", "t:first", true), "ready", "t", NEED_LIVE);
	for (size_t i = 0; i < w->g.n; i++)
		w->g.v[i]->spec = w->spec;
	ok(graph_resolve(&w->g, &err));
	ok(plan_make(&w->g, &w->p, &err));
}

static int
observe(struct world *w, const struct resource *r, struct facts *have)
{
	struct error err = { 0 };
	int there = r->type->observe(&w->env, r, have, &w->a, &err);

	if (there < 0)
		fail_msg("%s %s: %s", r->type->name, r->name, err.msg);
	return there;
}

static void
as_wanted(const struct resource *r)
{
	for (const struct attr *at = r->type->attrs; at && at->name; at++)
		if (attr_differs(r, at) != COST_NONE)
			fail_msg("%s %s: %s is %s, not %s", r->type->name, r->name, at->name, facts_get(&r->have, at->name),
				 facts_get(&r->want, at->name));
}

static void
ensure(struct world *w, struct resource *r)
{
	struct error err = { 0 };
	struct facts have = { 0 };

	facts_copy(&have, &w->a, &r->have);
	if (r->type->ensure(&w->env, r, &have, &w->a, &err) < 0)
		fail_msg("ensure %s %s: %s", r->type->name, r->name, err.msg);
	r->have = have;
	r->present = true;
}

static void
same_facts(const struct resource *r, const struct facts *before)
{
	for (size_t i = 0; i < before->n; i++)
		if (r->type->attrs && facts_get(&r->have, before->v[i].name) &&
		    strcmp(facts_get(&r->have, before->v[i].name), before->v[i].value) != 0)
			fail_msg("%s %s: made twice, %s is %s, not %s", r->type->name, r->name, before->v[i].name,
				 facts_get(&r->have, before->v[i].name), before->v[i].value);
}

/* a local image or archive is the user's own file, and one network is built in: there before, and after */
static bool
users_own(const struct resource *r)
{
	return !strcmp(r->type->name, "image") || !strcmp(r->type->name, "archive") ||
	       (!strcmp(r->type->name, "network-entry") && !strcmp(r->name, "user-v2"));
}

/* It goes with what it is of: the guest's being up, and what is kept in its disk. */
static bool
is_of_another(const struct resource *r)
{
	return !strcmp(r->type->name, "ready") || !strcmp(r->type->name, "snapshots");
}

static void
up(struct world *w, struct resource *r)
{
	struct facts fresh = { 0 }, before = { 0 };

	if (observe(w, r, &fresh) && !users_own(r))
		fail_msg("%s %s: there before it was made", r->type->name, r->name);
	ensure(w, r);
	as_wanted(r);
	facts_copy(&before, &w->a, &r->have);
	ensure(w, r);
	same_facts(r, &before);
	/* and what is seen without any memory agrees */
	fresh = (struct facts){ 0 };
	assert_int_equal(observe(w, r, &fresh), 1);
	fresh = (struct facts){ 0 };
	facts_copy(&fresh, &w->a, &r->have);
	assert_int_equal(observe(w, r, &fresh), 1);
	as_wanted(r);
}

static void
down(struct world *w, struct resource *r)
{
	struct error err = { 0 };
	struct facts have = { 0 };

	for (int i = 0; i < 2; i++)
		if (r->type->remove(&w->env, r, &err) < 0)
			fail_msg("remove %s %s: %s", r->type->name, r->name, err.msg);
	if (!users_own(r) && !is_of_another(r))
		assert_int_equal(observe(w, r, &have), 0);
}

TEST(every_type_keeps_its_promises)
{
	struct world w = { 0 };
	bool seen[MAX_TYPES] = { false };

	begin(&w);
	look(&w);
	for (size_t i = 0; i < w.p.n; i++)
		up(&w, w.p.v[i]->res);
	for (size_t i = w.p.n; i-- > 0;)
		down(&w, w.p.v[i]->res);
	for (size_t i = 0; i < w.g.n; i++)
		for (size_t t = 0; resource_types[t] && t < MAX_TYPES; t++)
			seen[t] |= w.g.v[i]->type == resource_types[t];
	for (size_t t = 0; resource_types[t] && t < MAX_TYPES; t++)
		/* what is of other hosts is tested with them: tests/fake/hosts.bats */
		if (!seen[t] && resource_types[t]->ensure && !resource_types[t]->away)
			fail_msg("%s: nothing of this type was declared", resource_types[t]->name);
	plan_release(&w.p);
	graph_release(&w.g);
	arena_release(&w.a);
	spec_free(w.spec);
	free(w.raw);
	free((char *)w.env.cache);
	free((char *)w.env.libexec);
	free((char *)w.env.share);
	fs_remove_tree(lima_home, NULL);
}
