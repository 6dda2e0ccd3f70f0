/* hostagent/sftpd/handles.h - what the guest has open: descriptors, by numbers that it gets and gives back. */
#pragma once
#include <stddef.h>

#include "hostagent/sftpd/wire.h"

enum { HANDLES_MAX = 4096 };	/* at once */

struct handles {
	int *fd;	/* by number; -1: free */
	size_t n;
};

void handles_release(struct handles *h);	/* closes all */
/* Takes `fd`, also in failure (EMFILE), when it is closed. The number. */
int handles_add(struct handles *h, int fd);
/* What the guest has sent as one: its descriptor, which stays ours; -1 with EBADF. */
int handles_find(const struct handles *h, struct wire_text name);
void handles_close(struct handles *h, int fd);
