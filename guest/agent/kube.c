#include "guest/agent/kube.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"
#include "base/proc.h"
#include "guest/agent/child.h"
#include "guest/agent/kube_services.h"
#include "guest/agent/log.h"
#include "guest/agent/portwatch.h"

enum { RETRY_MS = 10000, ASK_MS = 30000 };

extern char **environ;

struct kube {
	struct loop *loop;
	struct portwatch *ports;
	struct kube_services services;
	struct timer timer;	/* the next try; while it is asked: enough waited */
	struct child child;
	bool watching, allowed;
	char **env;		/* of the child; what is in it is ours only from `own` on */
	char *own;
	char *kubectl;
};

static void
stop_child(struct kube *k)
{
	child_kill(&k->child);
	free(k->env);
	free(k->own);
	free(k->kubectl);
	k->env = NULL;
	k->own = k->kubectl = NULL;
}

static void
try_later(struct kube *k)
{
	stop_child(k);
	k->watching = false;
	loop_timer(k->loop, &k->timer, loop_now() + RETRY_MS);
}

static void
got_line(struct child *c, const char *line)
{
	struct kube *k = CONTAINER_OF(c, struct kube, child);
	AUTO(ga_ports) ports = { 0 };

	if (!k->watching) {
		k->allowed |= !strcmp(line, "yes");
		return;
	}
	if (!kube_services_apply(&k->services, line))
		return;
	kube_services_ports(&k->services, &ports);
	portwatch_set_services(k->ports, &ports);
}

static void
start_watch(struct kube *k)
{
	char *argv[] = { k->kubectl, "get", "--all-namespaces", "service", "--watch", "--output-watch-events", "--output",
			 "json", NULL };

	loop_untimer(k->loop, &k->timer);
	k->watching = true;
	log_info("Kubernetes: watching services");
	if (!helper_child_start(&k->child, argv, k->env))
		try_later(k);
}

static void
child_ended(struct child *c, int status)
{
	struct kube *k = CONTAINER_OF(c, struct kube, child);

	if (!k->watching && k->allowed && status == 0) {
		start_watch(k);
		return;
	}
	log_debug("Kubernetes: kubectl ended with %d", status);
	try_later(k);
}

/* Ours, and the configuration: the first there is, unless the environment names one. */
static void
make_env(struct kube *k)
{
	static const char *const usual[] = {
		"/etc/rancher/k3s/k3s.yaml", "/root/.kube/config.localhost" /* of template:k8s */, "/root/.kube/config",
	};
	const char *given = getenv("KUBECONFIG");
	size_t n = 0, i = 0;

	while (environ[n])
		n++;
	k->env = xcalloc(n + 2, sizeof *k->env);
	memcpy(k->env, environ, n * sizeof *k->env);
	if (given && *given)
		return;
	while (i < ARRAY_LEN(usual) && access(usual[i], F_OK) < 0)
		i++;
	if (i < ARRAY_LEN(usual))
		k->env[n] = k->own = xasprintf("KUBECONFIG=%s", usual[i]);
}

static void
try_now(struct timer *t)
{
	struct kube *k = CONTAINER_OF(t, struct kube, timer);
	char *argv[] = { NULL, "auth", "can-i", "get", "service", NULL };

	if (k->child.w.fd >= 0) {
		log_debug("Kubernetes: no answer");
		try_later(k);
		return;
	}
	k->kubectl = argv[0] = proc_find("kubectl");
	if (!argv[0]) {
		try_later(k);
		return;
	}
	make_env(k);
	k->allowed = false;
	if (!helper_child_start(&k->child, argv, k->env))
		try_later(k);
	else
		loop_timer(k->loop, &k->timer, loop_now() + ASK_MS);
}

struct kube *
kube_new(struct loop *l, struct portwatch *ports)
{
	struct kube *k = xcalloc(1, sizeof *k);

	k->loop = l;
	k->ports = ports;
	k->timer.fire = try_now;
	k->child = (struct child){ .loop = l, .w.fd = -1, .line = got_line, .end = child_ended };
	loop_timer(l, &k->timer, loop_now());
	return k;
}

void
kube_free(struct kube *k)
{
	if (!k)
		return;
	stop_child(k);
	loop_untimer(k->loop, &k->timer);
	kube_services_release(&k->services);
	free(k);
}
