/*
 * drive: the verbs of the engine `ganeti`, one a run, for tests on a real cluster. $URL, $CA; $RAPI_USER and $RAPI_PASSWORD.
 *
 *	drive hello | observe | place NAME MIB...
 *	drive submit run|stop|remove NAME KEY EXPECTS		prints the id of the job, and leaves it
 *	drive do run|stop|remove NAME KEY EXPECTS		and waits for its end
 *	drive endpoint NAME
 * What a machine is to be: $NODE, $CPUS, $MEMORY and $DISK in MiB, $IMAGE, $DIGEST; $FLEET, $BY.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "providers/cluster.h"

extern const struct cluster_engine cluster_ganeti;

static const char *
setting(const char *name, const char *otherwise)
{
	const char *s = getenv(name);

	return s ? s : otherwise;
}

static void
said(void *ctx, const struct cluster_event *e)
{
	(void)ctx;
	printf("said %s\n", e->text);
}

static int
drive_hello(struct cluster *c, struct error *err)
{
	AUTO(arena) a = { 0 };
	struct cluster_hello h;

	if (cluster_ganeti.hello(c, &h, &a, err) < 0)
		return -1;
	printf("version %s waits %d\n", h.version, h.waits);
	return 0;
}

static int
drive_observe(struct cluster *c, struct error *err)
{
	static const char *const statuses[] = { "stopped", "running", "broken" };
	AUTO(cluster_view) v = { 0 };

	if (cluster_ganeti.observe(c, &v, err) < 0)
		return -1;
	for (size_t i = 0; i < v.nnodes; i++)
		printf("node %s %s\n", v.nodes[i].name, v.nodes[i].answers ? "answers" : v.nodes[i].why);
	for (size_t i = 0; i < v.nmachines; i++) {
		const struct cluster_machine *m = &v.machines[i];

		printf("machine %s on %s %s fleet %s generation %lld key %s digest %s by %s\n", m->name, m->node, statuses[m->status],
		       m->fleet, m->generation, m->key, m->digest, m->by);
	}
	return 0;
}

static int
drive_place(struct cluster *c, int argc, char **argv, struct error *err)
{
	AUTO(cluster_view) v = { 0 };
	struct cluster_want wants[16];
	size_t n = 0;

	if (cluster_ganeti.observe(c, &v, err) < 0)
		return -1;
	for (int i = 2; i + 1 < argc && n < ARRAY_LEN(wants); i += 2)
		wants[n++] = (struct cluster_want){ .name = argv[i], .pin = setting("NODE", ""), .group = "", .memory = strtoull(argv[i + 1], NULL, 10) << 20 };
	if (cluster_ganeti.place(c, &v, wants, n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		printf("%s %s\n", wants[i].name, wants[i].node ? wants[i].node : wants[i].why);
	return 0;
}

static int
drive_job(struct cluster *c, bool wait, char **argv, struct error *err)
{
	AUTO(arena) a = { 0 };
	long long expects = atoll(argv[5]);
	struct cluster_job job = {
		.key = argv[4], .name = argv[3], .node = setting("NODE", ""), .fleet = setting("FLEET", "shop"), .digest = setting("WANTED", "d"),
		.verb = !strcmp(argv[2], "run") ? CLUSTER_RUN : !strcmp(argv[2], "stop") ? CLUSTER_STOP : CLUSTER_REMOVE,
		.expects = expects, .generation = expects + 1, .by = setting("BY", "me@here"), .cpus = atoi(setting("CPUS", "1")),
		.memory = strtoull(setting("MEMORY", "128"), NULL, 10) << 20, .disk = strtoull(setting("DISK", "256"), NULL, 10) << 20,
		.image = setting("IMAGE", ""), .image_digest = setting("DIGEST", ""), .timeout_ms = 300000,
	};
	const char *id;

	if (cluster_ganeti.submit(c, &job, &a, &id, err) < 0)
		return -1;
	printf("job %s\n", id);
	return wait ? cluster_ganeti.poll(c, &job, id, said, NULL, err) : 0;
}

static int
drive_endpoint(struct cluster *c, const char *name, struct error *err)
{
	struct cluster_machine m = { .name = name };
	AUTO(arena) a = { 0 };
	struct cluster_endpoint e;

	if (cluster_ganeti.endpoint(c, &m, &a, &e, err) < 0)
		return -1;
	for (size_t i = 0; e.argv[i]; i++)
		printf("%s%s", i ? " " : "", e.argv[i]);
	putchar('\n');
	return 0;
}

static int
drive(struct cluster *c, int argc, char **argv, struct error *err)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (!strcmp(verb, "hello"))
		return drive_hello(c, err);
	if (!strcmp(verb, "observe"))
		return drive_observe(c, err);
	if (!strcmp(verb, "place"))
		return drive_place(c, argc, argv, err);
	if (argc == 6 && (!strcmp(verb, "submit") || !strcmp(verb, "do")))
		return drive_job(c, !strcmp(verb, "do"), argv, err);
	if (argc == 3 && !strcmp(verb, "endpoint"))
		return drive_endpoint(c, argv[2], err);
	return error_set(err, ERR_INVALID, "drive: there is no such verb");
}

int
main(int argc, char **argv)
{
	struct engine_conf conf = { .type = "ganeti", .fleet = "shop", .url = setting("URL", ""), .ca_file = setting("CA", ""),
				    .user_env = "RAPI_USER", .password_env = "RAPI_PASSWORD" };
	struct error err = { 0 };
	struct cluster c;

	if (cluster_open(&c, &conf, "/nonexistent", "1.0.0", NULL, &err) < 0 || drive(&c, argc, argv, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		cluster_release(&c);
		return err.code == ERR_STALE ? 3 : 1;
	}
	cluster_release(&c);
	return 0;
}
