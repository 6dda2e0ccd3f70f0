/*
 * state/desired/yq/yq_frame.h - what yq.c and the child that evaluates say to each other; for these two only.
 *
 * The child says DONE or FAILED of the expression. Then each INPUT is answered by RESULTs and one DONE or FAILED.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum yq_frame_kind { YQ_INPUT, YQ_RESULT, YQ_DONE, YQ_FAILED };

struct yq_frame {
	uint32_t kind, len;	/* `len` bytes follow */
};

enum {
	YQ_SECONDS = 3,			/* of the processor, for compiling and for each input */
	YQ_MEMORY_MIB = 32,		/* beyond what the program has itself */
	YQ_ORDINARY_INPUT = 4 << 20,	/* bytes; a larger input may take 16 bytes more for each of its own */
	YQ_EXIT_MEMORY = 3,
};

/* 0, or -1: the other side is gone */
int yq_read(int fd, void *to, size_t len);
int yq_frame_read(int fd, struct yq_frame *out);
int yq_frame_write(int fd, enum yq_frame_kind kind, const void *p, size_t len);

size_t yq_memory_mib(size_t input_len);
/* the child's life, with `fd` to its parent; `expr` is in jq's words */
void yq_serve(int fd, const char *expr) __attribute__((noreturn));
