/*
 * resources/provision_record.h - how the run of a script, file or edit went: DIR/provision/ID, and what it said in ID.log.
 *
 * By the digest of what it is made of, and of one run of the machine: the database may be lost, and entries may change places.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/facts.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"

struct arena;
struct buf;
struct error;

enum { PROVISION_LOG_MAX = 256 << 10 };

/* As facts: run (of the machine), status (exit status, or PROVISION_BEGUN), ran (by whom), at (Unix time), took (ms). */
#define PROVISION_BEGUN "begun"

/* False: there is none, or it cannot be read. */
bool provision_record_load(const struct env *env, const struct resource *r, const char *id, struct facts *f, struct arena *a);
int provision_record_save(const struct env *env, const struct resource *r, const char *id, const struct facts *f, struct error *err);
/* NULL: no log; otherwise in place of the one before. */
int provision_log_save(const struct env *env, const struct resource *r, const char *id, const char *text, size_t len, struct error *err);
/* Those that none of `ids` is, are forgotten. */
int provision_forget(const struct env *env, const struct resource *r, const char *const *ids, size_t n, struct error *err);
/*
 * Likewise in the list of what a boot has run: as long as one stands there, it has, and nobody has undone that. `without` not NULL: that
 * one, instead of those that are not in `ids`.
 */
int provision_forget_booted(const struct env *env, const struct resource *r, const char *const *ids, size_t n, const char *without,
			    struct error *err);
int provision_forget_one(const struct env *env, const struct resource *r, const char *id, struct error *err);
#define PROVISION_LINE "\n  | "
/* The last lines of what was said, as a terminal may have them, each behind PROVISION_LINE; "" for nothing. */
void provision_last_lines(const char *text, size_t len, struct buf *out);
