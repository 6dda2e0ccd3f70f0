/*
 * guest/agent/kube_services.h - what Kubernetes' services publish, out of `kubectl get service --watch`.
 *
 * A NodePort service publishes its node ports, a LoadBalancer its ports, on all
 * addresses; TCP and UDP. A cluster is not ours: everything is bounded.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "guest/wire/ga_port.h"

struct kube_service {
	char *name;			/* NAMESPACE/NAME */
	struct ga_ports ports;
};

struct kube_services {
	struct kube_service *v;
	size_t n, cap;
};

#define KUBE_SERVICES_MAX 4096

void kube_services_release(struct kube_services *s);
/* One event of the watch, a line of JSON, NUL-terminated; true: something has changed. Anything else is ignored. */
bool kube_services_apply(struct kube_services *s, const char *line);
/* All their ports, appended and sorted. */
void kube_services_ports(const struct kube_services *s, struct ga_ports *out);
