/*
 * providers/ssh/ssh_config.h - DIR/ssh.config, for `ssh -F` of the user and of limactl shell.
 *
 * The options, and their order, are upstream's: tools parse this file.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct error;

/* What the ssh program and the processor of this host can do. */
struct ssh_features {
	int version[2];		/* OpenSSH; {0, 0}: not known */
	bool gssapi;
	bool aes;		/* the processor has AES instructions */
};

struct ssh_config {
	const char *hostname;	/* "lima-NAME" */
	const char *address;	/* "127.0.0.1" */
	int port;
	const char *user;
	const char *const *keys;	/* IdentityFile, in order */
	size_t nkeys;
	const char *known_hosts;	/* DIR/ssh_known_hosts, and nobody else is believed; NULL: anybody is */
	const char *control_path;	/* DIR/ssh.sock */
	const char *proxy;		/* what ssh runs to get to another host's guest (ProxyCommand); NULL: there is nothing between */
	bool forward_agent, forward_x11, forward_x11_trusted;
	struct ssh_features features;
};

/* What every OpenSSH of these years can do, without asking: for a command that is in a hurry. */
void ssh_features_usual(struct ssh_features *out);
/* Runs `ssh -V` (5 ms). No ssh in PATH is ENOENT. */
int ssh_features(struct ssh_features *out, struct error *err);

/*
 * The options as "Key=value" in order, for `ssh -o`; in `a`, NULL-terminated.
 * One with a line break is refused (EINVAL): it would be a directive of its own.
 */
int ssh_config_options(const struct ssh_config *c, struct arena *a, const char *const **options, struct error *err);
/* Writes the file, 0600; not at all when it is there with the same content. */
int ssh_config_write(const char *path, const struct ssh_config *c, struct error *err);
/* Does it say that the guest is recognized by its host key? */
int ssh_config_is_strict(const char *path, struct error *err);
/* Are all its directives such as Lima writes? A file that is not known otherwise and has more was edited. */
bool ssh_config_is_plain(const char *path);
/* Of its first `Port` line; 0: no file, no such line, no port. */
int ssh_config_port(const char *path);

/*
 * A TCP port on 127.0.0.1 that nobody has, by the kernel's choice. Somebody else may
 * take it before we do: whoever uses it must be ready to choose again.
 */
int ssh_free_port(struct error *err);
/* Could we listen there now? 0; -1 with EADDRINUSE and who asks for it in the text. */
int ssh_port_usable(const char *ip, int port, struct error *err);
