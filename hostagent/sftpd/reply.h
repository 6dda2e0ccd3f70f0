/*
 * hostagent/sftpd/reply.h - answers that are more than a status: each is added to `out`.
 *
 * All return 1, or -1 with errno, also for a descriptor that is -1 already.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct handles;

int reply_handle(struct buf *out, uint32_t id, struct handles *h, int fd);	/* takes `fd` */
int reply_attrs(struct buf *out, uint32_t id, int fd);
int reply_data(struct buf *out, uint32_t id, int fd, size_t len, uint64_t at);	/* at the end: ENODATA */
int reply_listing(struct buf *out, uint32_t id, int folder);	/* its next entries; at the end: ENODATA */
int reply_path(struct buf *out, uint32_t id, const char *path);
int reply_space(struct buf *out, uint32_t id, int fd, bool writable);	/* OpenSSH's statvfs */
