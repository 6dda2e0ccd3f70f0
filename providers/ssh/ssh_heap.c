#include "providers/ssh/ssh_heap.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct ssh_heap_block {
	struct ssh_heap_block *next, *prev;
	size_t size;
	_Alignas(max_align_t) char data[];
};

static struct ssh_heap_block *
block_of(void *p)
{
	return (void *)((char *)p - offsetof(struct ssh_heap_block, data));
}

void *
ssh_heap_alloc(struct ssh_heap *h, size_t size)
{
	struct ssh_heap_block *b;

	if (size > SSH_HEAP_MAX - h->used)
		return NULL;
	b = xrealloc(NULL, 1, sizeof *b + size);
	b->size = size;
	b->prev = NULL;
	b->next = h->first;
	if (h->first)
		h->first->prev = b;
	h->first = b;
	h->used += size;
	return b->data;
}

void
ssh_heap_free(struct ssh_heap *h, void *p)
{
	struct ssh_heap_block *b;

	if (!p)
		return;
	b = block_of(p);
	if (b->prev)
		b->prev->next = b->next;
	else
		h->first = b->next;
	if (b->next)
		b->next->prev = b->prev;
	h->used -= b->size;
	free(b);
}

void *
ssh_heap_realloc(struct ssh_heap *h, void *p, size_t size)
{
	size_t old = p ? block_of(p)->size : 0;
	void *q = ssh_heap_alloc(h, size);

	if (!q)
		return NULL;
	if (p)
		memcpy(q, p, old < size ? old : size);
	ssh_heap_free(h, p);
	return q;
}

void
ssh_heap_release(struct ssh_heap *h)
{
	while (h->first)
		ssh_heap_free(h, h->first->data);
}
