/*
 * providers/ssh/sftp.h - files of a guest, and commands in it, one after the other over one SSH connection.
 *
 * For those who wait: limactl copy where no copying program is there, and limactl-mcp. (What must not wait uses
 * ssh_link.h.) libssh2 speaks the protocol. The guest is hostile: names that it lists are checked to be names,
 * and what is read has a limit given by the caller.
 *
 * Errors carry ENOENT ("file does not exist"), EACCES ("permission denied"), EEXIST and their like in err->code.
 * Not for several threads at once.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct error;
struct sftp;
struct sftp_file;
struct ssh_target;

struct sftp *sftp_open(const struct ssh_target *to, const volatile int *cancel, struct error *err);
void sftp_close(struct sftp *s);	/* NULL is fine */

struct sftp_attr {
	mode_t mode;		/* type and permissions, as stat(2) has them */
	uint64_t size;
	int64_t mtime;		/* seconds */
};
int sftp_stat(struct sftp *s, const char *path, bool follow_link, struct sftp_attr *out, struct error *err);
/* Names without . and .., in the order of the guest; `each` returns 0 to go on. */
int sftp_list(struct sftp *s, const char *path, int (*each)(void *ctx, const char *name, const struct sftp_attr *a), void *ctx,
	      struct error *err);

/* For reading, or for writing: made with `mode`, or emptied. NULL with err. */
struct sftp_file *sftp_read_begin(struct sftp *s, const char *path, struct error *err);
struct sftp_file *sftp_write_begin(struct sftp *s, const char *path, mode_t mode, struct error *err);
ssize_t sftp_read(struct sftp_file *f, void *p, size_t max, struct error *err);	/* 0: the end */
int sftp_write(struct sftp_file *f, const void *p, size_t len, struct error *err);
int sftp_end(struct sftp_file *f, struct error *err);	/* closes it, in any case */

int sftp_mkdir(struct sftp *s, const char *path, mode_t mode, struct error *err);	/* existing: EEXIST, or EIO of old servers */
int sftp_chmod(struct sftp *s, const char *path, mode_t mode, struct error *err);

/* A command for the user's login shell: its output (at most `max` bytes of each, else ENOBUFS) and exit status. */
int sftp_command(struct sftp *s, const char *command, size_t max, struct buf *out, struct buf *errors, int *status, struct error *err);
