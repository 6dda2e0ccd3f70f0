/*
 * guest/agent/kube.h - watches Kubernetes' services, where there is a Kubernetes.
 *
 * Every 10 s until it works: kubectl in PATH, a configuration (KUBECONFIG, k3s', root's),
 * and the right to see services; then `kubectl get --watch` tells of changes.
 * When that ends, it begins anew after 10 s, and what was known stays.
 */
#pragma once

struct kube;
struct loop;
struct portwatch;

struct kube *kube_new(struct loop *l, struct portwatch *ports);
void kube_free(struct kube *k);
