/*
 * providers/ssh/ssh_heap.h - the memory of one libssh2 session: counted, limited, freed at once.
 *
 * libssh2 keeps packets that nobody waits for, as many as the other side cares
 * to send, and forgets a few bytes at each exchange of keys. With a heap of
 * its own the first ends in an error of that session, and the second with it.
 */
#pragma once
#include <stddef.h>

#define SSH_HEAP_MAX (64u << 20)

struct ssh_heap {
	struct ssh_heap_block *first;
	size_t used;		/* bytes */
};

void *ssh_heap_alloc(struct ssh_heap *h, size_t size);	/* NULL: too much */
void *ssh_heap_realloc(struct ssh_heap *h, void *p, size_t size);
void ssh_heap_free(struct ssh_heap *h, void *p);
void ssh_heap_release(struct ssh_heap *h);
