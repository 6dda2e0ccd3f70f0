#include "providers/disk/iso9660.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Only the writer's type is needed of libburn, and this header brings it along. */
#define LIBISOFS_WITHOUT_LIBBURN yes
#include <libisofs/libisofs.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

enum { BLOCK = 2048, BLOCKS = 32, MAX_NAME = 30 };
#define EPOCH ((time_t)315532800)		/* 1980-01-01: the first moment that every ISO reader can show */
#define EPOCH_TEXT "1980010100000000"

struct writer {
	IsoImage *image;
	IsoWriteOpts *opts;
	struct burn_source *source;
	int weight;			/* of the last file: the heavier the nearer to the beginning */
	struct error *err;
};

static int
iso9660_fail(struct writer *w, const char *what, int code)
{
	return error_set(w->err, ERR_CHILD, "libisofs: %s: %s", what, iso_error_to_msg(code));
}

static void
set_node(IsoNode *node, unsigned mode)
{
	iso_node_set_permissions(node, mode);
	iso_node_set_mtime(node, EPOCH);
	iso_node_set_atime(node, EPOCH);
	iso_node_set_ctime(node, EPOCH);
	iso_node_set_uid(node, 0);
	iso_node_set_gid(node, 0);
}

/* Finds or makes the folder `name` in `parent`; `path` is for messages. */
static int
iso9660_folder(struct writer *w, IsoDir *parent, const char *path, const char *name, IsoDir **out)
{
	IsoNode *node;
	int r = iso_image_dir_get_node(w->image, parent, name, &node, 0);

	if (r == 1 && iso_node_get_type(node) != LIBISO_DIR)
		return error_set(w->err, EINVAL, "%s: %s is a file on the ISO", path, name);
	if (r == 1) {
		*out = (IsoDir *)node;
		return 0;
	}
	r = iso_image_add_new_dir(w->image, parent, name, out);
	if (r < 0)
		return iso9660_fail(w, name, r);
	set_node((IsoNode *)*out, 0755);
	return 0;
}

static int
add_bytes(struct writer *w, IsoDir *dir, const char *name, const struct iso_file *f, IsoNode **out)
{
	/* libisofs frees what it is given */
	unsigned char *copy = xcalloc(f->len, 1);
	IsoStream *stream;
	IsoFile *file;
	int r;

	if (f->len)
		memcpy(copy, f->data, f->len);
	r = iso_memory_stream_new(copy, f->len, &stream);
	if (r < 0) {
		free(copy);
		return iso9660_fail(w, name, r);
	}
	r = iso_image_add_new_file(w->image, dir, name, stream, &file);
	if (r < 0) {
		iso_stream_unref(stream);
		return iso9660_fail(w, name, r);
	}
	*out = (IsoNode *)file;
	return 0;
}

/* Every part of the path must be a name that Rock Ridge, upstream's limit and a guest can take. */
static int
check_path(struct writer *w, const char *path)
{
	for (const char *name = path;; name++) {
		size_t len = strcspn(name, "/");

		if (len < 1 || len > MAX_NAME)
			return error_set(w->err, EINVAL, "%s: a name on the ISO has 1 to %d characters", path, MAX_NAME);
		if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
			return error_set(w->err, EINVAL, "%s: no path on the ISO", path);
		name += len;
		if (!*name)
			return 0;
	}
}

static int
iso9660_add_host_file(struct writer *w, IsoDir *dir, const char *name, const char *path, IsoNode **out)
{
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return error_errno(w->err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(w->err, EINVAL, "%s: not an ordinary file", path);
	r = iso_tree_add_new_node(w->image, dir, name, path, out);
	return r < 0 ? iso9660_fail(w, path, r) : 0;
}

static int
add_file(struct writer *w, const struct iso_file *f)
{
	auto_free char *path = xstrdup(f->path);
	IsoDir *dir = iso_image_get_root(w->image);
	char *name = path, *slash;
	IsoNode *node;

	if (check_path(w, path) < 0)
		return -1;
	for (; (slash = strchr(name, '/')); name = slash + 1) {
		*slash = '\0';
		if (iso9660_folder(w, dir, f->path, name, &dir) < 0)
			return -1;
	}
	if ((f->host_path ? iso9660_add_host_file(w, dir, name, f->host_path, &node) : add_bytes(w, dir, name, f, &node)) < 0)
		return -1;
	set_node(node, f->mode);
	iso_node_set_sort_weight(node, --w->weight);
	return 0;
}

static int
iso9660_prepare(struct writer *w, const char *label, const char *application_id)
{
	int r = iso_image_new(label, &w->image);

	if (r < 0)
		return iso9660_fail(w, "new image", r);
	iso_image_set_volume_id(w->image, label);
	iso_image_set_application_id(w->image, application_id);
	iso_image_set_data_preparer_id(w->image, "LIMACTL");
	set_node((IsoNode *)iso_image_get_root(w->image), 0755);
	if ((r = iso_write_opts_new(&w->opts, 0)) < 0)
		return iso9660_fail(w, "options", r);
	iso_write_opts_set_iso_level(w->opts, 2);
	iso_write_opts_set_rockridge(w->opts, 1);
	iso_write_opts_set_relaxed_vol_atts(w->opts, 1);
	iso_write_opts_set_replace_timestamps(w->opts, 2);
	iso_write_opts_set_default_timestamp(w->opts, EPOCH);
	iso_write_opts_set_always_gmt(w->opts, 1);
	/* 1.12 adds serial numbers of files, which libisofs gives out by their addresses in memory */
	iso_write_opts_set_rrip_version_1_10(w->opts, 1);
	iso_write_opts_set_sort_files(w->opts, 1);	/* else contents come in the order of inode numbers */
	return 0;
}

static int
copy_out(struct writer *w, const char *tmp)
{
	auto_free unsigned char *block = xcalloc(BLOCKS, BLOCK);
	auto_close int fd = -1;
	size_t len = 0;
	int n;

	if (unlink(tmp) < 0 && errno != ENOENT)
		return error_errno(w->err, "remove %s", tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_errno(w->err, "create %s", tmp);
	/* One block is read at a time, because more would be an error at the end. */
	while ((n = w->source->read_xt(w->source, block + len, BLOCK)) > 0) {
		len += (size_t)n;
		if (len < (size_t)BLOCK * BLOCKS)
			continue;
		if (fs_write_all(fd, block, len) < 0)
			return error_errno(w->err, "write %s", tmp);
		len = 0;
	}
	if (n < 0)
		return iso9660_fail(w, tmp, n);
	return fs_write_all(fd, block, len) < 0 ? error_errno(w->err, "write %s", tmp) : 0;
}

static int
write_image(struct writer *w, const char *tmp)
{
	char when[] = EPOCH_TEXT;
	int r;

	iso_write_opts_set_pvd_times(w->opts, 0, 0, 0, 0, when);
	if ((r = iso_image_create_burn_source(w->image, w->opts, &w->source)) < 0)
		return iso9660_fail(w, tmp, r);
	r = copy_out(w, tmp);
	if (r < 0)
		w->source->cancel(w->source);
	return r;
}

static void
writer_release(struct writer *w)
{
	if (w->source) {
		w->source->free_data(w->source);
		free(w->source);
	}
	if (w->opts)
		iso_write_opts_free(w->opts);
	if (w->image)
		iso_image_unref(w->image);
}

int
iso_write(const char *tmp, const char *label, const char *application_id,
	  const struct iso_file *files, size_t n, struct error *err)
{
	/* libisofs counts its objects without locks */
	static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
	struct writer w = { .err = err };
	int r;

	pthread_mutex_lock(&one_at_a_time);
	r = iso_init();
	if (r < 0) {
		r = iso9660_fail(&w, "start", r);
	} else {
		iso_set_msgs_severities("NEVER", "NEVER", "");
		r = iso9660_prepare(&w, label, application_id);
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_file(&w, &files[i]);
	if (r == 0)
		r = write_image(&w, tmp);
	writer_release(&w);
	if (r < 0)
		unlink(tmp);
	pthread_mutex_unlock(&one_at_a_time);
	return r;
}
