/* The host key of a guest: read as OpenSSH and dropbear read it, and what is believed of whoever answers. */
#include "providers/ssh/host_key.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "base/proc.h"
#include "providers/ssh/keys.h"
#include "providers/ssh/sftp.h"
#include "providers/ssh/ssh.h"
#include "tests/unit/sshd.h"

static char said[256];

static void
note(const char *text)
{
	snprintf(said, sizeof said, "%s", text);
}

static struct host_key
made(const char *path)
{
	struct host_key k;
	struct error err;

	ok(keys_make(path, NULL, &err));
	ok(host_key_load(&k, path, &err));
	return k;
}

TEST(a_key_of_ours_is_read_as_openssh_reads_it)
{
	auto_free char *path = test_path("k");
	struct host_key k = made(path);
	const char *argv[] = { "ssh-keygen", "-y", "-f", path, NULL };
	AUTO(buf) out = BUF_INIT;
	AUTO(buf) small = BUF_INIT;
	struct error err;
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	ok(proc_run(argv, &(struct proc_opts){ .out = &out }, &err));
	assert_int_equal(strncmp(out.s, k.public, strlen(k.public)), 0);
	host_key_dropbear(&k, &small);
	assert_int_equal(small.len, 83);
	assert_memory_equal(small.s, "\0\0\0\13ssh-ed25519\0\0\0\100", 19);
	assert_memory_equal(small.s + 19, k.pair, 64);
	host_key_release(&k);
	/* and one of OpenSSH's own making */
	auto_free char *theirs = test_path("theirs");
	sshd_keygen(theirs);
	ok(host_key_load(&k, theirs, &err));
	host_key_release(&k);
}

TEST(what_is_no_such_key_is_refused)
{
	auto_free char *path = test_path("bad"), *rsa = test_path("rsa");
	const char *argv[] = { "ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", rsa, NULL };
	struct host_key k = made(path), none;
	size_t len = strlen(k.pem);
	struct error err;

	for (size_t cut = 0; cut < len - 36; cut += 5) {
		ok(fs_write(path, k.pem, cut, 0600, &err));
		assert_int_equal(host_key_load(&none, path, &err), -1);
		assert_int_equal(err.code, ERR_INVALID);
	}
	ok(proc_run(argv, NULL, &err));
	not_ok(host_key_load(&none, rsa, &err), "not an ed25519 key");
	unlink(path);
	not_ok(host_key_load(&none, path, &err), "");
	assert_int_equal(err.code, ENOENT);
	host_key_release(&k);
}

/* "TYPE BASE64" as SSH sends it */
static void
blob_of(const char *public, struct buf *out)
{
	buf_truncate(out, 0);
	assert_int_equal(base64_decode(out, strchr(public, ' ') + 1, strlen(strchr(public, ' ') + 1)), 0);
}

static int
check(struct host_trust *t, const char *public, struct error *err)
{
	AUTO(buf) blob = BUF_INIT;

	said[0] = '\0';
	t->say = note;
	blob_of(public, &blob);
	return host_trust_check(t, blob.s, blob.len, err);
}

static void
assert_known(const char *path, const char *public)
{
	auto_free char *line = xasprintf("* %s\n", public);
	AUTO(buf) text = BUF_INIT;
	struct error err;

	ok(fs_read(path, &text, 4096, &err));
	assert_string_equal(text.s, line);
}

TEST(the_first_key_is_taken_and_ours_takes_its_place_for_good)
{
	auto_free char *known = test_path("known"), *pa = test_path("a"), *pb = test_path("b"), *pc = test_path("c");
	struct host_key ours = made(pa), old = made(pb), other = made(pc);
	struct host_trust agent = { .known = known, .ours = ours.public, .pin = true }, limactl = { .known = known, .ours = "" };
	struct error err;

	not_ok(check(&limactl, ours.public, &err), "another host key");
	assert_false(fs_exists(known));
	/* an old guest, before its boot scripts */
	ok(check(&agent, old.public, &err));
	assert_non_null(strstr(said, "known by its own"));
	assert_known(known, old.public);
	ok(check(&limactl, old.public, &err));
	ok(check(&agent, old.public, &err));
	assert_string_equal(said, "");
	not_ok(check(&agent, other.public, &err), "whoever answers is not the guest");
	assert_int_equal(err.code, EKEYREJECTED);
	/* and behind them */
	ok(check(&agent, ours.public, &err));
	assert_non_null(strstr(said, "that it was given"));
	assert_known(known, ours.public);
	not_ok(check(&agent, old.public, &err), "another host key");
	not_ok(check(&limactl, other.public, &err), "another host key");
	ok(check(&limactl, ours.public, &err));
	host_key_release(&ours);
	host_key_release(&old);
	host_key_release(&other);
}

TEST(a_key_that_is_no_line_of_a_file_is_refused)
{
	auto_free char *known = test_path("evil");
	struct host_trust t = { .known = known, .ours = "", .pin = true };
	struct error err;

	not_ok(host_trust_check(&t, "", 0, &err), "is none");
	not_ok(host_trust_check(&t, "\0\0\0\7a b\n* c", 11, &err), "is none");
	not_ok(host_trust_check(&t, "\xff\xff\xff\xffssh-ed25519", 15, &err), "is none");
	assert_false(fs_exists(known));
}

TEST(commands_and_files_go_to_the_guest_alone)
{
	struct sshd guest = sshd_start("g", NULL), thief = sshd_start("t", NULL);
	auto_free char *host = test_path("g/host"), *known = test_path("g/known"), *text = NULL;
	struct ssh_target to = { .port = guest.port, .user = guest.user, .keys = (const char *const *)&guest.key, .nkeys = 1,
				 .known_hosts = known };
	struct host_key k;
	struct error err;
	struct sftp *s;
	int status;

	ok(host_key_load(&k, host, &err));
	text = xasprintf("* %s\n", k.public);
	ok(fs_write(known, text, strlen(text), 0600, &err));
	ok(ssh_run(&to, &(struct ssh_command){ .command = "true" }, &status, &err));
	s = sftp_open(&to, NULL, &err);
	assert_non_null(s);
	sftp_close(s);
	/* a thief would let anybody in: so it is known by its host key that he is one */
	to.port = thief.port;
	to.keys = (const char *const *)&thief.key;
	not_ok(ssh_run(&to, &(struct ssh_command){ .command = "true" }, &status, &err), "whoever answers is not the guest");
	assert_null(sftp_open(&to, NULL, &err));
	assert_int_equal(err.code, EKEYREJECTED);
	to.known_hosts = NULL;
	ok(ssh_run(&to, &(struct ssh_command){ .command = "true" }, &status, &err));
	host_key_release(&k);
	sshd_stop(&guest);
	sshd_stop(&thief);
}
