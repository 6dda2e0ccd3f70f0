/*
 * base/buf.h - a string that grows.
 *
 * `b.s` is never NULL and always NUL-terminated, whatever b.len says of the
 * bytes before; it may be read and cut (buf_truncate), not freed. After
 * buf_detach() the caller owns the text and the buf is empty again.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *s;
	size_t len, cap;
};

extern char buf_empty[];
#define BUF_INIT { .s = buf_empty }

void buf_release(struct buf *b);
void buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *p, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void buf_truncate(struct buf *b, size_t len);
char *buf_detach(struct buf *b);
