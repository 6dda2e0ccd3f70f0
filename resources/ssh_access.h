/* resources/ssh_access.h - the way into a guest, for everybody who needs it: ssh.config, host agent, shell. */
#pragma once
#include <stdbool.h>
#include "base/mem.h"
#include "providers/ssh/keys.h"
#include "reconciler/env.h"
#include "state/desired/spec/spec.h"

struct error;

/* Private keys to try, in order; in `a`, NULL-terminated. */
const char *const *ssh_access_keys(struct arena *a, const struct env *env, const struct spec *spec, size_t *n);
/* Public keys that the guest is to accept. */
int ssh_access_public(struct key_list *out, const struct env *env, const struct spec *spec, struct error *err);
/*
 * What $I/ssh.config says for `port`, as "Key=value"; in `a`, NULL-terminated. `ask`: by what the ssh program says it
 * can do, as in that file; otherwise by what is usual.
 */
int ssh_access_options(struct arena *a, const struct env *env, const struct spec *spec, int port, bool ask,
		       const char *const **out, struct error *err);
/* Writes that file. */
int ssh_access_write(const struct env *env, const struct spec *spec, int port, struct error *err);
/* Can the ssh program be told to insist on the guest's host key? */
bool ssh_access_recognizes(const char *dir);
/* What of lima.yaml is in ssh.config, in words, for comparing. */
const char *ssh_access_words(struct arena *a, const struct spec *spec);
