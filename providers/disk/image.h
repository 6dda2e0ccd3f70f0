/*
 * providers/disk/image.h - disk images: what a file is, and what is made of it.
 *
 * The format is decided by our own reading of the header, once, before a guest
 * can have written to the file; from then on it is a recorded fact, and always
 * given to the machine. A guest owns every byte of a raw disk: to probe one that has run
 * lets it choose what the host opens (CVE-2023-32684).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;

struct image_info {
	const char *format;		/* qcow2 vmdk vhdx vdi parallels vpc asif; any other file: raw */
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

/* The same of a file whose format is known, by the header of that format alone; ERR_INVALID if it has another one's. */
int image_probe_as(const char *path, const char *format, struct image_info *info, struct error *err);

/*
 * The size that a guest sees of a file whose format is already known; nothing is
 * guessed. Other formats than raw and qcow2 may be ERR_UNSUPPORTED.
 */
int image_size(const char *path, const char *format, int64_t *size_bytes, struct error *err);

/*
 * A disk as a machine and the image tool are told to open it. Nothing is left to what its header says, which is checked
 * besides: right before each start of a machine and each run of that tool, when no guest can write to it.
 */
struct image_disk {
	const char *path, *format;
	const char *base, *base_format;	/* what a qcow2 stands on; NULL: on nothing */
};

/*
 * ERR_REFUSED if the disk, or its base, would have the host open another file than those two. The name in the header
 * may be relative or absolute: it is the file that counts, which must be no link, and stand on nothing itself.
 */
int image_disk_check(const struct image_disk *d, struct error *err);
/* What a qcow2 stands on, as its header has it; to free; NULL: nothing. ERR_INVALID: not qcow2. */
int image_base_name(const char *path, char **name, struct error *err);
/* Is what the header of `path` calls `name` this very file, and no link? */
bool image_is_base(const char *path, const char *name, const char *base);
/* The disk as one list of options, and what is to be added to another list for the base; in `a`. */
char *image_disk_options(const struct image_disk *d, struct arena *a);
char *image_base_options(const struct image_disk *d, struct arena *a);

/* ERR_REFUSED if the image would have the host open other files. `path` is for the message. */
int image_check_safe(const char *path, const struct image_info *info, struct error *err);

/* The name of the image tool. Static. */
const char *image_program(void);

/*
 * The image tool, in a sandbox: it sees the files of its task only, has no network, and bounds of size, memory and time.
 * Formats are always explicit. The file appears complete or not at all
 * (PATH.tmp, fsync, rename), but for resizing, which it does in place, under
 * its own lock: a running VM's disk is an error. An error is ERR_CHILD with the
 * last line that it said; ENOENT: it is not installed.
 */
int image_create(const char *path, const char *format, int64_t size_bytes, struct error *err);
/* An empty qcow2 that stands on the file of that name, which is not opened; relative names are so from the folder of `path`. */
int image_create_on(const char *path, int64_t size_bytes, const char *base, const char *base_format, struct error *err);
/* To grow only: a smaller size than now is ERR_REFUSED, the same one does nothing. Checks the disk first. */
int image_resize(const struct image_disk *d, int64_t size_bytes, struct error *err);
/* Writes another name of its base into the header, nothing else: that of a copy, or of a folder that was moved. */
int image_rebase(const struct image_disk *d, const char *name, struct error *err);

struct image_convert {
	const char *from, *from_format, *to, *to_format;
	int64_t max_bytes;		/* of the result, tables not counted */
	const volatile int *cancel;	/* or NULL */
};
/* Checks that `from` names no other file. Holes stay holes. */
int image_convert(const struct image_convert *c, struct error *err);
