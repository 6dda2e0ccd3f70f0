/* Files over SFTP against OpenSSH's server. */
#include "providers/ssh/sftp.h"

#include <errno.h>
#include <sys/stat.h>

#include "providers/ssh/ssh.h"
#include "tests/unit/sshd.h"

static struct sshd server;
static struct sftp *s;

static const char *
root(void)
{
	static char *dir;

	if (!dir)
		dir = test_path("files");
	return dir;
}

static void
begin(void)
{
	struct error err = { 0 };
	const char *keys[1];
	struct ssh_target to = { .keys = keys, .nkeys = 1 };

	if (s)
		return;
	server = sshd_start("sftpd", "Subsystem sftp internal-sftp");
	keys[0] = server.key;
	to.port = server.port;
	to.user = server.user;
	s = sftp_open(&to, NULL, &err);
	if (!s)
		fail_msg("%s", err.msg);
	ok(fs_mkdirs(root(), 0700, &err));
}

TEST(what_is_written_is_read_again)
{
	auto_free char *path = xasprintf("%s/blob", root()), *data = xcalloc(1, 300001), *back = xcalloc(1, 400000);
	struct error err = { 0 };
	struct sftp_file *f;
	struct sftp_attr a;
	size_t have = 0;
	ssize_t n;

	begin();
	for (size_t i = 0; i < 300001; i++)
		data[i] = (char)(i * 7 + i / 251);
	f = sftp_write_begin(s, path, 0640, &err);
	assert_non_null(f);
	ok(sftp_write(f, data, 300001, &err));
	ok(sftp_end(f, &err));
	ok(sftp_stat(s, path, true, &a, &err));
	assert_int_equal(a.size, 300001);
	assert_true(S_ISREG(a.mode));
	f = sftp_read_begin(s, path, &err);
	assert_non_null(f);
	while ((n = sftp_read(f, back + have, 400000 - have, &err)) > 0)
		have += (size_t)n;
	assert_int_equal(n, 0);
	ok(sftp_end(f, &err));
	assert_int_equal(have, 300001);
	assert_memory_equal(data, back, 300001);
	ok(sftp_chmod(s, path, 0600, &err));
	ok(sftp_stat(s, path, true, &a, &err));
	assert_int_equal(a.mode & 07777, 0600);
}

static int
count(void *ctx, const char *name, const struct sftp_attr *a)
{
	unsigned *n = ctx;

	assert_null(strchr(name, '/'));
	assert_true(a->mode != 0);
	++*n;
	return 0;
}

TEST(folders_and_links)
{
	auto_free char *dir = xasprintf("%s/dir", root()), *link = xasprintf("%s/link", dir);
	struct error err = { 0 };
	struct sftp_attr a;
	unsigned n = 0;

	begin();
	ok(sftp_mkdir(s, dir, 0700, &err));
	assert_int_equal(sftp_mkdir(s, dir, 0700, &err), -1);
	assert_int_equal(symlink("nowhere", link), 0);
	ok(sftp_stat(s, link, false, &a, &err));
	assert_true(S_ISLNK(a.mode));
	assert_int_equal(sftp_stat(s, link, true, &a, &err), -1);
	assert_int_equal(err.code, ENOENT);
	ok(sftp_list(s, dir, count, &n, &err));
	assert_int_equal(n, 1);
}

TEST(errors_have_a_name)
{
	struct error err = { 0 };
	struct sftp_attr a;

	begin();
	assert_int_equal(sftp_stat(s, "/does/not/exist", true, &a, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_non_null(strstr(err.msg, "file does not exist"));
	assert_null(sftp_read_begin(s, "/does/not/exist", &err));
	assert_null(sftp_write_begin(s, "/proc", 0600, &err));
	assert_int_equal(sftp_list(s, "/proc/version", count, NULL, &err), -1);
}

TEST(commands_beside_files)
{
	AUTO(buf) out = BUF_INIT;
	AUTO(buf) errors = BUF_INIT;
	struct error err = { 0 };
	int status = 0;

	begin();
	ok(sftp_command(s, "echo out; echo err >&2; exit 13", 1 << 20, &out, &errors, &status, &err));
	assert_string_equal(out.s, "out\n");
	assert_string_equal(errors.s, "err\n");
	assert_int_equal(status, 13);
	buf_truncate(&out, 0);
	assert_int_equal(sftp_command(s, "head -c 100000 /dev/zero", 1000, &out, &errors, &status, &err), -1);
	assert_int_equal(err.code, ENOBUFS);
	buf_truncate(&out, 0);
	ok(sftp_command(s, "head -c 100000 /dev/zero", 1 << 20, &out, &errors, &status, &err));
	assert_int_equal(out.len, 100000);
}

TEST(zz_the_end)
{
	struct error err = { 0 };
	const char *keys[] = { server.key };
	struct ssh_target to = { .keys = keys, .nkeys = 1, .user = "nobody-at-all", .port = server.port };

	begin();
	assert_null(sftp_open(&to, NULL, &err));
	assert_int_equal(err.code, EACCES);
	sshd_stop(&server);
	sftp_close(s);
	s = NULL;
}
