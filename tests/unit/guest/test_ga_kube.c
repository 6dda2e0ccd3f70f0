/* Kubernetes' services: what kubectl says of them, and kubectl itself, played by a script. */
#include <sys/stat.h>

#include "guest/agent/child.h"
#include "guest/agent/kube.h"
#include "guest/agent/kube_services.h"
#include "guest/agent/portwatch.h"
#include "tests/unit/test.h"

#define EVENT(what, name, type, ports) \
	"{\"type\":\"" what "\",\"object\":{\"metadata\":{\"namespace\":\"d\",\"name\":\"" name "\",\"x\":{\"name\":\"no\"}}," \
	"\"spec\":{\"type\":\"" type "\",\"ports\":[" ports "]}}}"
#define PORT(proto, port, node) "{\"protocol\":\"" proto "\",\"port\":" port ",\"nodePort\":" node "}"

static unsigned
ports_of(const struct kube_services *s, struct ga_ports *l)
{
	l->n = 0;
	kube_services_ports(s, l);
	return (unsigned)l->n;
}

TEST(services_come_change_and_go)
{
	struct kube_services s = { 0 };
	AUTO(ga_ports) l = { 0 };
	char text[54];

	assert_true(kube_services_apply(&s, EVENT("ADDED", "a", "NodePort", PORT("TCP", "80", "30080") "," PORT("UDP", "53", "30053"))));
	assert_int_equal(ports_of(&s, &l), 2);
	assert_string_equal(ga_port_addr(&l.v[0], text), "0.0.0.0:30053");
	assert_string_equal(ga_port_addr(&l.v[1], text), "0.0.0.0:30080");
	assert_false(kube_services_apply(&s, EVENT("MODIFIED", "a", "NodePort", PORT("UDP", "53", "30053") "," PORT("TCP", "80", "30080"))));
	assert_true(kube_services_apply(&s, EVENT("ADDED", "b", "LoadBalancer", PORT("TCP", "8080", "30081") "," PORT("SCTP", "1", "2"))));
	assert_int_equal(ports_of(&s, &l), 3);
	assert_true(kube_services_apply(&s, EVENT("MODIFIED", "a", "ClusterIP", PORT("TCP", "80", "30080"))));
	assert_int_equal(ports_of(&s, &l), 1);
	assert_string_equal(ga_port_addr(&l.v[0], text), "0.0.0.0:8080");
	assert_true(kube_services_apply(&s, EVENT("DELETED", "b", "LoadBalancer", "")));
	assert_false(kube_services_apply(&s, EVENT("DELETED", "b", "LoadBalancer", "")));
	assert_int_equal(ports_of(&s, &l), 0);
	kube_services_release(&s);
}

TEST(what_is_no_event_changes_nothing)
{
	static const char *const lines[] = {
		"", "{", "yes", "null", "[]", "{\"type\":\"ADDED\"}", "{\"type\":\"BOOKMARK\",\"object\":{}}", "\"", "{\"type\":",
		EVENT("ADDED", "a", "NodePort", PORT("TCP", "80", "0")), EVENT("ADDED", "a", "NodePort", PORT("TCP", "80", "65536")),
		EVENT("ADDED", "a", "NodePort", PORT("TCP", "80", "-1")), EVENT("ADDED", "a", "NodePort", "1,2,{}"),
		EVENT("ADDED", "a", "NodePort", PORT("tcp", "80", "30080")), EVENT("ADDED", "a", "ExternalName", PORT("TCP", "80", "3000")),
	};
	struct kube_services s = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_false(kube_services_apply(&s, lines[i]));
	assert_int_equal(s.n, 0);
	kube_services_release(&s);
}

TEST(a_cluster_of_too_many_services)
{
	struct kube_services s = { 0 };

	for (int i = 0; i < KUBE_SERVICES_MAX + 10; i++) {
		auto_free char *line = xasprintf(EVENT("ADDED", "s%d", "NodePort", PORT("TCP", "80", "%d")), i, 1 + i);

		assert_true(kube_services_apply(&s, line) == (i < KUBE_SERVICES_MAX));
	}
	assert_int_equal(s.n, KUBE_SERVICES_MAX);
	kube_services_release(&s);
}

struct run {
	struct loop loop;
	struct timer limit;
	struct child child;
	struct buf lines;
	int status;
	bool ended;
};

static void
time_is_up(struct timer *t)
{
	loop_stop(&CONTAINER_OF(t, struct run, limit)->loop);
}

static void
got_line(struct child *c, const char *line)
{
	buf_addf(&CONTAINER_OF(c, struct run, child)->lines, "<%.20s>", line);
}

static void
got_end(struct child *c, int status)
{
	struct run *r = CONTAINER_OF(c, struct run, child);

	r->ended = true;
	r->status = status;
	loop_stop(&r->loop);
}

/* sh -c SCRIPT until it ends, or ten seconds */
static void
run(struct run *r, const char *script)
{
	char *argv[] = { "/bin/sh", "-c", (char *)(uintptr_t)script, NULL }, *env[] = { "PATH=/usr/bin:/bin", NULL };
	struct error err;

	*r = (struct run){ .lines = BUF_INIT, .limit.fire = time_is_up };
	ok(loop_init(&r->loop, &err));
	r->child = (struct child){ .loop = &r->loop, .w.fd = -1, .line = got_line, .end = got_end };
	assert_true(helper_child_start(&r->child, argv, env));
	loop_timer(&r->loop, &r->limit, loop_now() + 10000);
	ok(loop_run(&r->loop, &err));
}

static void
run_release(struct run *r)
{
	child_kill(&r->child);
	loop_release(&r->loop);
	buf_release(&r->lines);
}

TEST(lines_and_the_end_of_a_program)
{
	struct run r;

	run(&r, "printf 'a\\nb'; printf 'c\\n\\nunfinished'; exit 3");
	assert_true(r.ended);
	assert_string_equal(r.lines.s, "<a><bc><>");
	assert_int_equal(r.status, 3);
	run_release(&r);
	run(&r, "exec >/dev/null; exit 0");	/* its output ends a little before it */
	assert_true(r.ended);
	assert_int_equal(r.status, 0);
	run_release(&r);
	run(&r, "exec yes xxxxxxxxxxxxxxxxxxxx | tr -d '\\n'");	/* a line without end */
	assert_true(r.ended);
	assert_int_equal(r.status, -1);
	run_release(&r);
}

TEST(a_program_that_is_not_there_or_is_killed)
{
	char *argv[] = { "/no/such/program", NULL }, *env[] = { NULL };
	struct run r = { .child = { .w.fd = -1 } };
	struct error err;

	ok(loop_init(&r.loop, &err));
	r.child.loop = &r.loop;
	assert_false(helper_child_start(&r.child, argv, env));
	child_kill(&r.child);
	argv[0] = "/bin/cat";	/* reads /dev/null and ends at once, or is killed: no end is told */
	r.child.end = NULL;
	assert_true(helper_child_start(&r.child, argv, env));
	child_kill(&r.child);
	assert_int_equal(r.child.w.fd, -1);
	loop_release(&r.loop);
}

struct watcher {
	struct portwatcher w;
	struct portwatch *p;
	struct loop *loop;
};

static bool
has_port(const struct ga_ports *l, uint16_t port)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].port == port)
			return true;
	return false;
}

static void
changed(struct portwatcher *w)
{
	struct watcher *me = CONTAINER_OF(w, struct watcher, w);

	if (has_port(portwatch_ports(me->p), 30123))
		loop_stop(me->loop);
}

TEST(kubectl_is_asked_and_watched)
{
	static const char script[] = "#!/bin/sh\n[ \"$KUBECONFIG\" = /x ] || exit 1\n"
				     "case $1 in auth) echo yes; exit 0;; get) ;; *) exit 1;; esac\n"
				     "echo '" EVENT("ADDED", "a", "NodePort", PORT("TCP", "80", "30123")) "'\nexec sleep 1000\n";
	auto_free char *dir = test_path("bin"), *program = test_path("bin/kubectl"), *path = xasprintf("%s:/usr/bin:/bin", dir);
	struct run r = { .limit.fire = time_is_up };
	struct watcher me = { .w.changed = changed, .loop = &r.loop };
	struct kube *k;
	struct error err;

	ok(fs_mkdirs(dir, 0700, &err));
	ok(fs_write(program, script, sizeof script - 1, 0700, &err));
	setenv("PATH", path, 1);
	setenv("KUBECONFIG", "/x", 1);
	ok(loop_init(&r.loop, &err));
	me.p = portwatch_new(&r.loop, 3000);
	portwatch_add(me.p, &me.w);
	k = kube_new(&r.loop, me.p);
	loop_timer(&r.loop, &r.limit, loop_now() + 10000);
	ok(loop_run(&r.loop, &err));
	assert_true(has_port(portwatch_ports(me.p), 30123));
	portwatch_remove(me.p, &me.w);
	kube_free(k);
	portwatch_free(me.p);
	loop_release(&r.loop);
}
