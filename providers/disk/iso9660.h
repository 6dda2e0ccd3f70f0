/*
 * providers/disk/iso9660.h - writing small ISO 9660 images, and knowing them again.
 *
 * Level 2 with Rock Ridge (1.10) and without Joliet; labels keep their case. Identical
 * input gives identical bytes: all times are 1980-01-01, owner and group are 0, contents
 * come in the order given, and nothing of a host file but its bytes is seen. By libisofs.
 */
#pragma once
#include <stddef.h>

struct error;

struct iso_file {
	const char *path;	/* in the image: "dir/name", parts of 1 to 30 characters (EINVAL); folders are made as needed */
	const void *data;	/* its contents, or */
	size_t len;
	const char *host_path;	/* the regular file that has them */
	unsigned mode;		/* permissions */
};

/*
 * Writes a new image to `tmp` (0600; what was there is replaced), not fsynced; on
 * failure there is none. `application_id`: up to 128 characters, told back by
 * iso_application_id(). Several threads wait for each other. Lazy half.
 */
int iso_write(const char *tmp, const char *label, const char *application_id,
	      const struct iso_file *files, size_t n, struct error *err);

/* From the primary volume descriptor (ECMA-119, 8.4.20), blanks at the end cut; ERR_INVALID: no ISO 9660. Light half. */
int iso_application_id(const char *path, char id[129], struct error *err);
