#include "providers/disk/image.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/disk/image_bytes.h"
#include "providers/disk/image_vhdx.h"

enum {
	HEAD = 64 << 10,		/* holds every header but a qcow2's with large clusters */
	SECTOR = 512,
	VMDK_TEXT = 0x200,		/* where is looked for the text of a sparse vmdk, and how far */
	VMDK_TEXT_MAX = 20 * SECTOR,
	ISO_BLOCK = 2048,
	ISO_FIRST = 16,			/* block of the first volume descriptor */
	ISO_DESCRIPTORS = 64,
	QCOW2_V2_HEADER = 72,
	QCOW2_V3_HEADER = 104,
};

struct head {
	int fd;
	const char *path;
	int64_t file_size;
	const unsigned char *p;		/* HEAD bytes, zeros after the end of the file */
	size_t len;			/* those that are there */
};

/* Reads as much as there is of `len` bytes. */
static ssize_t
read_at(int fd, void *to, size_t len, off_t at)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(fd, (char *)to + got, len - got, at + (off_t)got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static int
disk_image_damaged(const struct head *h, struct error *err, const char *format, const char *what)
{
	return error_set(err, ERR_INVALID, "%s: damaged %s header: %s", h->path, format, what);
}

static int
disk_image_sectors(const struct head *h, uint64_t n, const char *format, struct image_info *info, struct error *err)
{
	if (n > INT64_MAX / SECTOR)
		return disk_image_damaged(h, err, format, "size out of range");
	info->virtual_size_bytes = (int64_t)n * SECTOR;
	return 0;
}

static int
disk_image_bytes(const struct head *h, uint64_t n, const char *format, struct image_info *info, struct error *err)
{
	if (n > INT64_MAX)
		return disk_image_damaged(h, err, format, "size out of range");
	info->virtual_size_bytes = (int64_t)n;
	return 0;
}

/* Reads header extensions from `at` to `end`, which is within the first cluster. */
static int
qcow2_extensions(const struct head *h, uint64_t at, uint64_t end, struct image_info *info, struct error *err)
{
	enum { END = 0, DATA_FILE = 0x44415441 };
	auto_free unsigned char *p = NULL;
	ssize_t got;

	if ((uint64_t)h->file_size < end)
		end = (uint64_t)h->file_size;
	p = xcalloc(1, end + 8);
	got = read_at(h->fd, p, end, 0);
	if (got < 0)
		return error_errno(err, "read %s", h->path);
	while (at + 8 <= (uint64_t)got) {
		uint64_t type = disk_image_be(p + at, 4), len = disk_image_be(p + at + 4, 4);

		if (type == END)
			return 0;
		at += 8;
		if (len > (uint64_t)got - at)
			return disk_image_damaged(h, err, "qcow2", "extension beyond the first cluster");
		info->data_file |= type == DATA_FILE;
		at += (len + 7) & ~UINT64_C(7);
	}
	return 0;
}

/* docs/interop/qcow2.txt; numbers are big-endian */
static int
probe_qcow2(const struct head *h, struct image_info *info, struct error *err)
{
	const unsigned char *p = h->p;
	uint64_t version = disk_image_be(p + 4, 4), backing = disk_image_be(p + 8, 8), size = disk_image_be(p + 24, 8);
	uint64_t cluster_bits = disk_image_be(p + 20, 4), header = version == 2 ? QCOW2_V2_HEADER : disk_image_be(p + 100, 4);
	uint64_t cluster;

	if (version > 3)
		return error_set(err, ERR_INVALID, "%s: qcow2 of unknown version %llu", h->path,
				 (unsigned long long)version);
	if (h->len < (version == 2 ? QCOW2_V2_HEADER : QCOW2_V3_HEADER))
		return disk_image_damaged(h, err, "qcow2", "cut short");
	if (cluster_bits < 9 || cluster_bits > 21)
		return disk_image_damaged(h, err, "qcow2", "cluster size out of range");
	cluster = UINT64_C(1) << cluster_bits;
	if ((version == 3 && header < QCOW2_V3_HEADER) || header > cluster)
		return disk_image_damaged(h, err, "qcow2", "header length out of range");
	if (backing > cluster)
		return disk_image_damaged(h, err, "qcow2", "name of the backing file out of range");
	if (size > INT64_MAX)
		return disk_image_damaged(h, err, "qcow2", "size out of range");
	info->virtual_size_bytes = (int64_t)size;
	info->backing_file = backing != 0;
	info->data_file = version == 3 && (disk_image_be(p + 72, 8) & 4);	/* an incompatible feature */
	return qcow2_extensions(h, header, backing ? backing : cluster, info, err);
}

/* A line anywhere in the text names the parent. */
static bool
vmdk_has_parent(const struct head *h, size_t at)
{
	static const char key[] = "parentFileNameHint";

	return memmem(h->p + at, VMDK_TEXT_MAX, key, sizeof key - 1) != NULL;
}

/* These are monolithicSparse and streamOptimized images. */
static int
probe_vmdk4(const struct head *h, struct image_info *info, struct error *err)
{
	uint64_t capacity = disk_image_le(h->p + 12, 8), grain_directory = disk_image_le(h->p + 56, 8);

	info->backing_file = vmdk_has_parent(h, VMDK_TEXT);
	info->data_file = capacity == 0;	/* then one follows the extents that the text names */
	if (grain_directory == UINT64_MAX) {	/* the valid header is at the end, before a last marker */
		unsigned char last[SECTOR];

		if (read_at(h->fd, last, sizeof last, h->file_size - 2 * SECTOR) != sizeof last || memcmp(last, "KDMV", 4) != 0)
			return disk_image_damaged(h, err, "vmdk", "no footer");
		capacity = disk_image_le(last + 12, 8);
	}
	return disk_image_sectors(h, capacity, "vmdk", info, err);
}

static int
probe_vmdk3(const struct head *h, struct image_info *info, struct error *err)
{
	info->backing_file = vmdk_has_parent(h, VMDK_TEXT);
	return disk_image_sectors(h, disk_image_le(h->p + 12, 4), "vmdk", info, err);
}

static int
probe_vmdk_text(const struct head *h, struct image_info *info, struct error *err)
{
	(void)err;
	info->backing_file = vmdk_has_parent(h, 0);
	info->data_file = true;		/* nothing but names of other files */
	return 0;
}

static int
probe_vdi(const struct head *h, struct image_info *info, struct error *err)
{
	return disk_image_bytes(h, disk_image_le(h->p + 0x170, 8), "vdi", info, err);
}

static int
probe_asif(const struct head *h, struct image_info *info, struct error *err)
{
	return disk_image_sectors(h, disk_image_be(h->p + 48, 8), "asif", info, err) < 0 ? -1 :
	       disk_image_be(h->p + 68, 2) != SECTOR ? disk_image_damaged(h, err, "asif", "block size") : 0;
}

static int
probe_vhdx(const struct head *h, struct image_info *info, struct error *err)
{
	return vhdx_size(h->fd, h->path, &info->virtual_size_bytes, err);
}

/* Of a dynamic one: the header is a copy of the footer. */
static int
probe_vpc(const struct head *h, struct image_info *info, struct error *err)
{
	return disk_image_bytes(h, disk_image_be(h->p + 48, 8), "vpc", info, err);
}

/* An older one counts its sectors by 32 bits, and has anything behind them. */
static int
probe_parallels(const struct head *h, struct image_info *info, struct error *err)
{
	bool old = h->p[11] == 'F' && h->p[12] == 'r';

	return disk_image_sectors(h, disk_image_le(h->p + 36, old ? 4 : 8), "parallels", info, err);
}

static const struct format {
	const char *name;
	size_t at, len;
	const char *magic;
	int (*probe)(const struct head *h, struct image_info *info, struct error *err);
} formats[] = {
	{ "qcow2", 0, 4, "QFI\xfb", probe_qcow2 },
	{ "vmdk", 0, 21, "# Disk DescriptorFile", probe_vmdk_text },
	{ "vmdk", 0, 4, "KDMV", probe_vmdk4 },
	{ "vmdk", 0, 4, "COWD", probe_vmdk3 },
	{ "vhdx", 0, 8, "vhdxfile", probe_vhdx },
	{ "vdi", 0x40, 4, "\x7f\x10\xda\xbe", probe_vdi },
	{ "parallels", 0, 16, "WithoutFreeSpace", probe_parallels },
	{ "parallels", 0, 16, "WithouFreSpacExt", probe_parallels },
	{ "vpc", 0, 8, "conectix", probe_vpc },
	{ "asif", 0, 4, "shdw", probe_asif },
};

static const struct format *
find_format(const struct head *h)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (h->len >= formats[i].at + formats[i].len &&
		    !memcmp(h->p + formats[i].at, formats[i].magic, formats[i].len)) {
			/* Version 1 is a format of its own, which no program makes any more. */
			if (formats[i].probe == probe_qcow2 && disk_image_be(h->p + 4, 4) < 2)
				return NULL;
			return &formats[i];
		}
	return NULL;
}

/* Is [block, block + bytes) within the file, and not empty? */
static bool
iso_extent(const struct head *h, uint64_t block, uint64_t bytes)
{
	uint64_t size = (uint64_t)h->file_size;

	return block && bytes && block < size / ISO_BLOCK && bytes <= size - block * ISO_BLOCK;
}

/* ECMA-119: a primary descriptor with path table and root folder, and an end of the list */
static bool
is_iso(const struct head *h)
{
	unsigned char d[ISO_BLOCK];
	bool primary = false;

	for (int i = 0; i < ISO_DESCRIPTORS; i++) {
		if (read_at(h->fd, d, sizeof d, (off_t)(ISO_FIRST + i) * ISO_BLOCK) != sizeof d ||
		    memcmp(d + 1, "CD001", 5) || (d[0] > 3 && d[0] != 255))
			return false;
		if (d[0] == 255)
			return primary;
		if (d[0] == 1 && (!iso_extent(h, disk_image_le(d + 140, 4), disk_image_le(d + 132, 4)) ||
				  !iso_extent(h, disk_image_le(d + 158, 4), disk_image_le(d + 166, 4))))
			return false;
		primary |= d[0] == 1;
	}
	return false;
}

static int
read_head(struct head *h, unsigned char *to, struct error *err)
{
	struct stat st;
	ssize_t n;

	if (fstat(h->fd, &st) < 0)
		return error_errno(err, "stat %s", h->path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_INVALID, "%s: not an ordinary file", h->path);
	h->file_size = st.st_size;
	h->p = to;
	n = read_at(h->fd, to, HEAD, 0);
	if (n < 0)
		return error_errno(err, "read %s", h->path);
	h->len = (size_t)n;
	return 0;
}

/* The format is found out where it is NULL. */
static int
disk_image_look(const char *path, const char *format, struct image_info *ret, struct error *err)
{
	struct image_info info = { .format = "raw" };
	auto_close int fd = fs_open(path, NULL, err);
	auto_free unsigned char *block = xcalloc(1, HEAD);
	struct head h = { .fd = fd, .path = path };
	const struct format *f = NULL;

	if (fd < 0)
		return -1;
	if (read_head(&h, block, err) < 0)
		return -1;
	info.file_size_bytes = h.file_size;
	if (!format || strcmp(format, "raw"))
		f = find_format(&h);
	if (format && strcmp(format, f ? f->name : "raw"))
		return error_set(err, ERR_INVALID, "%s: not %s", path, format);
	info.virtual_size_bytes = f ? -1 : h.file_size;
	if (f)
		info.format = f->name;
	if (f && f->probe && f->probe(&h, &info, err) < 0)
		return -1;
	info.iso = !f && !format && is_iso(&h);
	*ret = info;
	return 0;
}

int
image_probe(const char *path, struct image_info *info, struct error *err)
{
	return disk_image_look(path, NULL, info, err);
}

int
image_probe_as(const char *path, const char *format, struct image_info *info, struct error *err)
{
	return disk_image_look(path, format, info, err);
}

int
image_size(const char *path, const char *format, int64_t *size_bytes, struct error *err)
{
	struct image_info info;

	if (disk_image_look(path, format, &info, err) < 0)
		return -1;
	if (info.virtual_size_bytes < 0)
		return error_set(err, ERR_UNSUPPORTED, "%s: size of a %s image is not known", path, format);
	*size_bytes = info.virtual_size_bytes;
	return 0;
}

int
image_check_safe(const char *path, const struct image_info *info, struct error *err)
{
	if (info->backing_file)
		return error_set(err, ERR_REFUSED, "%s: %s image with a backing file: it could be any file of this host",
				 path, info->format);
	if (info->data_file)
		return error_set(err, ERR_REFUSED,
				 "%s: %s image with external data files: they could be any file of this host", path,
				 info->format);
	return 0;
}
