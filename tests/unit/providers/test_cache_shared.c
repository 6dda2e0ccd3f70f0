/* A cache that others use, too: processes that wait for each other, a full disk, owners and links. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "providers/fetch/cache_owner.h"
#include "tests/unit/fetching.h"

TEST(waiting_processes_fetch_once)
{
	auto_free char *url = server_url("herd?size=300000&delay=1500"), *digest = digest_of(SIZE, 0, "sha256");
	auto_free char *plain = server_url("herdplain?size=300000&delay=1500");
	int status, go[2];

	assert_int_equal(pipe(go), 0);
	for (int i = 0; i < 20; i++)
		if (fork() == 0) {
			struct fetch f = i % 2 ? ask(url, digest, NULL) : ask(plain, NULL, NULL);
			char *path = NULL, c;
			struct stat st;

			close(go[1]);
			if (read(go[0], &c, 1) != 0)	/* all at once */
				_exit(1);
			_exit(cache_fetch(&f, &path, NULL) < 0 || stat(path, &st) < 0 || st.st_size != SIZE);
		}
	close(go[0]);
	close(go[1]);
	for (int i = 0; i < 20; i++) {
		assert_true(waitpid(0, &status, 0) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(server_count("herd"), 1);
	assert_int_equal(server_count("herdplain"), 1);
}

static void *
raise_flag(void *flag)
{
	nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
	*(volatile int *)flag = 1;
	return NULL;
}

TEST(cancelled_while_waiting_for_another)
{
	auto_free char *url = server_url("locked?size=300000");
	AUTO(seen) s = seen_new();
	struct fetch f = ask(url, NULL, &s);
	auto_free char *entry = cache_entry(f.cache, url);
	auto_close int lock = -1;
	pthread_t th;
	struct error err;

	ok(fs_mkdirs(entry, 0700, &err));
	lock = fs_lock(entry, true, &err);
	assert_true(lock >= 0);
	pthread_create(&th, NULL, raise_flag, (void *)(uintptr_t)&s.cancel);
	fails(&f, ERR_CANCELLED, "cancelled");
	pthread_join(th, NULL);
	assert_non_null(strstr(s.warnings.s, "waiting for another process"));
}

static char *
tiny_fs(const char *name, int kib)
{
	auto_free char *dir = test_path(name), *opts = xasprintf("size=%dk", kib);
	struct error err;

	ok(fs_mkdirs(dir, 0700, &err));
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tiny", dir, "tmpfs", 0, opts) < 0)
		return NULL;
	return steal(dir);
}

TEST(full_disk)
{
	auto_free char *url = server_url("full?size=300000"), *cache = tiny_fs("full", 256), *digest = digest_of(SIZE, 0, "sha256");
	auto_free char *small = server_url("small?size=50000");
	struct fetch f = ask(url, digest, NULL);

	if (!cache) {
		skip();
		return;
	}
	f.cache = cache;
	fails(&f, ENOSPC, "data.part: no space left on device");
	assert_false(entry_has(&f, "data"));
	assert_no_parts(&f);
	f.location = small;		/* the room is there again */
	f.digest = NULL;
	fetched(&f, 50000, 0);
	assert_int_equal(server_count("full"), 1);
	assert_int_equal(umount(cache), 0);
}

TEST(read_only_cache)
{
	auto_free char *url = server_url("ro?size=50000"), *cache = tiny_fs("ro", 1024), *digest = digest_of(50000, 0, "sha256");
	auto_free char *other = server_url("ro2?size=50000");
	AUTO(seen) s = seen_new();
	struct fetch f = ask(url, NULL, &s);

	if (!cache) {
		skip();
		return;
	}
	f.cache = cache;
	fetched(&f, 50000, 0);
	assert_int_equal(mount("tiny", cache, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	fetched(&f, 50000, 0);
	assert_string_equal(s.warnings.s, "");
	f.digest = digest;
	fetched(&f, 50000, 0);
	f.location = other;
	fails(&f, EROFS, "read-only file system");
	assert_int_equal(umount(cache), 0);
}

/* Entry with bytes that are not what its digest says, and every note that they are: as somebody else could have made it. */
static char *
false_entry(const struct fetch *f, char **entry)
{
	char *data = entry_file(f, "data");
	auto_free char *note = NULL, *verified = NULL, *algo = NULL;
	AUTO(arena) a = { 0 };
	struct error err;

	*entry = cache_entry(f->cache, f->location);
	ok(fs_mkdirs(*entry, 0700, &err));
	ok(fs_write(data, "evil", 4, 0644, &err));
	note = entry_file(f, "sha256.digest");
	verified = entry_file(f, "sha256.verified");
	ok(fs_write(note, f->digest, strlen(f->digest), 0644, &err));
	algo = xstrdup(fs_stamp(&a, data));
	ok(fs_write(verified, algo, strlen(algo), 0644, &err));
	assert_true(cache_verified(*entry, f->digest));
	return data;
}

TEST(what_others_can_write_is_not_believed)
{
	static const struct { const char *file; mode_t mode; uid_t uid; } cases[] = {
		{ "", 0777, 0 }, { "", 0770, 0 }, { "", 0700, 65534 }, { "data", 0666, 0 }, { "data", 0644, 65534 },
		{ "sha256.verified", 0664, 0 }, { "sha256.digest", 0644, 65534 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *path = xasprintf("others%zu?size=300000", i), *url = server_url(path), *digest = digest_of(SIZE, 0, "sha256");
		struct fetch f = ask(url, digest, NULL);
		auto_free char *entry = NULL, *data = false_entry(&f, &entry), *file = NULL, *looked = NULL;

		if (cases[i].uid && geteuid() != 0)
			continue;	/* only root can make what is somebody else's */
		file = *cases[i].file ? entry_file(&f, cases[i].file) : xstrdup(entry);
		assert_int_equal(cases[i].uid ? chown(file, cases[i].uid, 0) : chmod(file, cases[i].mode), 0);
		assert_false(cache_verified(entry, digest));
		assert_int_not_equal(cache_lookup(f.cache, url, digest, &looked), CACHE_GOOD);
		fetched(&f, SIZE, 0);
		assert_true(cache_verified(entry, digest));
	}
}

TEST(what_is_no_file_makes_room)
{
	auto_free char *secret = test_file("secret", "secret", 6);

	for (int i = 0; i < 6; i++) {
		auto_free char *path = xasprintf("odd%d?size=300000", i), *url = server_url(path), *digest = digest_of(SIZE, 0, "sha256");
		struct fetch f = ask(url, i % 2 ? digest : NULL, NULL);
		auto_free char *entry = cache_entry(f.cache, url), *file = entry_file(&f, i < 4 ? "data" : "data.part"), *looked = NULL;
		AUTO(buf) kept = BUF_INIT;
		struct error err;

		ok(fs_mkdirs(entry, 0700, &err));
		assert_int_equal(i % 4 < 2 ? symlink(secret, file) : mkfifo(file, 0600), 0);
		assert_int_equal(cache_lookup(f.cache, url, f.digest, &looked), CACHE_ABSENT);
		fetched(&f, SIZE, 0);
		ok(fs_read(secret, &kept, 100, &err));
		assert_string_equal(kept.s, "secret");
	}
}

TEST(an_entry_that_is_a_link_makes_room)
{
	auto_free char *url = server_url("linked?size=300000"), *digest = digest_of(SIZE, 0, "sha256"), *other = test_path("elsewhere");
	struct fetch f = ask(url, digest, NULL);
	auto_free char *entry = NULL, *data = false_entry(&f, &entry), *moved = xasprintf("%s/data", other);
	struct error err;

	assert_int_equal(rename(entry, other), 0);
	assert_int_equal(symlink(other, entry), 0);
	fetched(&f, SIZE, 0);
	assert_true(fs_exists(moved));
	ok(fs_remove_tree(other, &err));
}

TEST(where_a_cache_may_be)
{
	auto_free char *dir = test_path("places"), *cache = xasprintf("%s/lima", dir), *inner = xasprintf("%s/download", cache);
	struct error err;

	ok(fs_mkdirs(dir, 0700, &err));
	assert_true(cache_place_is_ours(cache));
	assert_int_equal(chmod(dir, 0777), 0);
	assert_false(cache_place_is_ours(cache));
	assert_int_equal(chmod(dir, 01777), 0);
	assert_true(cache_place_is_ours(cache));
	ok(fs_mkdirs(inner, 0700, &err));
	assert_true(cache_place_is_ours(cache));
	assert_int_equal(chmod(inner, 0777), 0);
	assert_false(cache_place_is_ours(cache));
	assert_int_equal(chmod(inner, 01777), 0);
	assert_false(cache_place_is_ours(cache));
	assert_int_equal(chmod(inner, 0755), 0);
	assert_true(cache_place_is_ours(cache));
	if (geteuid() == 0) {
		assert_int_equal(chown(cache, 65534, 65534), 0);
		assert_false(cache_place_is_ours(cache));
	}
}
