#include <string.h>

#include "base/error.h"
#include "providers/snapshots.h"

enum { MAX_TAG = 128 };

int
snapshot_tag_check(const char *tag, struct error *err)
{
	size_t ok = strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	if (!*tag)
		return error_set(err, ERR_INVALID, "expected tag");
	if (tag[ok] || ok > MAX_TAG || *tag == '-')
		return error_set(err, ERR_INVALID, "snapshot tag `%.140s` must consist of letters, digits, `.`, `_` and `-`", tag);
	return 0;
}
