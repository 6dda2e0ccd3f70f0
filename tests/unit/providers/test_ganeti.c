/* The engine `ganeti` beside a cluster that only plays one (tests/http/rapi.py), and that lies, hangs and answers without end. */
#include "providers/cluster.h"

#include <errno.h>
#include <sys/prctl.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/proc.h"
#include "providers/clusters/ganeti/shapes.h"
#include "tests/unit/test.h"

extern const struct cluster_engine cluster_ganeti;

static pid_t rapi_pid;
static char *rapi_log, *rapi_certificate, *rapi_url;

static void
rapi_certify(void)
{
	const char *argv[] = { "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
			       "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", NULL, "-out", NULL, NULL };
	struct error err;

	rapi_certificate = test_path("rapi.pem");
	argv[15] = argv[17] = rapi_certificate;
	ok(proc_run(argv, NULL, &err));
}

static void
rapi_begin(void)
{
	char text[16] = "";
	int p[2];

	if (rapi_pid)
		return;
	rapi_log = test_path("rapi.log");
	rapi_certify();
	assert_int_equal(pipe(p), 0);
	rapi_pid = fork();
	assert_true(rapi_pid >= 0);
	if (rapi_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(p[1], 1);
		close(p[0]);
		close(p[1]);
		execlp("python3", "python3", "tests/http/rapi.py", rapi_log, rapi_certificate, NULL);
		_exit(127);
	}
	close(p[1]);
	for (size_t n = 0; n < sizeof text - 1 && !strchr(text, '\n'); n++)
		assert_int_equal(read(p[0], text + n, 1), 1);
	close(p[0]);
	rapi_url = xasprintf("https://127.0.0.1:%d", atoi(text));
}

__attribute__((destructor)) static void
rapi_end(void)
{
	if (rapi_pid > 0) {
		kill(rapi_pid, SIGKILL);
		waitpid(rapi_pid, NULL, 0);
	}
	free(rapi_log);
	free(rapi_certificate);
	free(rapi_url);
}

/* How often the log has a line that begins so. */
static int
rapi_count(const char *line)
{
	AUTO(buf) b = BUF_INIT;
	struct error err;
	int n = 0;

	ok(fs_read(rapi_log, &b, 1 << 22, &err));
	for (const char *s = b.s; *s; s += strcspn(s, "\n"), s += *s != 0)
		n += !strncmp(s, line, strlen(line));
	return n;
}

static void
begin(struct cluster *c, struct engine_conf *conf, const char *user)
{
	struct error err;

	rapi_begin();
	setenv("TEST_RAPI_USER", user, 1);
	setenv("TEST_RAPI_PASSWORD", "sesame", 1);
	*conf = (struct engine_conf){ .type = "ganeti", .fleet = "shop", .url = rapi_url, .ca_file = rapi_certificate,
				      .user_env = "TEST_RAPI_USER", .password_env = "TEST_RAPI_PASSWORD" };
	*c = (struct cluster){ .engine = &cluster_ganeti, .conf = conf, .home = "/nonexistent", .version = "1.0.0", .deadline_ms = 60000 };
	ok(cluster_ganeti.open(c, &err));
}

#define WITH(who) \
	AUTO(cluster) c; \
	struct engine_conf conf; \
	struct error err; \
	begin(&c, &conf, who)

static struct cluster_job
job(const char *key, enum cluster_verb verb, long long expects)
{
	return (struct cluster_job){ .key = key, .verb = verb, .name = "web", .node = "n1", .fleet = "shop", .digest = "d1", .expects = expects,
				     .generation = expects + 1, .by = "me@here", .cpus = 2, .memory = 256 << 20, .disk = 1 << 30,
				     .image = "https://images.example/a", .image_digest = "sha256:0", .timeout_ms = 60000 };
}

static int
carry_out(struct cluster *c, struct cluster_job j, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *id;

	return cluster_ganeti.submit(c, &j, &a, &id, err) < 0 ? -1 : cluster_ganeti.poll(c, &j, id, NULL, NULL, err);
}

/* The machine `web`, as the cluster has it. */
static const struct cluster_machine *
look(struct cluster *c, struct cluster_view *v)
{
	struct error err;

	cluster_view_release(v);
	ok(cluster_ganeti.observe(c, v, &err));
	return cluster_view_machine(v, "web", NULL);
}

TEST(what_is_no_address_or_no_secret_is_refused_before_anybody_is_asked)
{
	static const struct { const char *url, *user_env, *text; } odd[] = {
		{ "http://c.example:5080", "TEST_U", "https" }, { "https://", "TEST_U", "host and port alone" },
		{ "https://u:p@c.example", "TEST_U", "host and port alone" }, { "https://c.example/2", "TEST_U", "host and port alone" },
		{ "https://c.example:5080", "", "auth.userEnv" }, { "https://c.example:5080", "TEST_NONE", "$TEST_NONE" },
	};
	struct error err;

	setenv("TEST_U", "u", 1);
	unsetenv("TEST_NONE");
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		struct engine_conf conf = { .type = "ganeti", .url = odd[i].url, .user_env = odd[i].user_env, .password_env = "TEST_U", .ca_file = "" };
		struct cluster c = { .engine = &cluster_ganeti, .conf = &conf };

		not_ok(cluster_ganeti.open(&c, &err), odd[i].text);
		assert_int_equal(err.code, ERR_INVALID);
		assert_null(c.own);
	}
}

TEST(the_certificate_and_the_password_count)
{
	AUTO(arena) a = { 0 };
	struct cluster_hello h;
	WITH("fine");

	ok(cluster_ganeti.hello(&c, &h, &a, &err));
	assert_true(h.waits);
	cluster_release(&c);
	conf.ca_file = "";
	c.engine = &cluster_ganeti;
	ok(cluster_ganeti.open(&c, &err));
	not_ok(cluster_ganeti.hello(&c, &h, &a, &err), "certificate");
	cluster_release(&c);
	conf.ca_file = rapi_certificate;
	setenv("TEST_RAPI_PASSWORD", "open it", 1);
	c.engine = &cluster_ganeti;
	ok(cluster_ganeti.open(&c, &err));
	not_ok(cluster_ganeti.hello(&c, &h, &a, &err), "does not take this user and password");
	assert_int_equal(err.code, EACCES);
	assert_null(strstr(err.msg, "open it"));
}

TEST(an_older_ganeti_is_told)
{
	AUTO(arena) a = { 0 };
	struct cluster_hello h;
	WITH("old");

	not_ok(cluster_ganeti.hello(&c, &h, &a, &err), "has Ganeti 2");
	assert_int_equal(err.code, ERR_UNSUPPORTED);
}

TEST(a_machine_is_made_once_and_found_by_its_key)
{
	AUTO(cluster_view) v = { 0 };
	AUTO(arena) a = { 0 };
	const char *first, *again;
	const struct cluster_machine *m;
	struct cluster_job j;
	WITH("fine");

	j = job("k1", CLUSTER_RUN, 0);
	ok(cluster_ganeti.submit(&c, &j, &a, &first, &err));
	/* whoever was killed before it could note the id, finds the job that goes on */
	ok(cluster_ganeti.submit(&c, &j, &a, &again, &err));
	assert_string_equal(again, first);
	ok(cluster_ganeti.poll(&c, &j, again, NULL, NULL, &err));
	/* and when it is done, there is nothing to be done */
	ok(cluster_ganeti.submit(&c, &j, &a, &again, &err));
	assert_string_equal(again, "");
	ok(cluster_ganeti.poll(&c, &j, again, NULL, NULL, &err));
	assert_int_equal(rapi_count("fine POST /2/instances?"), 1);
	m = look(&c, &v);
	assert_non_null(m);
	assert_string_equal(m->node, "n1");
	assert_int_equal(m->status, MACHINE_IS_RUNNING);
	assert_string_equal(m->fleet, "shop");
	assert_string_equal(m->digest, "d1");
	assert_string_equal(m->by, "me@here");
	assert_int_equal(m->generation, 1);
	assert_int_equal(m->memory, 256 << 20);
}

TEST(what_a_killed_run_made_elsewhere_is_what_was_wished)
{
	AUTO(cluster_view) v = { 0 };
	struct cluster_want want = { .name = "web", .pin = "", .memory = 1 << 20 };
	struct cluster_job j;
	WITH("elsewhere");

	ok(cluster_ganeti.observe(&c, &v, &err));
	j = job("k1", CLUSTER_RUN, 0);
	j.node = "n2";
	ok(carry_out(&c, j, &err));
	/* it was not there yet when who comes next looked, and is there when he asks for its place */
	ok(cluster_ganeti.place(&c, &v, &want, 1, &err));
	assert_non_null(want.node);
	ok(carry_out(&c, job("k2", CLUSTER_RUN, 0), &err));
	assert_string_equal(look(&c, &v)->node, "n2");
	assert_int_equal(rapi_count("elsewhere POST /2/instances?reason"), 1);
	/* another wish is another's */
	j.digest = "d2";
	j.key = "k3";
	not_ok(carry_out(&c, j, &err), "generation 1 by now");
}

TEST(changes_are_those_that_are_missing)
{
	AUTO(cluster_view) v = { 0 };
	struct cluster_job j;
	WITH("fine");

	/* the machine of the test before */
	j = job("k2", CLUSTER_RUN, 1);
	j.memory = 512 << 20;
	j.disk = 2u << 30;
	j.digest = "d2";
	ok(carry_out(&c, j, &err));
	assert_int_equal(look(&c, &v)->memory, 512 << 20);
	assert_string_equal(look(&c, &v)->digest, "d2");
	assert_int_equal(look(&c, &v)->generation, 2);
	assert_int_equal(rapi_count("fine POST /2/instances/web/disk/0/grow"), 1);
	assert_int_equal(rapi_count("fine PUT /2/instances/web/modify"), 1);
	j.verb = CLUSTER_STOP;
	j.key = "k3";
	j.expects = 2;
	j.generation = 3;
	ok(carry_out(&c, j, &err));
	assert_int_equal(look(&c, &v)->status, MACHINE_IS_STOPPED);
	assert_int_equal(rapi_count("fine PUT /2/instances/web/modify"), 1);
	j.verb = CLUSTER_REMOVE;
	j.key = "k4";
	j.expects = 3;
	j.generation = 4;
	ok(carry_out(&c, j, &err));
	assert_null(look(&c, &v));
	ok(carry_out(&c, j, &err));
	assert_int_equal(rapi_count("fine DELETE /2/instances/web?"), 1);
}

TEST(who_rests_on_an_older_generation_changes_nothing)
{
	AUTO(cluster_view) v = { 0 };
	struct cluster_job j;
	WITH("stale");

	ok(carry_out(&c, job("k1", CLUSTER_RUN, 0), &err));
	not_ok(carry_out(&c, job("k2", CLUSTER_REMOVE, 0), &err), "generation 1 by now, by me@here");
	assert_int_equal(err.code, ERR_STALE);
	j = job("k3", CLUSTER_STOP, 1);
	j.fleet = "market";
	not_ok(carry_out(&c, j, &err), "of the fleet shop");
	assert_int_equal(err.code, ERR_REFUSED);
	assert_int_equal(look(&c, &v)->status, MACHINE_IS_RUNNING);
	assert_int_equal(rapi_count("stale DELETE"), 0);
	assert_int_equal(rapi_count("stale PUT"), 0);
	j = job("k4", CLUSTER_RUN, 1);
	j.image_digest = "sha256:1";
	not_ok(carry_out(&c, j, &err), "another image");
}

TEST(of_two_who_claim_one_generation_one_comes_to_nothing)
{
	WITH("race");

	ok(carry_out(&c, job("k1", CLUSTER_RUN, 0), &err));
	not_ok(carry_out(&c, job("k2", CLUSTER_STOP, 1), &err), "generation 2 by now, by another@there");
	assert_int_equal(err.code, ERR_STALE);
	assert_int_equal(rapi_count("race PUT /2/instances/web/shutdown"), 0);
}

TEST(a_name_that_another_took_in_the_very_moment_is_his)
{
	WITH("taken");

	not_ok(carry_out(&c, job("k1", CLUSTER_RUN, 0), &err), "generation 1 by now, by them@there");
	assert_int_equal(err.code, ERR_STALE);
}

TEST(a_failure_is_told_in_words_of_one_line)
{
	WITH("fails");

	not_ok(carry_out(&c, job("k1", CLUSTER_RUN, 0), &err), "is full");
	assert_int_equal(err.code, ERR_CHILD);
	assert_null(strchr(err.msg, '\033'));
}

TEST(a_job_without_end_costs_its_own_time)
{
	struct cluster_job j;
	WITH("stuck");

	j = job("k1", CLUSTER_RUN, 0);
	j.timeout_ms = 1000;
	not_ok(carry_out(&c, j, &err), "is not done after 1 s");
	assert_int_equal(err.code, ETIMEDOUT);
}

TEST(a_job_that_the_cluster_forgot_is_no_success)
{
	struct cluster_job j;
	WITH("fine");

	j = job("k9", CLUSTER_RUN, 0);
	not_ok(cluster_ganeti.poll(&c, &j, "4711", NULL, NULL, &err), "does not know job 4711");
}

TEST(a_node_that_does_not_answer_is_unknown)
{
	AUTO(cluster_view) v = { 0 };
	struct cluster_job j;
	WITH("silent");

	j = job("k1", CLUSTER_RUN, 0);
	j.node = "n2";
	ok(carry_out(&c, j, &err));
	assert_null(look(&c, &v));
	assert_int_equal(v.nnodes, 2);
	assert_true(cluster_view_node(&v, "n1")->answers);
	assert_false(cluster_view_node(&v, "n2")->answers);
	assert_string_equal(cluster_view_node(&v, "n2")->why, "does not answer");
	not_ok(carry_out(&c, job("k2", CLUSTER_RUN, 1), &err), "if it is dead, say so");
	assert_int_equal(err.code, EHOSTUNREACH);
	assert_int_equal(rapi_count("silent PUT"), 0);
}

TEST(machines_of_a_node_that_is_called_dead_go_elsewhere)
{
	AUTO(cluster_view) v = { 0 };
	struct cluster_job j;
	WITH("dead");

	j = job("k1", CLUSTER_RUN, 0);
	j.node = "n2";
	ok(carry_out(&c, j, &err));
	assert_int_equal(look(&c, &v)->status, MACHINE_IS_BROKEN);
	assert_int_equal(v.nnodes, 1);
	assert_int_equal(strncmp(look(&c, &v)->off, "on an offline node since 2023-11-1", strlen("on an offline node since 2023-11-1")), 0);
	j.key = "k2";
	j.expects = 1;
	j.generation = 2;
	ok(carry_out(&c, j, &err));
	assert_string_equal(look(&c, &v)->node, "n1");
	assert_int_equal(rapi_count("dead PUT /2/instances/web/failover"), 1);
}

TEST(places_are_dry_runs_and_not_all_on_one_node)
{
	struct engine_label rack = { "rack", "2" }, none = { "rack", "9" };
	struct cluster_want wants[] = {
		{ .name = "a", .pin = "", .memory = 1 << 30 }, { .name = "b", .pin = "", .memory = 1 << 30 },
		{ .name = "there", .pin = "", .group = "g", .spread = true, .memory = 1 << 20, .node = "n1" },
		{ .name = "spread", .pin = "", .group = "g", .spread = true, .memory = 1 << 20 },
		{ .name = "c", .pin = "n1", .memory = 1 << 30 }, { .name = "d", .pin = "", .memory = 1 << 20, .labels = &rack, .nlabels = 1 },
		{ .name = "e", .pin = "", .memory = 1 << 20, .labels = &none, .nlabels = 1 }, { .name = "f", .pin = "", .memory = 1ull << 40 },
	};
	AUTO(cluster_view) v = { 0 };
	WITH("place");

	ok(cluster_ganeti.observe(&c, &v, &err));
	ok(cluster_ganeti.place(&c, &v, wants, ARRAY_LEN(wants), &err));
	assert_string_not_equal(wants[0].node, wants[1].node);
	assert_string_equal(wants[2].node, "n1");
	assert_string_equal(wants[3].node, "n2");
	assert_string_equal(wants[4].node, "n1");
	assert_string_equal(wants[5].node, "n2");
	assert_null(wants[6].node);
	assert_null(wants[7].node);
	assert_non_null(strstr(wants[7].why, "room"));
	cluster_view_release(&v);
	ok(cluster_ganeti.observe(&c, &v, &err));
	assert_int_equal(v.nmachines, 0);
}

TEST(where_a_node_refuses_the_allocator_is_asked_unless_it_is_pinned)
{
	struct cluster_want wants[] = { { .name = "a", .pin = "", .memory = 1 << 30 }, { .name = "b", .pin = "n1", .memory = 1 << 30 } };
	AUTO(cluster_view) v = { 0 };
	WITH("full");

	ok(cluster_ganeti.observe(&c, &v, &err));
	ok(cluster_ganeti.place(&c, &v, wants, 2, &err));
	assert_string_equal(wants[0].node, "n2");
	assert_null(wants[1].node);
	assert_non_null(strstr(wants[1].why, "not enough memory"));
}

TEST(a_machine_that_is_to_be_on_another_node_goes_there_as_it_is)
{
	AUTO(cluster_view) v = { 0 };
	struct cluster_job j;
	WITH("move");

	ok(carry_out(&c, job("k1", CLUSTER_RUN, 0), &err));
	/* another node alone is no wish to move: it may have been moved by its owner since it was looked at */
	j = job("k2", CLUSTER_RUN, 1);
	j.node = "n2";
	ok(carry_out(&c, j, &err));
	assert_string_equal(look(&c, &v)->node, "n1");
	j = job("k3", CLUSTER_RUN, 2);
	j.node = "n2";
	j.moves = true;
	ok(carry_out(&c, j, &err));
	assert_string_equal(look(&c, &v)->node, "n2");
	assert_null(look(&c, &v)->off);
	assert_int_equal(rapi_count("move PUT /2/instances/web/migrate"), 1);
	/* it is there by now: again is nothing */
	ok(carry_out(&c, j, &err));
	assert_int_equal(rapi_count("move PUT /2/instances/web/migrate"), 1);
	j = job("k4", CLUSTER_STOP, 3);
	j.node = "n2";
	ok(carry_out(&c, j, &err));
	j = job("k5", CLUSTER_RUN, 4);
	j.moves = true;
	ok(carry_out(&c, j, &err));
	assert_string_equal(look(&c, &v)->node, "n1");
	assert_int_equal(look(&c, &v)->status, MACHINE_IS_RUNNING);
	assert_int_equal(rapi_count("move PUT /2/instances/web/failover"), 1);
}

/* --- guests --- */

static struct cluster_told
told(void)
{
	return (struct cluster_told){ .volume = "0123456789", .len = 10, .unpacked = 3 << 20, .mac = "52:55:55:01:02:03", .user = "ci",
				      .host_key = "ssh-ed25519 AAAAC3Nza+/Z", .digest = "abc" };
}

TEST(a_new_guest_is_told_what_nobody_else_is_and_the_way_to_it_is_in_its_tags)
{
	const struct cluster_machine m = { .name = "web" };
	struct cluster_told t = told();
	struct cluster_endpoint way;
	AUTO(cluster_view) v = { 0 };
	AUTO(arena) a = { 0 };
	struct cluster_job j;
	WITH("told");

	j = job("k1", CLUSTER_RUN, 0);
	j.told = &t;
	ok(carry_out(&c, j, &err));
	assert_string_equal(look(&c, &v)->told, "abc");
	conf.ssh_user = "root";
	ok(cluster_ganeti.endpoint(&c, &m, &a, &way, &err));
	assert_null(way.argv);
	assert_string_equal(way.user, "ci");
	assert_string_equal(way.host_key, "ssh-ed25519 AAAAC3Nza+/Z");
	assert_string_equal(way.node, "n1");
	assert_non_null(strstr(way.proxy, " StrictHostKeyChecking=yes "));
	assert_non_null(strstr(way.proxy, " -l root -W [fe80::5055:55ff:fe01:203%%br0]:22 -- n1"));
	/* whoever changes it has perhaps other keys, and they are no guest's */
	t.host_key = "ssh-ed25519 OTHER";
	j.key = "k2";
	j.expects = 1;
	j.generation = 2;
	j.told = NULL;
	ok(carry_out(&c, j, &err));
	ok(cluster_ganeti.endpoint(&c, &m, &a, &way, &err));
	assert_string_equal(way.host_key, "ssh-ed25519 AAAAC3Nza+/Z");
}

TEST(what_a_machine_is_told_is_in_parts_that_an_environment_takes)
{
	enum { LEN = 200000 };
	auto_free char *much = xcalloc(1, LEN);
	struct cluster_told t = told();
	struct cluster_job j = job("k", CLUSTER_RUN, 0);
	AUTO(buf) text = BUF_INIT, back = BUF_INIT;
	cJSON *body, *secrets, *part;
	int n = 0;

	for (size_t i = 0; i < LEN; i++)
		much[i] = (char)(i * i >> 7);
	t.volume = much;
	t.len = LEN;
	j.told = &t;
	body = ganeti_create_body(&j, false, 8 << 20);
	secrets = cJSON_GetObjectItemCaseSensitive(body, "osparams_secret");
	cJSON_ArrayForEach(part, secrets) {
		auto_free char *name = xasprintf("cidata%d", n++);

		assert_string_equal(part->string, name);
		assert_true(strlen(part->valuestring) < 128 << 10);
		buf_adds(&text, part->valuestring);
	}
	assert_int_equal(n, 3);
	assert_int_equal(base64_decode(&back, text.s, text.len), 0);
	assert_int_equal(back.len, LEN);
	assert_memory_equal(back.s, much, LEN);
	/* the second disk is as large as the cluster wants one to be at least */
	part = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(body, "disks"), 1);
	assert_int_equal(cJSON_GetObjectItemCaseSensitive(part, "size")->valueint, 8);
	part = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(body, "nics"), 0);
	assert_string_equal(cJSON_GetObjectItemCaseSensitive(part, "mac")->valuestring, "52:55:55:01:02:03");
	cJSON_Delete(body);
}

TEST(more_than_the_cluster_takes_is_told_before_anything_is_made)
{
	struct cluster_told t = told();
	auto_free char *much = xcalloc(1, 600000);
	struct cluster_job j;
	WITH("much");

	t.volume = much;
	t.len = 600000;
	j = job("k1", CLUSTER_RUN, 0);
	j.told = &t;
	not_ok(carry_out(&c, j, &err), "let a script of `provision` fetch what is large");
	assert_int_equal(err.code, EFBIG);
	assert_int_equal(rapi_count("much POST"), 0);
}

TEST(a_machine_that_was_told_nothing_has_no_way_to_it)
{
	const struct cluster_machine m = { .name = "web" };
	struct cluster_endpoint way;
	AUTO(arena) a = { 0 };
	WITH("mute");

	not_ok(cluster_ganeti.endpoint(&c, &m, &a, &way, &err), "there is no `web`");
	ok(carry_out(&c, job("k1", CLUSTER_RUN, 0), &err));
	not_ok(cluster_ganeti.endpoint(&c, &m, &a, &way, &err), "made without a user of ours");
	assert_int_equal(err.code, ERR_UNSUPPORTED);
}

TEST(what_a_cluster_says_of_a_guest_is_a_word_of_ssh_or_nothing)
{
	static const struct { const char *json, *user, *key, *mac, *link; } odd[] = {
		{ "{\"name\":\"m\",\"pnode\":\"n\",\"nic.macs\":[\"aa:00:00:01:02:03\"],\"nic.links\":[\"br-1.2\"],\"tags\":[\"lima:user:_a-b\",\"lima:hostkey:AAAA\"]}",
		  "_a-b", "ssh-ed25519 AAAA", "aa:00:00:01:02:03", "br-1.2" },
		{ "{\"name\":\"m\",\"pnode\":\"n\",\"nic.macs\":[\"x;y\"],\"nic.links\":[\"-o\"],\"tags\":[\"lima:user:-oX\",\"lima:hostkey:A A\"]}", "", "", "", "" },
		{ "{\"name\":\"m\",\"pnode\":\"n\",\"nic.macs\":7,\"nic.links\":[\"br0]:22\"],\"tags\":[\"lima:user:a b\",\"lima:hostkey:A;B\"]}", "", "", "", "" },
		{ "{\"name\":\"m\",\"pnode\":\"n\",\"nic.macs\":[],\"nic.links\":[\"br%h\"],\"tags\":[\"lima:user:$(x)\"]}", "", "", "", "" },
	};
	char address[40];

	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		cJSON *json = cJSON_Parse(odd[i].json);
		struct ganeti_instance out;
		AUTO(arena) a = { 0 };

		assert_true(ganeti_read_instance(json, &a, &out));
		assert_string_equal(out.user, odd[i].user);
		assert_string_equal(out.host_key, odd[i].key);
		assert_string_equal(out.mac, odd[i].mac);
		assert_string_equal(out.link, odd[i].link);
		cJSON_Delete(json);
	}
	assert_true(ganeti_link_local("aa:00:00:01:02:03", address));
	assert_string_equal(address, "fe80::a800:ff:fe01:203");
	assert_false(ganeti_link_local("aa:00:00:01:02", address));
	assert_false(ganeti_link_local("aa:00:00:01:02:03:04", address));
}

TEST(answers_that_are_none_are_errors)
{
	static const struct { const char *user, *text; int code; } odd[] = {
		{ "huge", "more than 32 MiB", EFBIG }, { "nested", "no JSON", EIO }, { "cut", "no JSON", EIO }, { "page", "no JSON", EIO }, { "redirect", "302", EIO },
	};

	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		AUTO(cluster_view) v = { 0 };
		AUTO(arena) a = { 0 };
		struct cluster_hello h;
		WITH(odd[i].user);

		not_ok(cluster_ganeti.observe(&c, &v, &err), odd[i].text);
		assert_int_equal(err.code, odd[i].code);
		not_ok(cluster_ganeti.hello(&c, &h, &a, &err), odd[i].text);
		not_ok(carry_out(&c, job("k", CLUSTER_RUN, 0), &err), odd[i].text);
	}
	assert_int_equal(rapi_count("redirect GET /2/elsewhere"), 0);
}

TEST(what_is_of_another_type_is_as_if_it_were_absent)
{
	AUTO(cluster_view) v = { 0 };
	AUTO(arena) a = { 0 };
	struct cluster_endpoint e;
	struct cluster_hello h;
	const struct cluster_machine *m;
	WITH("types");

	ok(cluster_ganeti.observe(&c, &v, &err));
	assert_int_equal(v.nnodes, 1);
	assert_int_equal(v.nodes[0].memory, 0);
	assert_int_equal(v.nodes[0].disk_free, 0);
	assert_int_equal(v.nodes[0].nlabels, 1);
	assert_int_equal(v.nmachines, 2);
	m = cluster_view_machine(&v, "m", NULL);
	assert_int_equal(m->status, MACHINE_IS_BROKEN);
	assert_string_equal(m->fleet, "");
	m = cluster_view_machine(&v, "k", NULL);
	assert_int_equal(m->generation, 0);
	assert_string_equal(m->key, "");
	assert_int_equal(m->memory, 0);
	not_ok(cluster_ganeti.hello(&c, &h, &a, &err), "which version");
	not_ok(carry_out(&c, job("k", CLUSTER_RUN, 0), &err), "of no shape");
	not_ok(cluster_ganeti.endpoint(&c, m, &a, &e, &err), "of no shape");
}

TEST(who_hangs_costs_his_deadline_and_can_be_cancelled)
{
	AUTO(cluster_view) v = { 0 };
	volatile int cancel = 1;
	long long t0 = clock_ms();
	WITH("hang");

	cluster_release(&c);
	c.engine = &cluster_ganeti;
	c.deadline_ms = 1000;
	ok(cluster_ganeti.open(&c, &err));
	not_ok(cluster_ganeti.observe(&c, &v, &err), "timed out");
	assert_int_equal(err.code, ETIMEDOUT);
	cluster_release(&c);
	c.engine = &cluster_ganeti;
	c.deadline_ms = 600000;
	c.cancel = &cancel;
	ok(cluster_ganeti.open(&c, &err));
	not_ok(cluster_ganeti.observe(&c, &v, &err), "cancelled");
	assert_int_equal(err.code, ERR_CANCELLED);
	assert_true(clock_ms() - t0 < 300000);
}

TEST(nobody_there_is_told)
{
	AUTO(cluster_view) v = { 0 };
	WITH("fine");

	cluster_release(&c);
	conf.url = "https://127.0.0.1:1";
	c.engine = &cluster_ganeti;
	ok(cluster_ganeti.open(&c, &err));
	not_ok(cluster_ganeti.observe(&c, &v, &err), "127.0.0.1:1");
	assert_int_equal(err.code, ECONNREFUSED);
}
