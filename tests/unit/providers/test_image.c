#include "providers/disk/image.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/proc.h"
#include "tests/unit/test.h"

enum { KIB = 1024, MIB = 1024 * KIB };

static void
qemu_img(const char *const args[])
{
	const char *argv[24] = { "qemu-img" };
	struct error err;

	for (size_t i = 0; args[i]; i++)
		argv[i + 1] = args[i];
	ok(proc_run(argv, NULL, &err));
}
#define QEMU_IMG(...) qemu_img((const char *const[]){ __VA_ARGS__, NULL })

static struct image_info
probe(const char *path)
{
	struct image_info info;
	struct error err;

	ok(image_probe(path, &info, &err));
	return info;
}

static void
patch(const char *path, off_t at, const void *p, size_t len)
{
	auto_close int fd = open(path, O_WRONLY);

	assert_int_equal(pwrite(fd, p, len, at), (ssize_t)len);
}

static char *
fresh_qcow2(const char *name)
{
	char *path = test_path(name);

	QEMU_IMG("create", "-q", "-f", "qcow2", path, "64M");
	return path;
}

TEST(formats_of_qemu_img)
{
	static const struct { const char *format, *opts; int64_t size; } cases[] = {
		{ "qcow2", "compat=1.1", 10 * MIB }, { "qcow2", "compat=0.10", 10 * MIB },
		{ "qcow2", "cluster_size=512", 10 * MIB }, { "qcow2", "cluster_size=2M", 10 * MIB },
		{ "vmdk", "subformat=monolithicSparse", 10 * MIB }, { "vdi", "static=off", 10 * MIB },
		{ "vhdx", "subformat=dynamic", 10 * MIB }, { "vhdx", "subformat=fixed", 10 * MIB }, { "vpc", "subformat=dynamic,force_size=on", 10 * MIB },
		{ "parallels", "cluster_size=1M", 10 * MIB }, { "raw", "preallocation=off", 10 * MIB },
	};
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *path = test_path("probed");
		struct image_info info;

		QEMU_IMG("create", "-q", "-f", cases[i].format, "-o", cases[i].opts, path, "10M");
		info = probe(path);
		assert_string_equal(info.format, cases[i].format);
		assert_int_equal(info.virtual_size_bytes, cases[i].size);
		assert_false(info.iso);
		ok(image_check_safe(path, &info, &err));
		assert_int_equal(unlink(path), 0);
	}
}

/* Each byte of the tables once another: refused, or a size that is none of ours, and never a read beyond the file. */
TEST(a_vhdx_with_damaged_tables)
{
	static const off_t at[] = { 192 << 10, (192 << 10) + 8, (192 << 10) + 16, (192 << 10) + 32, (192 << 10) + 48, (192 << 10) + 64 };
	struct error err;
	unsigned refused = 0;

	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		auto_free char *path = test_path("damaged.vhdx");
		auto_close int fd = -1;
		struct image_info info;

		QEMU_IMG("create", "-q", "-f", "vhdx", path, "10M");
		fd = open(path, O_RDWR | O_CLOEXEC);
		assert_int_equal(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, at[i]), 8);
		if (image_probe(path, &info, &err) < 0)
			refused++;
		else
			assert_int_equal(info.virtual_size_bytes, 10 * MIB);
		assert_int_equal(unlink(path), 0);
	}
	assert_true(refused >= 3);
	auto_free char *cut = test_path("cut.vhdx");
	QEMU_IMG("create", "-q", "-f", "vhdx", cut, "10M");
	assert_int_equal(truncate(cut, (192 << 10) + 8), 0);
	not_ok(image_probe(cut, &(struct image_info){ 0 }, &err), "damaged vhdx header");
}

TEST(stream_optimized_vmdk_is_safe_and_of_unknown_size)
{
	auto_free char *path = test_path("stream");
	struct image_info info;
	struct error err;

	QEMU_IMG("create", "-q", "-f", "vmdk", "-o", "subformat=streamOptimized", path, "10M");
	info = probe(path);
	assert_string_equal(info.format, "vmdk");
	assert_int_equal(info.virtual_size_bytes, 10 * MIB);
	ok(image_check_safe(path, &info, &err));
}

TEST(backing_files_are_refused)
{
	auto_free char *base = fresh_qcow2("base.qcow2"), *over = test_path("over.qcow2"), *old = test_path("old.qcow2");
	auto_free char *vbase = test_path("base.vmdk"), *vover = test_path("over.vmdk");
	struct image_info info;
	struct error err;

	QEMU_IMG("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", over);
	info = probe(over);
	assert_true(info.backing_file);
	not_ok(image_check_safe(over, &info, &err), "backing file");
	assert_int_equal(err.code, ERR_REFUSED);
	QEMU_IMG("create", "-q", "-f", "qcow2", "-o", "compat=0.10", "-b", base, "-F", "qcow2", old);
	info = probe(old);
	not_ok(image_check_safe(old, &info, &err), "backing file");
	QEMU_IMG("create", "-q", "-f", "vmdk", vbase, "10M");
	QEMU_IMG("create", "-q", "-f", "vmdk", "-b", vbase, "-F", "vmdk", vover);
	info = probe(vover);
	not_ok(image_check_safe(vover, &info, &err), "backing file");
}

TEST(external_data_files_are_refused)
{
	auto_free char *data = test_path("data.raw"), *path = test_path("ext.qcow2"), *flat = test_path("flat.vmdk");
	auto_free char *opts = xasprintf("data_file=%s", data), *zero = test_path("zero.vmdk");
	struct image_info info;
	struct error err;

	QEMU_IMG("create", "-q", "-f", "qcow2", "-o", opts, path, "10M");
	info = probe(path);
	assert_true(info.data_file);
	not_ok(image_check_safe(path, &info, &err), "external data file");
	/* the name alone, without the feature's bit, and the bit without a name */
	patch(path, 72, "\0\0\0\0\0\0\0\0", 8);
	info = probe(path);
	not_ok(image_check_safe(path, &info, &err), "external data file");
	unlink(path);
	free(path);
	path = fresh_qcow2("ext.qcow2");
	patch(path, 72, "\0\0\0\0\0\0\0\4", 8);
	info = probe(path);
	not_ok(image_check_safe(path, &info, &err), "external data file");

	QEMU_IMG("create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat", flat, "10M");
	info = probe(flat);
	assert_string_equal(info.format, "vmdk");
	not_ok(image_check_safe(flat, &info, &err), "external data file");
	QEMU_IMG("create", "-q", "-f", "vmdk", zero, "10M");
	patch(zero, 12, "\0\0\0\0\0\0\0\0", 8);		/* capacity: now the text inside names the extents */
	info = probe(zero);
	not_ok(image_check_safe(zero, &info, &err), "external data file");
}

TEST(damaged_headers_are_errors)
{
	static const struct { off_t at; const char *bytes; size_t len; const char *why; } cases[] = {
		{ 4, "\0\0\0\4", 4, "unknown version 4" },
		{ 20, "\0\0\0\10", 4, "cluster size" }, { 20, "\0\0\0\26", 4, "cluster size" },
		{ 20, "\xff\xff\xff\xff", 4, "cluster size" },
		{ 24, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "size out of range" },
		{ 100, "\0\0\0\x60", 4, "header length" }, { 100, "\xff\xff\xff\xf8", 4, "header length" },
		{ 8, "\0\0\0\0\0\1\0\1", 8, "name of the backing file" },
		{ 108, "\xff\xff\xff\xff", 4, "extension" }, { 104, "\1\1\1\1\0\1\0\0", 8, "extension" },
	};
	struct image_info info = { .format = "untouched" };
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *path = fresh_qcow2("bad.qcow2");

		if (cases[i].at == 108 || cases[i].at == 104)	/* header_length may be 112: put the extensions at 104 */
			patch(path, 100, "\0\0\0\x68", 4);
		if (cases[i].at == 108)
			patch(path, 104, "\1\1\1\1", 4);
		patch(path, cases[i].at, cases[i].bytes, cases[i].len);
		not_ok(image_probe(path, &info, &err), cases[i].why);
		assert_int_equal(err.code, ERR_INVALID);
	}
	assert_string_equal(info.format, "untouched");
}

TEST(cut_short_anywhere)
{
	auto_free char *whole = fresh_qcow2("whole.qcow2");
	AUTO(buf) b = BUF_INIT;
	struct image_info info;
	struct error err;

	ok(fs_read(whole, &b, 1 << 20, &err));
	for (size_t len = 0; len < 200; len++) {
		auto_free char *path = test_file("cut", b.s, len);
		int r;

		memset(&err, 0, sizeof err);
		r = image_probe(path, &info, &err);
		if (len < 8 || r == 0)
			assert_string_equal(info.format, len < 8 ? "raw" : "qcow2");
		else
			assert_non_null(strstr(err.msg, len < 104 ? "cut short" : "extension beyond"));
	}
}

TEST(anything_else_is_raw)
{
	static const struct { const char *bytes; size_t len; } cases[] = {
		{ "", 0 }, { "QFI\xfb\0\0\0\1", 8 }, { "QFI\xfb", 4 }, { "hello", 5 }, { "\x1f\x8b", 2 }, { "QED\0", 4 },
		{ "LUKS\xba\xbe", 6 }, { "vhdxfil", 7 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *path = test_file("raw", cases[i].bytes, cases[i].len);
		struct image_info info = probe(path);

		assert_string_equal(info.format, "raw");
		assert_int_equal(info.virtual_size_bytes, cases[i].len);
		assert_false(info.iso || info.backing_file || info.data_file);
	}
}

TEST(not_regular_files)
{
	auto_free char *fifo = test_path("fifo"), *dir = test_path("");
	struct image_info info;
	struct error err;

	assert_int_equal(mkfifo(fifo, 0600), 0);
	not_ok(image_probe(fifo, &info, &err), "not an ordinary file");
	not_ok(image_probe(dir, &info, &err), "not an ordinary file");
	not_ok(image_probe("/no/such/image", &info, &err), "open /no/such/image");
	assert_int_equal(err.code, ENOENT);
}

/* an image of 40 blocks with one primary descriptor; `end`: type of what follows it */
static char *
iso(const char *name, unsigned char end, unsigned char root_block)
{
	static unsigned char p[40 * 2048];
	unsigned char *d = p + 16 * 2048;

	memset(p, 0, sizeof p);
	memcpy(d, "\1CD001\1", 7);
	d[140] = 20;		/* path table */
	d[132] = 10;
	d[158] = root_block;	/* root folder: 2048 bytes */
	d[167] = 8;
	memcpy(d + 2048, "\0CD001\1", 7);
	d[2048] = end;
	return test_file(name, p, sizeof p);
}

TEST(iso_images)
{
	auto_free char *good = iso("good.iso", 255, 21), *odd = iso("odd.iso", 7, 21), *open_end = iso("end.iso", 2, 21);
	auto_free char *outside = iso("out.iso", 255, 40), *edge = iso("edge.iso", 255, 39);

	assert_true(probe(good).iso);
	assert_true(probe(edge).iso);
	assert_string_equal(probe(good).format, "raw");
	assert_false(probe(odd).iso);
	assert_false(probe(open_end).iso);
	assert_false(probe(outside).iso);
}

TEST(create_resize_convert)
{
	auto_free char *path = test_path("d.qcow2"), *raw = test_path("d.raw"), *back = test_path("back.qcow2");
	auto_free char *tmp = test_path("d.qcow2.tmp");
	struct stat st;
	int64_t size;
	struct error err;

	ok(image_create(path, "qcow2", 8 * MIB, &err));
	ok(image_size(path, "qcow2", &size, &err));
	assert_int_equal(size, 8 * MIB);
	assert_false(fs_exists(tmp));
	ok(image_resize(&(struct image_disk){ .path = path, .format = "qcow2" }, 16 * MIB, &err));
	ok(image_resize(&(struct image_disk){ .path = path, .format = "qcow2" }, 16 * MIB, &err));
	ok(image_size(path, "qcow2", &size, &err));
	assert_int_equal(size, 16 * MIB);
	not_ok(image_resize(&(struct image_disk){ .path = path, .format = "qcow2" }, 8 * MIB, &err), "smaller");
	assert_int_equal(err.code, ERR_REFUSED);
	ok(image_convert(&(struct image_convert){ path, "qcow2", raw, "raw", 64 * MIB, NULL }, &err));
	assert_int_equal(stat(raw, &st), 0);
	assert_int_equal(st.st_size, 16 * MIB);
	assert_true(st.st_blocks * 512 < MIB);
	/* a raw disk on which a guest wrote a qcow2 header stays raw */
	patch(raw, 0, "QFI\xfb\0\0\0\3", 8);
	ok(image_resize(&(struct image_disk){ .path = raw, .format = "raw" }, 24 * MIB, &err));
	ok(image_size(raw, "raw", &size, &err));
	assert_int_equal(size, 24 * MIB);
	ok(image_convert(&(struct image_convert){ raw, "raw", back, "qcow2", 64 * MIB, NULL }, &err));
	ok(image_size(back, "qcow2", &size, &err));
	assert_int_equal(size, 24 * MIB);
}

TEST(failures_of_qemu_img)
{
	auto_free char *path = test_file("plain", "hello", 5), *to = test_path("to.raw"), *tmp = test_path("to.raw.tmp");
	auto_free char *old_path = xstrdup(getenv("PATH"));
	auto_free char *damaged = fresh_qcow2("damaged");
	volatile int cancel = 1;
	struct error err;
	int64_t size;

	not_ok(image_convert(&(struct image_convert){ path, "qcow2", to, "raw", 64 * MIB, NULL }, &err), "not qcow2");
	patch(damaged, 40, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);	/* where its tables are */
	not_ok(image_convert(&(struct image_convert){ damaged, "qcow2", to, "raw", 64 * MIB, NULL }, &err),
	       "qemu-img: exit status 1: qemu-img: Could not open");
	assert_int_equal(err.code, ERR_CHILD);
	assert_false(fs_exists(to) || fs_exists(tmp));
	not_ok(image_convert(&(struct image_convert){ "no/such", "raw", to, "raw", 64 * MIB, NULL }, &err), "no such file");
	not_ok(image_create("/no/such/folder/x", "qcow2", MIB, &err), "/no/such/folder");
	not_ok(image_size(path, "qcow2", &size, &err), "not qcow2");
	not_ok(image_convert(&(struct image_convert){ path, "raw", to, "raw", 64 * MIB, &cancel }, &err), "cancelled");
	assert_false(fs_exists(to) || fs_exists(tmp));
	setenv("PATH", "/nonexistent", 1);
	not_ok(image_create(to, "qcow2", MIB, &err), "qemu-img: no such program");
	setenv("PATH", old_path, 1);
	assert_int_equal(err.code, ENOENT);
}

TEST(odd_file_names)
{
	char cwd[4096];
	struct image_info info;
	struct error err;

	assert_non_null(getcwd(cwd, sizeof cwd));
	assert_int_equal(chdir(test_dir_), 0);
	ok(image_create("-nbd:x,y=z", "qcow2", MIB, &err));
	ok(image_probe("-nbd:x,y=z", &info, &err));
	assert_string_equal(info.format, "qcow2");
	ok(image_convert(&(struct image_convert){ "-nbd:x,y=z", "qcow2", "json:{}", "raw", 64 * MIB, NULL }, &err));
	assert_int_equal(chdir(cwd), 0);
}

/* What upstream up to 2.0 made: DIR/basedisk, and DIR/diffdisk on it. */
static struct image_disk
legacy(const char *dir, const char *base_in_header, const char *base_format, struct arena *a)
{
	struct image_disk d = { arena_printf(a, "%s/diffdisk", dir), "qcow2", arena_printf(a, "%s/basedisk", dir),
				arena_strdup(a, base_format) };
	struct error err;

	ok(fs_mkdirs(dir, 0700, &err));
	QEMU_IMG("create", "-q", "-f", base_format, d.base, "4M");
	QEMU_IMG("create", "-q", "-f", "qcow2", "-F", base_format, "-u", "-b", base_in_header, d.path, "4M");
	return d;
}

TEST(a_disk_on_its_own_base)
{
	AUTO(arena) a = { 0 };
	auto_free char *dir = test_path("a,b"), *other_dir = test_path("other"), *absolute = test_path("a,b/basedisk");
	struct image_disk d = legacy(dir, "basedisk", "raw", &a), other = legacy(other_dir, absolute, "qcow2", &a), alone;
	auto_free char *name = NULL;
	struct error err;
	int64_t size;

	ok(image_disk_check(&d, &err));
	QEMU_IMG("rebase", "-u", "-F", "raw", "-b", absolute, d.path);
	ok(image_disk_check(&d, &err));
	ok(image_resize(&d, 8 * MIB, &err));
	ok(image_size(d.path, "qcow2", &size, &err));
	assert_int_equal(size, 8 * MIB);
	assert_string_equal(image_base_options(&d, &a), arena_printf(&a, ",backing.driver=raw,backing.file.driver=file,backing.file.filename="
									  "%s/a,,b/basedisk", test_dir_));
	/* as it is without the word of whose it is */
	alone = (struct image_disk){ d.path, "qcow2", NULL, NULL };
	not_ok(image_disk_check(&alone, &err), "backing file");
	not_ok(image_resize(&alone, 16 * MIB, &err), "backing file");
	/* a header that names the base of another folder, until it is told better */
	not_ok(image_disk_check(&other, &err), "could be any file of this host");
	ok(image_rebase(&other, "basedisk", &err));
	ok(image_disk_check(&other, &err));
	ok(image_base_name(other.path, &name, &err));
	assert_string_equal(name, "basedisk");
}

TEST(a_base_that_leads_elsewhere)
{
	AUTO(arena) a = { 0 };
	auto_free char *dir = test_path("legacy"), *secret = test_file("secret", "secret", 6), *inner = NULL;
	struct image_disk d = legacy(dir, "basedisk", "qcow2", &a), whole = d;
	struct error err;

	whole.path = inner = fresh_qcow2("legacy/whole");
	not_ok(image_disk_check(&whole, &err), "stands on nothing");
	QEMU_IMG("rebase", "-u", "-F", "raw", "-b", secret, d.base);
	not_ok(image_disk_check(&d, &err), "backing file");
	assert_int_equal(unlink(d.base), 0);
	not_ok(image_disk_check(&d, &err), "could be any file");
	assert_int_equal(symlink(secret, d.base), 0);
	d.base_format = "raw";
	not_ok(image_disk_check(&d, &err), "could be any file");
	assert_int_equal(unlink(d.base), 0);
	assert_int_equal(link(secret, d.base), 0);
	ok(image_disk_check(&d, &err));
}

/* 64 KiB of text, over and over: as large as its header says, not as its file is. */
TEST(no_result_is_larger_than_it_may_be)
{
	auto_free char *raw = test_path("large.raw"), *to = test_path("large.qcow2"), *tmp = test_path("large.qcow2.tmp");
	auto_close int fd = open(raw, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	auto_free char *block = xcalloc(1, MIB);
	struct error err;

	memset(block, 'x', MIB);
	for (int i = 0; i < 200; i++)
		assert_int_equal(write(fd, block, MIB), MIB);
	not_ok(image_convert(&(struct image_convert){ raw, "raw", to, "qcow2", 8 * MIB, NULL }, &err), "File too large");
	assert_false(fs_exists(to) || fs_exists(tmp));
	ok(image_convert(&(struct image_convert){ raw, "raw", to, "qcow2", 200 * MIB, NULL }, &err));
}
