/* resources/warm_start.h - the first start of an instance with `warmStart`, on the machine's side (warm.h). */
#pragma once
#include <stdbool.h>

struct env;
struct error;
struct resource;
struct warm_note;

/*
 * Of a machine that was just started to boot, with nobody at its port yet: waits until its guest waits, saves it if `n` says so, and has it go
 * on as what it is to be. A guest that does not wait has booted. What fails with saving is said, and is no error.
 */
int warm_boot(const struct env *env, const struct resource *r, const char *dir, const struct warm_note *n, struct error *err);
/* Before one is started: does what was saved fit what $I/launch.json starts, and is it whole? -1 says why it boots instead. */
int warm_check(const struct env *env, const struct resource *r, const char *dir, struct error *err);
/*
 * Of a machine that was launched to wait: gives it the memory. 1: it holds it, and stands still. 0: it could not take it, and has been ended; it
 * boots instead, and why was said. -1.
 */
int warm_load(const struct env *env, const struct resource *r, const char *dir, struct error *err);
/*
 * Lets it go on, and tells its guest what it is to become; waits for its word that it is so. Done twice is done once. `waits`: that it
 * waits is known; else it may also be about to, or past that.
 */
int warm_renew(const struct env *env, const struct resource *r, const char *dir, bool waits, struct error *err);
/*
 * Of a machine that runs, or waits, with $I/warm beside it, which a limactl that was killed has left: 1: it has not run, and has been ended. 0: it
 * is to be told, by warm_renew(), what it is to become; or there is nothing to do, `*renew` false.
 */
int warm_settle(const char *dir, bool *renew, struct error *err);
/* The same for who is to stop it: one that has not run, or stands still in its boot, does not hear the power button, and has nothing to lose. */
int warm_abandon(const char *dir, struct error *err);
