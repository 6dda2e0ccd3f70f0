/*
 * tests/unit/test.h - what a unit test is made of.
 *
 * A file tests/unit/test_NAME.c is a whole program: include this (it defines
 * main), then write TEST(name) { ... }; each registers itself. Names are lower
 * case with underscores. Tests run in the order of the file. The program's first word,
 * if there is one, is a pattern of those to run (`*` and `?`).
 */
#pragma once
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

static struct CMUnitTest tests_[256];
static size_t tests_n_;
static char test_dir_[64];

#define TEST(title) \
	static void title(void **state); \
	__attribute__((constructor)) static void \
	title##_register(void) \
	{ \
		if (tests_n_ == ARRAY_LEN(tests_)) \
			abort(); \
		tests_[tests_n_++] = (struct CMUnitTest){ .name = #title, .test_func = title }; \
	} \
	static void title(void **state __attribute__((unused)))

/* `expr` is a call that ends in `&err`, of a `struct error err` in scope; it must succeed */
#define ok(expr) do { \
	memset(&err, 0, sizeof err); \
	if ((expr) < 0) \
		fail_msg("%s: %s", #expr, err.msg); \
} while (0)

/* the same; it must fail, with a message that contains `text` */
#define not_ok(expr, text) do { \
	memset(&err, 0, sizeof err); \
	if ((expr) >= 0) \
		fail_msg("%s: succeeded", #expr); \
	if (!strstr(err.msg, (text))) \
		fail_msg("%s: '%s' is not in '%s'", #expr, (text), err.msg); \
} while (0)

/* A path in this program's own temporary folder, which goes away at its end; to free. */
static inline char *
test_path(const char *name)
{
	return xasprintf("%s/%s", test_dir_, name);
}

static inline char *
test_file(const char *name, const void *p, size_t len)
{
	char *path = test_path(name);
	struct error err;

	ok(fs_write(path, p, len, 0600, &err));
	return path;
}

/* Ends a child of ours. */
static inline void
test_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* DIR/NAME, and the folders up to it */
static inline void
test_put(const char *dir, const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_free char *parent = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	struct error err;

	ok(fs_mkdirs(parent, 0700, &err));
	ok(fs_write(path, text, strlen(text), 0600, &err));
}

int
main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	int failed;

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	snprintf(test_dir_, sizeof test_dir_, "%.40s/lima-test.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(test_dir_)) {
		perror(test_dir_);
		return 1;
	}
	failed = _cmocka_run_group_tests("tests", tests_, tests_n_, NULL, NULL);
	fs_remove_tree(test_dir_, NULL);
	return failed != 0;
}
