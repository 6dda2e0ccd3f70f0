/* base/semver.h - versions X.Y.Z. */
#pragma once

struct semver {
	unsigned long n[3];
};

/* A leading "v", what comes from the first "-" on and a ".m" behind are left out. -1: not three numbers. */
int semver_parse(struct semver *v, const char *s);
int semver_compare(const struct semver *a, const struct semver *b);	/* <0, 0, >0 */
