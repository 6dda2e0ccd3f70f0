#include "providers/disk/iso9660.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"

enum { PVD_OFFSET = 32768, APPLICATION_ID = 574, ID_LEN = 128 };

int
iso_application_id(const char *path, char id[ID_LEN + 1], struct error *err)
{
	auto_close int fd = fs_open(path, NULL, err);
	char pvd[APPLICATION_ID + ID_LEN];
	size_t n = ID_LEN;

	if (fd < 0)
		return -1;
	if (pread(fd, pvd, sizeof pvd, PVD_OFFSET) != (ssize_t)sizeof pvd || memcmp(pvd, "\1CD001", 6) != 0)
		return error_set(err, ERR_INVALID, "%s: not an ISO 9660 image", path);
	while (n && (pvd[APPLICATION_ID + n - 1] == ' ' || !pvd[APPLICATION_ID + n - 1]))
		n--;
	memcpy(id, pvd + APPLICATION_ID, n);
	id[n] = '\0';
	return 0;
}
