/*
 * providers/disk/image.h - disk images: what a file is, and qemu-img.
 *
 * The format is decided by our own reading of the header, once, before a guest
 * can have written to the file; from then on it is a recorded fact, and always
 * given to QEMU. A guest owns every byte of a raw disk: to probe one that has run
 * lets it choose what the host opens (CVE-2023-32684).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

struct image_info {
	const char *format;		/* as QEMU calls it: qcow2 vmdk vhdx vdi parallels vpc asif; any other file: raw */
	bool iso;			/* ISO 9660; format is raw */
	int64_t virtual_size_bytes;	/* what a guest sees; -1: the header does not tell it simply */
	int64_t file_size_bytes;
	/* It takes its content from other files as well, those that its header names: */
	bool backing_file;		/* qcow2 backing file, vmdk parent */
	bool data_file;			/* qcow2 external data file, vmdk extents */
};

/*
 * Reads the header. A header that starts like a format's and is damaged (sizes
 * or offsets out of bounds) is ERR_INVALID.
 */
int image_probe(const char *path, struct image_info *info, struct error *err);

/*
 * The size that a guest sees of a file whose format is already known; nothing is
 * guessed. Other formats than raw and qcow2 may be ERR_UNSUPPORTED.
 */
int image_size(const char *path, const char *format, int64_t *size_bytes, struct error *err);

/* ERR_REFUSED if the image would have the host open other files. `path` is for the message. */
int image_check_safe(const char *path, const struct image_info *info, struct error *err);

/*
 * qemu-img. Formats are always explicit. The file appears complete or not at all
 * (PATH.tmp, fsync, rename), but for resizing, which qemu-img does in place, under
 * its own lock: a running VM's disk is an error. An error is ERR_CHILD with the
 * last line that qemu-img said; ENOENT: it is not installed.
 */
int image_create(const char *path, const char *format, int64_t size_bytes, struct error *err);
/* To grow only: a smaller size than now is ERR_REFUSED, the same one does nothing. */
int image_resize(const char *path, const char *format, int64_t size_bytes, struct error *err);
/* `from` must have passed image_check_safe(). Holes stay holes. */
int image_convert(const char *from, const char *from_format, const char *to, const char *to_format,
		  const volatile int *cancel, struct error *err);
