#include "providers/disk/iso9660.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/proc.h"
#include "tests/unit/test.h"

#define BYTES(p, s, m) { .path = p, .data = s, .len = sizeof s - 1, .mode = m }

static const struct iso_file few[] = {
	BYTES("user-data", "#cloud-config\n", 0644),
	BYTES("meta-data", "instance-id: x\n", 0644),
	BYTES("boot/00-first.sh", "#!/bin/sh\n", 0755),
	BYTES("boot/01-with-a-name-of-30-chars.sh", "#!/bin/sh\n", 0755),
	BYTES("deep/er/still/file", "deep", 0600),
	BYTES("empty", "", 0644),
};

static char *
run(const char *const argv[])
{
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(proc_run(argv, &(struct proc_opts){ .out = &b }, &err));
	return buf_detach(&b);
}
#define RUN(...) run((const char *const[]){ __VA_ARGS__, NULL })

static char *
written(const char *name, const struct iso_file *files, size_t n)
{
	char *path = test_path(name);
	struct error err;

	ok(iso_write(path, "cidata", "LIMA:ABC", files, n, &err));
	return path;
}

static void
assert_same_bytes(const char *a, const char *b)
{
	AUTO(buf) x = BUF_INIT, y = BUF_INIT;
	struct error err;

	ok(fs_read(a, &x, 1 << 28, &err));
	ok(fs_read(b, &y, 1 << 28, &err));
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.s, y.s, x.len);
}

TEST(listed_by_another_program)
{
	auto_free char *sbin = xasprintf("%s:/usr/sbin:/sbin", getenv("PATH"));	/* blkid, for those who are not root */
	int env = setenv("PATH", sbin, 1);
	auto_free char *path = written("few.iso", few, ARRAY_LEN(few)), *list = RUN("isoinfo", "-R", "-f", "-i", path);
	auto_free char *pvd = RUN("isoinfo", "-d", "-i", path), *text = RUN("isoinfo", "-R", "-x", "/deep/er/still/file", "-i", path);
	auto_free char *modes = RUN("isoinfo", "-R", "-l", "-i", path), *label = RUN("blkid", "-o", "value", "-s", "LABEL", path);
	char id[129];
	struct error err;

	assert_int_equal(env, 0);
	for (size_t i = 0; i < ARRAY_LEN(few); i++) {
		auto_free char *line = xasprintf("/%s\n", few[i].path);

		assert_non_null(strstr(list, line));
	}
	assert_string_equal(text, "deep");
	assert_string_equal(label, "cidata\n");
	assert_non_null(strstr(pvd, "Volume id: cidata\n"));
	assert_non_null(strstr(pvd, "NO Joliet"));
	assert_non_null(strstr(pvd, "Rock Ridge signatures"));
	assert_non_null(strstr(modes, "-rw-------   1    0    0"));
	assert_non_null(strstr(modes, "-rwxr-xr-x   1    0    0"));
	assert_non_null(strstr(modes, "Jan  1 1980"));
	ok(iso_application_id(path, id, &err));
	assert_string_equal(id, "LIMA:ABC");
}

TEST(identical_input_gives_identical_bytes)
{
	auto_free char *host = test_file("host", "from a file of the host", 23), *first = NULL, *second = NULL, *other = NULL;
	struct iso_file files[ARRAY_LEN(few) + 2];

	memcpy(files, few, sizeof few);
	files[ARRAY_LEN(few)] = (struct iso_file){ .path = "host-a", .host_path = host, .mode = 0644 };
	files[ARRAY_LEN(few) + 1] = (struct iso_file){ .path = "host-b", .host_path = "/etc/passwd", .mode = 0755 };
	first = written("first.iso", files, ARRAY_LEN(files));
	/* no event to wait for: it is time itself that must not be seen in the image */
	nanosleep(&(struct timespec){ .tv_sec = 1, .tv_nsec = 100000000 }, NULL);
	/* another inode, owner, mode and time, before those of the other file */
	free(host);
	host = test_file("host2", "from a file of the host", 23);
	assert_int_equal(chmod(host, 0711), 0);
	files[ARRAY_LEN(few)].host_path = host;
	second = written("second.iso", files, ARRAY_LEN(files));
	assert_same_bytes(first, second);

	/* another process, with another history */
	if (fork() == 0) {
		auto_free char *path = test_path("third.iso");

		setenv("TZ", "Asia/Tokyo", 1);
		tzset();
		_exit(iso_write(path, "cidata", "LIMA:ABC", files, ARRAY_LEN(files), NULL) < 0);
	}
	other = test_path("third.iso");
	assert_int_equal(wait(NULL) > 0, 1);
	assert_same_bytes(first, other);
}

TEST(order_of_host_files_is_ours)
{
	auto_free char *a = test_file("ino-a", "aaaa", 4), *b = test_file("ino-b", "bbbb", 4);
	auto_free char *c = test_file("ino-c", "aaaa", 4);	/* as a, but after b */
	struct iso_file x[] = { { .path = "a", .host_path = a, .mode = 0644 }, { .path = "b", .host_path = b, .mode = 0644 } };
	auto_free char *one = written("one.iso", x, 2), *two = NULL;

	x[0].host_path = c;
	two = written("two.iso", x, 2);
	assert_same_bytes(one, two);
}

TEST(contents_survive)
{
	auto_free char *big = NULL, *path = NULL, *back = test_path("back"), *host = NULL;
	size_t len = 3 << 20;
	struct iso_file files[] = { { .path = "big", .mode = 0644 }, { .path = "dir/copy", .mode = 0644 } };

	big = xcalloc(1, len);
	for (size_t i = 0; i < len; i++)
		big[i] = (char)(i * 7 + (i >> 9));
	host = test_file("big", big, len - 1);
	files[0].data = big;
	files[0].len = len;
	files[1].host_path = host;
	path = written("big.iso", files, 2);
	free(RUN("xorriso", "-osirrox", "on", "-indev", path, "-extract", "/", back));
	{
		auto_free char *one = test_path("back/big"), *two = test_path("back/dir/copy"), *want = test_file("want", big, len);

		assert_same_bytes(one, want);
		assert_same_bytes(two, host);
	}
}

TEST(names)
{
	static const char *const bad[] = { "", "/abs", "a//b", "end/", "..", "a/../b", ".", "a-name-that-has-31-characters-ab",
					   "a-folder-that-has-31-characters/f" };
	auto_free char *path = test_path("names.iso");
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct iso_file f = { .path = bad[i], .data = "x", .len = 1, .mode = 0644 };

		not_ok(iso_write(path, "cidata", "X", &f, 1, &err), "on the ISO");
		assert_int_equal(err.code, EINVAL);
		assert_false(fs_exists(path));
	}
}

TEST(failures)
{
	auto_free char *path = test_path("failed.iso"), *dir = test_path("");
	struct iso_file gone = { .path = "x", .host_path = "/no/such/file", .mode = 0644 };
	struct iso_file folder = { .path = "x", .host_path = dir, .mode = 0644 };
	struct iso_file twice[] = { BYTES("same", "1", 0644), BYTES("same", "2", 0644) };
	struct iso_file under[] = { BYTES("same", "1", 0644), BYTES("same/x", "2", 0644) };
	auto_free char *text = test_file("text", "no image", 8);
	char id[129];
	struct error err;

	not_ok(iso_write("/no/such/folder/x.iso", "cidata", "X", few, 1, &err), "/no/such/folder/x.iso");
	not_ok(iso_write("/dev/full/x.iso", "cidata", "X", few, 1, &err), "/dev/full/x.iso");
	not_ok(iso_write(path, "cidata", "X", &gone, 1, &err), "/no/such/file");
	assert_int_equal(err.code, ENOENT);
	not_ok(iso_write(path, "cidata", "X", &folder, 1, &err), "not an ordinary file");
	not_ok(iso_write(path, "cidata", "X", twice, 2, &err), "same: ");
	not_ok(iso_write(path, "cidata", "X", under, 2, &err), "same/x: ");
	assert_false(fs_exists(path));
	not_ok(iso_application_id(text, id, &err), "not an ISO 9660 image");
}

TEST(no_room)
{
	auto_free char *path = test_path("room.iso");
	int status;

	if (fork() == 0) {	/* a bound on file sizes is a full disk that needs no mount */
		struct rlimit small = { 65536, 65536 };
		struct error err;

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &small);
		_exit(iso_write(path, "cidata", "X", few, ARRAY_LEN(few), &err) == 0 || err.code != EFBIG ||
		      fs_exists(path));
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
}

static void *
write_some(void *ctx)
{
	auto_free char *name = xasprintf("thread-%d.iso", *(int *)ctx), *path = test_path(name);

	for (int i = 0; i < 20; i++)
		if (iso_write(path, "cidata", "LIMA:ABC", few, ARRAY_LEN(few), NULL) < 0)
			return (void *)1;
	return NULL;
}

TEST(several_threads)
{
	auto_free char *want = written("thread.iso", few, ARRAY_LEN(few));
	pthread_t th[4];
	int n[4];

	for (int i = 0; i < 4; i++) {
		n[i] = i;
		pthread_create(&th[i], NULL, write_some, &n[i]);
	}
	for (int i = 0; i < 4; i++) {
		auto_free char *name = xasprintf("thread-%d.iso", i), *path = test_path(name);
		void *failed;

		pthread_join(th[i], &failed);
		assert_null(failed);
		assert_same_bytes(path, want);
	}
}
