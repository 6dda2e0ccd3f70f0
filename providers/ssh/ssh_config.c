#include "providers/ssh/ssh_config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/quote/quote.h"

#define MAX_CONFIG (64 << 10)

/* AES instructions, as /proc/cpuinfo of x86 and ARM spell them; POWER8 and s390x always have them. */
static bool
cpu_has_aes(void)
{
#if defined(__powerpc64__) || defined(__s390x__)
	return true;
#else
	AUTO(buf) b = BUF_INIT;

	if (fs_read_if("/proc/cpuinfo", &b, 16 << 20, NULL) != 1)
		return false;
	for (const char *p = b.s; (p = strstr(p, " aes")); p += 4)
		if (isspace((unsigned char)p[4]) || !p[4])
			return true;
	return false;
#endif
}

void
ssh_features_usual(struct ssh_features *out)
{
	*out = (struct ssh_features){ .version = { 8, 4 }, .aes = cpu_has_aes() };
}

int
ssh_features(struct ssh_features *out, struct error *err)
{
	const char *argv[] = { "ssh", "-o", "GSSAPIAuthentication=no", "-V", NULL };
	AUTO(buf) b = BUF_INIT;
	struct ssh_features f = { .aes = cpu_has_aes(), .gssapi = true };
	const char *v;

	if (proc_run(argv, &(struct proc_opts){ .out = &b, .both = true, .timeout_ms = 10000 }, err) < 0)
		return error_wrap(err, "ssh -V%s%.*s", b.len ? ": " : "", (int)strcspn(b.s, "\r\n"), b.s);
	v = strstr(b.s, "OpenSSH_");
	if (v && (v = strpbrk(v, "0123456789")))
		sscanf(v, "%d.%d", &f.version[0], &f.version[1]);
	for (char *p = b.s; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	f.gssapi = !strstr(b.s, "unsupported option \"gssapiauthentication\"");
	*out = f;
	return 0;
}

/* The list as it grows; `failed` once something has a line break in it. */
struct options {
	struct arena *mem;
	const char **v;
	size_t n, cap;
	const char *bad;
};

static void
options_release(struct options *o)
{
	free(o->v);
}

static void ssh_ssh_config_add(struct options *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
ssh_ssh_config_add(struct options *o, const char *fmt, ...)
{
	const char *s;
	va_list ap;

	va_start(ap, fmt);
	s = arena_vprintf(o->mem, fmt, ap);
	va_end(ap);
	if (strpbrk(s, "\r\n"))
		o->bad = s;
	GROW(o->v, o->n, o->cap);
	o->v[o->n++] = s;
}

/* A directive whose value OpenSSH expands. */
static void
ssh_ssh_config_add_path(struct options *o, const char *key, const char *path)
{
	AUTO(buf) b = BUF_INIT;

	if (quote_ssh_path(&b, path))
		ssh_ssh_config_add(o, "%s=%s", key, b.s);
	else
		o->bad = path;
}

static void
ssh_ssh_config_add_word(struct options *o, const char *key, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	AUTO(buf) b = BUF_INIT;

	if (*word && !word[strspn(word, plain)])
		ssh_ssh_config_add(o, "%s=%s", key, word);
	else if (quote_ssh(&b, word))
		ssh_ssh_config_add(o, "%s=%s", key, b.s);
	else
		o->bad = word;
}

/* What a path needs that has ${ in it. */
static void
add_alias(struct options *o, const struct ssh_config *c)
{
	bool needed = quote_ssh_needs_alias(c->control_path);

	for (size_t i = 0; i < c->nkeys; i++)
		needed |= quote_ssh_needs_alias(c->keys[i]);
	if (needed)
		ssh_ssh_config_add(o, "HostKeyAlias=%s", QUOTE_SSH_ALIAS);
}

static void
ssh_ssh_config_ciphers(struct options *o, const struct ssh_features *f)
{
	bool at_least_8_1 = f->version[0] > 8 || (f->version[0] == 8 && f->version[1] >= 1);

	if (!at_least_8_1)
		return;
	ssh_ssh_config_add(o, "Ciphers=\"%s\"",
	    f->aes ? "^aes128-gcm@openssh.com,aes256-gcm@openssh.com" : "^chacha20-poly1305@openssh.com");
}

static int
ssh_ssh_config_collect(const struct ssh_config *c, struct options *o, struct error *err)
{
	for (size_t i = 0; i < c->nkeys; i++)
		ssh_ssh_config_add_path(o, "IdentityFile", c->keys[i]);
	add_alias(o, c);
	ssh_ssh_config_add(o, "StrictHostKeyChecking=%s", c->known_hosts ? "yes" : "no");
	if (c->known_hosts)
		ssh_ssh_config_add_path(o, "UserKnownHostsFile", c->known_hosts);
	else
		ssh_ssh_config_add(o, "UserKnownHostsFile=/dev/null");
	ssh_ssh_config_add(o, "NoHostAuthenticationForLocalhost=%s", c->known_hosts ? "no" : "yes");
	ssh_ssh_config_add(o, "PreferredAuthentications=publickey");
	ssh_ssh_config_add(o, "Compression=no");
	ssh_ssh_config_add(o, "BatchMode=yes");
	ssh_ssh_config_add(o, "IdentitiesOnly=yes");
	if (c->features.gssapi)
		ssh_ssh_config_add(o, "GSSAPIAuthentication=no");
	ssh_ssh_config_ciphers(o, &c->features);
	ssh_ssh_config_add_word(o, "User", c->user);
	ssh_ssh_config_add(o, "ControlMaster=auto");
	ssh_ssh_config_add_path(o, "ControlPath", c->control_path);
	/* With it nobody would hear why there is no way through: ssh silences what it runs to get there. */
	ssh_ssh_config_add(o, c->proxy ? "ControlPersist=no" : "ControlPersist=yes");
	if (c->forward_agent)
		ssh_ssh_config_add(o, "ForwardAgent=yes");
	if (c->forward_x11)
		ssh_ssh_config_add(o, "ForwardX11=yes");
	if (c->forward_x11_trusted)
		ssh_ssh_config_add(o, "ForwardX11Trusted=yes");
	ssh_ssh_config_add(o, "Hostname=%s", c->address);
	ssh_ssh_config_add(o, "Port=%d", c->port);
	if (c->proxy)
		ssh_ssh_config_add(o, "ProxyCommand=%s", c->proxy);
	if (o->bad)
		return error_set(err, EINVAL, "ssh option with a line break: %.*s...", (int)strcspn(o->bad, "\r\n"), o->bad);
	return 0;
}

int
ssh_config_options(const struct ssh_config *c, struct arena *a, const char *const **options, struct error *err)
{
	AUTO(options) o = { .mem = a };

	if (ssh_ssh_config_collect(c, &o, err) < 0)
		return -1;
	GROW(o.v, o.n, o.cap);
	o.v[o.n++] = NULL;
	*options = (void *)arena_memdup(a, o.v, o.n * sizeof *o.v);
	return 0;
}

int
ssh_config_write(const char *path, const struct ssh_config *c, struct error *err)
{
	AUTO(arena) mem = { 0 };
	AUTO(options) o = { .mem = &mem };
	AUTO(buf) b = BUF_INIT;
	AUTO(buf) old = BUF_INIT;

	if (ssh_ssh_config_collect(c, &o, err) < 0)
		return -1;
	if (strpbrk(c->hostname, "\r\n \t") || strpbrk(c->address, "\r\n \t"))
		return error_set(err, EINVAL, "ssh.config: host %s at %s", c->hostname, c->address);
	buf_addf(&b, "# For ssh, scp, sftp and rsync into this instance:\n#   ssh -F %s %s\n"
		     "# Written by limactl; changes are lost.\nHost %s\n", path, c->hostname, c->hostname);
	for (size_t i = 0; i < o.n; i++) {
		size_t key = strcspn(o.v[i], "=");

		buf_addf(&b, "  %.*s %s\n", (int)key, o.v[i], o.v[i] + key + 1);
	}
	if (fs_read_if(path, &old, MAX_CONFIG, NULL) == 1 && old.len == b.len && memcmp(old.s, b.s, b.len) == 0)
		return 0;
	return fs_write(path, b.s, b.len, 0600, err);
}

int
ssh_config_is_strict(const char *path, struct error *err)
{
	AUTO(buf) b = BUF_INIT;
	int there = fs_read_if(path, &b, MAX_CONFIG, err);

	return there < 0 ? -1 : there && strstr(b.s, "\n  StrictHostKeyChecking yes\n");
}

bool
ssh_config_is_plain(const char *path)
{
	static const char ours[] =
		" Host IdentityFile HostKeyAlias StrictHostKeyChecking UserKnownHostsFile NoHostAuthenticationForLocalhost "
		"PreferredAuthentications Compression BatchMode IdentitiesOnly GSSAPIAuthentication Ciphers User ControlMaster ControlPath "
		"ControlPersist ForwardAgent ForwardX11 ForwardX11Trusted Hostname Port ";
	AUTO(buf) b = BUF_INIT;
	size_t hosts = 0;

	if (fs_read_if(path, &b, MAX_CONFIG, NULL) != 1)
		return false;
	for (const char *p = b.s; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		AUTO(buf) word = BUF_INIT;

		p += strspn(p, " \t");
		if (!*p || *p == '\n' || *p == '#')
			continue;
		buf_addf(&word, " %.*s ", (int)strcspn(p, " \t\r\n="), p);
		if (!strstr(ours, word.s))
			return false;
		hosts += !strcmp(word.s, " Host ");
	}
	return hosts == 1;
}

int
ssh_config_port(const char *path)
{
	auto_close int fd = fs_open(path, NULL, NULL);
	char text[4096];
	AUTO(buf) b = BUF_INIT;
	const char *line = text;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	int port;

	/* `list` reads one for each instance, and those that limactl writes fit into one read. */
	if (n < 0)
		return 0;
	text[n] = '\0';
	if ((size_t)n == sizeof text - 1) {
		if (fs_read_if(path, &b, MAX_CONFIG, NULL) != 1)
			return 0;
		line = b.s;
	}
	for (; line; line = strchr(line, '\n')) {
		line += strspn(line, " \t\n");
		if (strncasecmp(line, "Port ", 5) == 0)
			return sscanf(line + 5, "%d", &port) == 1 && port > 0 && port < 65536 ? port : 0;
	}
	return 0;
}

/* Binds a socket of its own to see whether that is possible. Returns the port, or -1. */
static int
try_bind(const char *ip, int port, struct error *err)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a = { 0 };
	bool v6 = strchr(ip, ':');
	socklen_t len = v6 ? sizeof a.v6 : sizeof a.v4;
	auto_close int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int one = 1;

	if (fd < 0)
		return error_errno(err, "socket");
	if (v6) {
		a.v6.sin6_family = AF_INET6;
		a.v6.sin6_port = htons((uint16_t)port);
	} else {
		a.v4.sin_family = AF_INET;
		a.v4.sin_port = htons((uint16_t)port);
	}
	if (inet_pton(v6 ? AF_INET6 : AF_INET, ip, v6 ? (void *)&a.v6.sin6_addr : (void *)&a.v4.sin_addr) != 1)
		return error_set(err, EINVAL, "%s: not a numeric address", ip);
	/* Connections that are about to end do not keep the port, as for the machine and our own listeners. */
	if (port)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, &a.any, len) < 0 || (port && listen(fd, 1) < 0) || getsockname(fd, &a.any, &len) < 0)
		return error_errno(err, "listen on %s port %d", ip, port);
	return ntohs(v6 ? a.v6.sin6_port : a.v4.sin_port);
}

int
ssh_free_port(struct error *err)
{
	return try_bind("127.0.0.1", 0, err);
}

int
ssh_port_usable(const char *ip, int port, struct error *err)
{
	return try_bind(ip, port, err) < 0 ? -1 : 0;
}
