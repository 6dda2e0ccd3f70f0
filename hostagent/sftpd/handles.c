#include "hostagent/sftpd/handles.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

void
handles_release(struct handles *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->fd[i] >= 0)
			close(h->fd[i]);
	free(h->fd);
	*h = (struct handles){ 0 };
}

/* The first number that is `fd`'s, or n. */
static size_t
handles_number(const struct handles *h, int fd)
{
	size_t i = 0;

	while (i < h->n && h->fd[i] != fd)
		i++;
	return i;
}

int
handles_add(struct handles *h, int fd)
{
	size_t i = handles_number(h, -1);

	if (i == HANDLES_MAX) {
		close(fd);
		errno = EMFILE;
		return -1;
	}
	if (i == h->n) {
		h->n = h->n ? h->n * 2 : 16;
		h->fd = xrealloc(h->fd, h->n, sizeof *h->fd);
		for (size_t k = i; k < h->n; k++)
			h->fd[k] = -1;
	}
	h->fd[i] = fd;
	return (int)i;
}

int
handles_find(const struct handles *h, struct wire_text name)
{
	const uint8_t *p = (const uint8_t *)name.p;
	struct wire w = { p, p + name.len, false };
	uint32_t i = wire_u32(&w);

	if (name.len == 4 && i < h->n && h->fd[i] >= 0)
		return h->fd[i];
	errno = EBADF;
	return -1;
}

void
handles_close(struct handles *h, int fd)
{
	h->fd[handles_number(h, fd)] = -1;
	close(fd);
}
