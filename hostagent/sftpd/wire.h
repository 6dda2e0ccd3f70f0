/*
 * hostagent/sftpd/wire.h - the parts of an SFTP packet: numbers in network order, texts with their length before them.
 *
 * Reading past the end gives zeros and sets `bad`, so that a packet is read whole and asked once.
 * Facts: draft-ietf-secsh-filexfer-02 (version 3 of the protocol).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct stat;

enum sftpd_packet {
	FXP_INIT = 1, FXP_VERSION, FXP_OPEN, FXP_CLOSE, FXP_READ, FXP_WRITE, FXP_LSTAT, FXP_FSTAT, FXP_SETSTAT, FXP_FSETSTAT,
	FXP_OPENDIR, FXP_READDIR, FXP_REMOVE, FXP_MKDIR, FXP_RMDIR, FXP_REALPATH, FXP_STAT, FXP_RENAME, FXP_READLINK, FXP_SYMLINK,
	FXP_STATUS = 101, FXP_HANDLE, FXP_DATA, FXP_NAME, FXP_ATTRS,
	FXP_EXTENDED = 200, FXP_EXTENDED_REPLY,
};

enum sftpd_status {
	FX_OK, FX_EOF, FX_NO_SUCH_FILE, FX_PERMISSION_DENIED, FX_FAILURE, FX_BAD_MESSAGE, FX_NO_CONNECTION, FX_CONNECTION_LOST,
	FX_OP_UNSUPPORTED,
};

/* flags of OPEN */
enum { FXF_READ = 1, FXF_WRITE = 2, FXF_APPEND = 4, FXF_CREAT = 8, FXF_TRUNC = 16, FXF_EXCL = 32 };

struct wire {
	const uint8_t *p, *end;
	bool bad;
};

struct wire_text {
	const char *p;		/* within the packet; not terminated, and may hold NULs */
	size_t len;
};

uint32_t wire_u32(struct wire *w);
uint64_t wire_u64(struct wire *w);
struct wire_text wire_text(struct wire *w);

enum { ATTR_SIZE = 1, ATTR_OWNER = 2, ATTR_MODE = 4, ATTR_TIMES = 8 };
struct wire_attrs {
	uint32_t flags;		/* which of these are given */
	uint64_t size;
	uint32_t uid, gid, mode, atime, mtime;
};
struct wire_attrs wire_attrs(struct wire *w);

void wire_put_u8(struct buf *b, uint8_t v);
void wire_put_u32(struct buf *b, uint32_t v);
void wire_put_u64(struct buf *b, uint64_t v);
void wire_set_u32(struct buf *b, size_t at, uint32_t v);	/* one that is there */
void wire_put_text(struct buf *b, const char *p, size_t len);
void wire_put_attrs(struct buf *b, const struct stat *st);
/* A packet begun, its length yet to come: returns what wire_end() takes. */
size_t wire_begin(struct buf *b, enum sftpd_packet type, uint32_t id);
void wire_end(struct buf *b, size_t begin);
