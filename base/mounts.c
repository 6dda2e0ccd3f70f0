#include "base/mounts.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/path_rest.h"

enum { MAX_MOUNTINFO = 4 << 20 };

/* A type that ends in a dot stands for all that begin so. */
static bool
mount_is_served(const char *type)
{
	static const char *const types[] = {
		"fuse", "fuse.", "fuseblk", "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "ceph", "afs", "lustre", "davfs", "autofs",
		"orangefs", "beegfs", "coda", "ncpfs",
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		size_t n = strlen(types[i]);

		if (types[i][n - 1] == '.' ? !strncmp(type, types[i], n) : !strcmp(type, types[i]))
			return true;
	}
	return false;
}

static bool
mount_is_systems(const char *point)
{
	static const char *const tops[] = { "/proc", "/sys", "/dev", "/run/user", "/var/lib/lxcfs" };

	for (size_t i = 0; i < ARRAY_LEN(tops); i++)
		if (path_rest(point, tops[i]))
			return true;
	return false;
}

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELDS] - TYPE SOURCE OPTIONS" */
static bool
mount_may_hang(char *line, const char *path)
{
	char *dash = strstr(line, " - "), *type = dash ? dash + 3 : NULL, *point = line;

	for (int i = 0; point && i < 4; i++) {
		point = strchr(point, ' ');
		point += point != NULL;
	}
	if (!type || !point || point > dash)
		return false;
	type[strcspn(type, " ")] = '\0';
	point[strcspn(point, " ")] = '\0';
	return mount_is_served(type) && !mount_is_systems(point) && !path_rest(path, point);
}

bool
mounts_may_hang(const char *path, const char *mountinfo)
{
	AUTO(buf) text = BUF_INIT;
	char *save = NULL;

	if (mountinfo)
		buf_adds(&text, mountinfo);
	else if (fs_read_if("/proc/self/mountinfo", &text, MAX_MOUNTINFO, NULL) != 1)
		return true;	/* whoever cannot tell is careful */
	for (char *line = strtok_r(text.s, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (mount_may_hang(line, path))
			return true;
	return false;
}
