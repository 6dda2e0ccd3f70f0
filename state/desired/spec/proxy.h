/* state/desired/spec/proxy.h - proxy variables: from the host's environment into the guest's. */
#pragma once

struct load;
struct spec;

/*
 * Makes s->env of `env`: the host's proxy variables over it (propagateProxyEnv), lower and
 * upper case made equal, empty ones gone, the host's own addresses as the guest sees them.
 */
void proxy_resolve(struct load *l, struct spec *s);
/* "ftp_proxy", ... NULL: the variables that this reads, in lower case; upper case is read, too */
extern const char *const proxy_names[];
/* a file that it reads, too: which names are this host's own */
struct host;
const char *proxy_hosts_file(const struct host *h);
