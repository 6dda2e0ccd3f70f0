#include "base/semver.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
semver_parse(struct semver *v, const char *s)
{
	struct semver out;
	const char *end;
	char *p;

	if (*s == 'v')
		s++;
	end = s + strcspn(s, "-");
	if (end - s > 2 && !memcmp(end - 2, ".m", 2))
		end -= 2;
	for (int i = 0; i < 3; i++) {
		if (!isdigit((unsigned char)*s))
			return -1;
		errno = 0;
		out.n[i] = strtoul(s, &p, 10);
		if (errno || p > end || (i < 2 ? *p != '.' : p != end))
			return -1;
		s = p + 1;
	}
	*v = out;
	return 0;
}

int
semver_compare(const struct semver *a, const struct semver *b)
{
	for (int i = 0; i < 3; i++)
		if (a->n[i] != b->n[i])
			return a->n[i] < b->n[i] ? -1 : 1;
	return 0;
}
