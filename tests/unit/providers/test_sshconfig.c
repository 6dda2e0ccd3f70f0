#include "providers/ssh/ssh_config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/proc.h"
#include "tests/unit/test.h"

static const char *const keys[] = { "/home/u/.lima/_config/user" };

static struct ssh_config
sample(void)
{
	return (struct ssh_config){
		.hostname = "lima-default", .address = "127.0.0.1", .port = 38073, .user = "u", .keys = keys, .nkeys = 1,
		.control_path = "/home/u/.lima/default/ssh.sock",
		.features = { .version = { 9, 2 }, .gssapi = true, .aes = true },
	};
}

static char *
written(const struct ssh_config *c)
{
	auto_free char *path = test_path("ssh.config");
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(ssh_config_write(path, c, &err));
	ok(fs_read(path, &b, 1 << 16, &err));
	return buf_detach(&b);
}

TEST(a_guest_that_is_known_is_recognized)
{
	struct ssh_config c = sample();
	auto_free char *path = test_path("ssh.config"), *any = written(&c), *known = NULL, *folder = test_path("folder");
	struct error err;

	/* what cannot be read does not say that any guest would do */
	ok(fs_mkdirs(folder, 0700, &err));
	not_ok(ssh_config_is_strict(folder, &err), "folder");
	assert_int_equal(ssh_config_is_strict(path, &err), 0);
	c.known_hosts = "/home/u/.lima/default/ssh_known_hosts";
	known = written(&c);
	assert_int_equal(ssh_config_is_strict(path, &err), 1);
	assert_non_null(strstr(known, "  StrictHostKeyChecking yes\n"
				      "  UserKnownHostsFile \"/home/u/.lima/default/ssh_known_hosts\"\n"
				      "  NoHostAuthenticationForLocalhost no\n"));
	assert_null(strstr(known, "/dev/null"));
}

TEST(is_what_upstream_writes)
{
	struct ssh_config c = sample();
	auto_free char *got = written(&c);

	assert_string_equal(strstr(got, "\nHost ") + 1,
			    "Host lima-default\n"
			    "  IdentityFile \"/home/u/.lima/_config/user\"\n"
			    "  StrictHostKeyChecking no\n"
			    "  UserKnownHostsFile /dev/null\n"
			    "  NoHostAuthenticationForLocalhost yes\n"
			    "  PreferredAuthentications publickey\n"
			    "  Compression no\n"
			    "  BatchMode yes\n"
			    "  IdentitiesOnly yes\n"
			    "  GSSAPIAuthentication no\n"
			    "  Ciphers \"^aes128-gcm@openssh.com,aes256-gcm@openssh.com\"\n"
			    "  User u\n"
			    "  ControlMaster auto\n"
			    "  ControlPath \"/home/u/.lima/default/ssh.sock\"\n"
			    "  ControlPersist yes\n"
			    "  Hostname 127.0.0.1\n"
			    "  Port 38073\n");
}

TEST(follows_the_features)
{
	struct ssh_config c = sample();
	auto_free char *got = NULL, *older = NULL;

	c.features = (struct ssh_features){ .version = { 8, 1 } };
	c.forward_agent = c.forward_x11 = c.forward_x11_trusted = true;
	got = written(&c);
	assert_non_null(strstr(got, "Ciphers \"^chacha20-poly1305@openssh.com\"\n"));
	assert_null(strstr(got, "GSSAPI"));
	assert_non_null(strstr(got, "ForwardAgent yes\n  ForwardX11 yes\n  ForwardX11Trusted yes\n  Hostname"));
	c.features.version[1] = 0;
	older = written(&c);
	assert_null(strstr(older, "Ciphers"));
}

TEST(a_line_break_is_refused)
{
	struct ssh_config c = sample();
	auto_free char *path = test_path("refused");
	struct error err;

	c.user = "u\n  ProxyCommand evil";
	not_ok(ssh_config_write(path, &c, &err), "line break");
	c.user = "u\r";
	not_ok(ssh_config_write(path, &c, &err), "line break");
	c = sample();
	c.hostname = "a b";
	not_ok(ssh_config_write(path, &c, &err), "host a b");
	assert_false(fs_exists(path));
}

TEST(is_private_and_left_alone_when_the_same)
{
	auto_free char *path = test_path("same"), *other = test_path("other");
	struct ssh_config c = sample();
	struct stat a, b;
	struct error err;

	ok(ssh_config_write(path, &c, &err));
	assert_int_equal(stat(path, &a), 0);
	assert_int_equal(a.st_mode & 0777, 0600);
	ok(ssh_config_write(path, &c, &err));
	assert_int_equal(stat(path, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(ssh_config_port(path), 38073);
	c.port = 1;
	ok(ssh_config_write(path, &c, &err));
	assert_int_equal(ssh_config_port(path), 1);
	assert_int_equal(ssh_config_port(other), 0);
}

TEST(reads_the_port_of_others)
{
	static const struct {
		const char *text;
		int port;
	} cases[] = {
		{ "Host x\n\tPort 22\n  Port 23\n", 22 }, { "Host x\n", 0 }, { "", 0 }, { "Port 70000", 0 }, { "Port x", 0 },
		{ "port 60022", 60022 }, { "# Port 5\nHost Port\n", 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *path = test_file("ports", cases[i].text, strlen(cases[i].text));

		assert_int_equal(ssh_config_port(path), cases[i].port);
	}
}

TEST(ssh_reads_it)
{
	auto_free char *path = test_path("read");
	const char *argv[] = { "ssh", "-F", path, "-G", "lima-default", NULL };
	struct ssh_config c = sample();
	AUTO(buf) out = BUF_INIT;
	struct error err;

	ok(ssh_features(&c.features, &err));
	assert_true(c.features.version[0] >= 7);
	ok(ssh_config_write(path, &c, &err));
	ok(proc_run(argv, &(struct proc_opts){ .out = &out, .timeout_ms = 10000 }, &err));
	assert_non_null(strstr(out.s, "\nport 38073\n"));
	assert_non_null(strstr(out.s, "hostname 127.0.0.1\n"));
}

TEST(ports_that_are_free_or_not)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0), port;
	struct error err;

	assert_int_equal(bind(fd, (void *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (void *)&a, &len), 0);
	not_ok(ssh_port_usable("127.0.0.1", ntohs(a.sin_port), &err), "listen on 127.0.0.1 port");
	assert_int_equal(err.code, EADDRINUSE);
	close(fd);
	ok(ssh_port_usable("127.0.0.1", ntohs(a.sin_port), &err));
	port = ssh_free_port(&err);
	assert_in_range(port, 1024, 65535);
	ok(ssh_port_usable("127.0.0.1", port, &err));
	not_ok(ssh_port_usable("localhost", port, &err), "not a numeric address");
}
