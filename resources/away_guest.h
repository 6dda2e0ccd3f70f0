/*
 * resources/away_guest.h - into the guest of a member on a cluster, by ssh and its node: for whoever goes there, and to see that it is ready.
 */
#pragma once
#include "providers/cluster.h"
#include "reconciler/env.h"
#include "state/desired/spec/spec.h"

struct arena;
struct error;

/* Notes in the member's folder (away_guest_dir) the key by which its guest is known. */
int away_guest_known(const char *dir, const char *host_key, struct error *err);
/*
 * What ssh is to know of it, as "Key=value"; NULL-terminated, in `a`. Of `spec` count name, hostname, user and ssh; `dir` is the member's folder, in
 * which its key has been noted.
 */
int away_guest_options(struct arena *a, const struct env *env, const struct spec *spec, const char *proxy, const char *const **out, struct error *err);
/*
 * Waits until its boot scripts are through and its probes are content, if it is one that was told our keys; of what went wrong in them `warn`
 * hears. ETIMEDOUT: it did not come to that.
 */
int away_guest_ready(const struct env *env, struct cluster *c, const struct spec *spec, void (*warn)(void *ctx, const char *text), void *ctx,
		     struct error *err);
