#include "providers/ssh/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/proc.h"
#include "tests/unit/test.h"

static char *
text_of(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(fs_read(path, &b, 1 << 16, &err));
	return buf_detach(&b);
}

static mode_t
mode_of(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

/* what ssh-keygen makes of the private key */
static char *
public_of(const char *dir)
{
	auto_free char *path = xasprintf("%s/user", dir);
	const char *argv[] = { "ssh-keygen", "-y", "-f", path, NULL };
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(proc_run(argv, &(struct proc_opts){ .out = &b }, &err));
	return buf_detach(&b);
}

TEST(a_pair_that_ssh_keygen_reads)
{
	auto_free char *dir = test_path("deep/home/_config");
	mode_t old = umask(077);
	struct error err;
	auto_free char *pub = NULL, *derived = NULL, *again = NULL, *secret = NULL;

	ok(keys_ensure(dir, &err));
	umask(old);
	assert_int_equal(mode_of(dir, "."), 0700);
	assert_int_equal(mode_of(dir, "user"), 0600);
	assert_int_equal(mode_of(dir, "user.pub"), 0644);
	pub = text_of(dir, "user.pub");
	assert_int_equal(strncmp(pub, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA", 36), 0);
	assert_string_equal(pub + strlen(pub) - 6, " lima\n");
	derived = public_of(dir);
	assert_string_equal(derived, pub);
	secret = text_of(dir, "user");
	for (char *line = secret; *line; line = strchr(line, '\n') + 1)
		assert_true(strcspn(line, "\n") <= 70);
	ok(keys_ensure(dir, &err));
	again = text_of(dir, "user.pub");
	assert_string_equal(again, pub);
}

TEST(signs_what_its_public_half_verifies)
{
	auto_free char *dir = test_path("sign"), *key = NULL, *doc = test_file("doc", "hello", 5), *sig = NULL;
	auto_free char *signers = NULL, *pub = NULL, *allowed = NULL;
	struct error err;

	ok(keys_ensure(dir, &err));
	key = xasprintf("%s/user", dir);
	sig = xasprintf("%s.sig", doc);
	pub = text_of(dir, "user.pub");
	allowed = xasprintf("me %s", pub);
	signers = test_file("signers", allowed, strlen(allowed));
	ok(proc_run((const char *[]){ "ssh-keygen", "-Y", "sign", "-n", "t", "-f", key, doc, NULL }, NULL, &err));
	ok(proc_run((const char *[]){ "ssh-keygen", "-Y", "verify", "-n", "t", "-I", "me", "-f", signers, "-s", sig,
				      NULL },
		    &(struct proc_opts){ .input = "hello", .input_len = 5 }, &err));
}

TEST(many_processes_make_one_pair)
{
	auto_free char *dir = test_path("race"), *pub = NULL, *derived = NULL;
	int go[2], status, seen[8][2];
	char c, text[8][256] = { { 0 } };

	assert_int_equal(pipe(go), 0);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(pipe(seen[i]), 0);
		if (fork() == 0) {
			close(go[1]);
			if (read(go[0], &c, 1) != 0 || keys_ensure(dir, NULL) < 0)
				_exit(1);
			pub = text_of(dir, "user.pub");
			_exit(write(seen[i][1], pub, strlen(pub)) < 0);
		}
	}
	close(go[0]);
	close(go[1]);
	for (int i = 0; i < 8; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	pub = text_of(dir, "user.pub");
	for (int i = 0; i < 8; i++) {
		assert_true(read(seen[i][0], text[i], sizeof text[i] - 1) > 0);
		assert_string_equal(text[i], pub);	/* nobody saw another one before */
		close(seen[i][0]);
		close(seen[i][1]);
	}
	derived = public_of(dir);
	assert_string_equal(derived, pub);
}

TEST(half_a_pair_is_completed)
{
	auto_free char *dir = test_path("half"), *secret = test_path("half/user"), *public = test_path("half/user.pub");
	auto_free char *pub = NULL, *again = NULL, *other = NULL, *derived = NULL;
	struct error err;

	ok(keys_ensure(dir, &err));
	pub = text_of(dir, "user.pub");
	assert_int_equal(unlink(public), 0);
	ok(keys_ensure(dir, &err));
	again = text_of(dir, "user.pub");
	assert_string_equal(again, pub);
	/* a crash after the public key, before the private one */
	assert_int_equal(unlink(secret), 0);
	ok(keys_ensure(dir, &err));
	other = text_of(dir, "user.pub");
	assert_string_not_equal(other, pub);
	derived = public_of(dir);
	assert_string_equal(derived, other);
	/* not a key at all */
	assert_int_equal(unlink(public), 0);
	ok(fs_write(secret, "junk\n", 5, 0600, &err));
	not_ok(keys_ensure(dir, &err), "cannot be made from");
}

static void
count(void *ctx, const char *text)
{
	struct buf *b = ctx;

	buf_adds(b, strrchr(text, '/') + 1);
	buf_addc(b, '\n');
}

#define ED "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0SDhlHeVpUQh7nQ2aRYdTcN0JgGVuTQ5Yp0n8mK3aR"

TEST(keys_for_guests)
{
	static const struct { const char *name, *text; } files[] = {
		{ "a.pub", "\n " ED " me@host with words \n" }, { "b.pub", "ssh-rsa " "AAAAC3NzaC1lZDI1NTE5AAAAIJ0S" },
		{ "c.pub", "" }, { "d.pub", ED "\n" ED "\n" }, { "e.pub", ED " es\033cape" }, { "f.pub", ED },
		{ "g.pub", "ssh-ed25519" }, { "h.pub", "ssh-ed25519 " }, { "i.pub", "ssh-ed25519 AAAA" },
		{ "j.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1N!!!" }, { "k", ED },
	};
	auto_free char *dir = test_path("cfg"), *dot = test_path("ssh"), *own = NULL, *gone = test_path("ssh/z.pub");
	AUTO(key_list) l = { 0 };
	AUTO(buf) warned = BUF_INIT;
	struct error err;

	ok(keys_ensure(dir, &err));
	ok(fs_mkdirs(dot, 0700, &err));
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		auto_free char *name = xasprintf("ssh/%s", files[i].name);

		free(test_file(name, files[i].text, strlen(files[i].text)));
	}
	assert_int_equal(symlink("nowhere", gone), 0);
	ok(keys_authorized(dir, NULL, &l, count, &warned, &err));
	assert_int_equal(l.n, 1);
	own = text_of(dir, "user.pub");
	own[strlen(own) - 1] = '\0';
	assert_string_equal(l.v[0].line, own);
	assert_string_equal(warned.s, "");
	key_list_release(&l);

	ok(keys_authorized(dir, dot, &l, count, &warned, &err));
	assert_int_equal(l.n, 3);
	assert_string_equal(l.v[1].line, ED " me@host with words");
	assert_string_equal(strrchr(l.v[1].file, '/'), "/a.pub");
	assert_string_equal(l.v[2].line, ED);
	assert_string_equal(warned.s, "b.pub: not an SSH public key: skipped\nc.pub: not an SSH public key: skipped\n"
				      "d.pub: not an SSH public key: skipped\ne.pub: not an SSH public key: skipped\n"
				      "g.pub: not an SSH public key: skipped\nh.pub: not an SSH public key: skipped\n"
				      "i.pub: not an SSH public key: skipped\nj.pub: not an SSH public key: skipped\n"
				      "z.pub: no such file or directory: skipped\n");
	ok(keys_authorized(dir, "/no/such/folder", &l, NULL, NULL, &err));
}

TEST(no_own_key_is_an_error)
{
	auto_free char *dir = test_path("bad"), *pub = test_path("bad/user.pub");
	AUTO(key_list) l = { 0 };
	struct error err;

	not_ok(keys_authorized(dir, NULL, &l, NULL, NULL, &err), "user.pub: no such file");
	ok(fs_mkdirs(dir, 0700, &err));
	ok(fs_write(pub, "junk", 4, 0644, &err));
	not_ok(keys_authorized(dir, NULL, &l, NULL, NULL, &err), "not an SSH public key");
	assert_int_equal(l.n, 0);
}
