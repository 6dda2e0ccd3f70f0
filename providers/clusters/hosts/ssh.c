/*
 * A command on a host, by the ssh program: the user's own configuration, agent and jump hosts count; what is of safety is said here.
 *
 * One connection a host is shared by what we ask of it (ControlMaster), under a name made of all that tells who is at its other end: so
 * one that was made for another key is never used.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/quote/quote.h"
#include "base/sha256.h"
#include "providers/clusters/hosts/hosts.h"

enum { SOCKET_MAX = 80 /* ssh puts 17 characters behind it first, and the kernel takes 107 */, WORDS_MAX = 64, DIGITS = 16 };

struct words {
	const char **v;
	size_t n;
	struct arena *a;
};

static void
words_option(struct words *w, const char *option)
{
	w->v[w->n++] = "-o";
	w->v[w->n++] = option;
}

/* Which key, of which host, by which name. */
static const char *
host_name_of(struct arena *a, const struct engine_host *h)
{
	const char *text = arena_printf(a, "%s\n%s\n%d\n%s", h->user, h->address, h->port, h->host_key);
	char hex[65];

	sha256_hex(text, strlen(text), hex);
	return arena_memdup(a, hex, DIGITS);
}

/* A file that says which key is the right one; its name says what is in it, so it is never written anew. */
static int
host_pin(struct words *w, const char *folder, const char *name, const struct engine_host *h, struct error *err)
{
	const char *file = arena_printf(w->a, "%s/%s.known_hosts", folder, name);
	const char *line = arena_printf(w->a, "lima-%s %s\n", name, h->host_key);
	AUTO(buf) option = BUF_INIT;

	if (!*h->host_key) {
		words_option(w, "StrictHostKeyChecking=yes");
		return 0;
	}
	if (!fs_is_file(file) && fs_write(file, line, strlen(line), 0600, err) < 0)
		return -1;
	/* -o takes what a line of its configuration would be */
	buf_adds(&option, "UserKnownHostsFile=");
	if (quote_ssh_needs_alias(file) || !quote_ssh_path(&option, file))
		return error_set(err, ERR_UNSUPPORTED, "ssh cannot be told the path %s", file);
	words_option(w, arena_strdup(w->a, option.s));
	words_option(w, arena_printf(w->a, "HostKeyAlias=lima-%s", name));
	words_option(w, "GlobalKnownHostsFile=/dev/null");
	words_option(w, "StrictHostKeyChecking=yes");
	words_option(w, "UpdateHostKeys=no");
	words_option(w, "VerifyHostKeyDNS=no");
	return 0;
}

static void
host_share(struct words *w, const char *folder, const char *name)
{
	const char *path = arena_printf(w->a, "%s/%s", folder, name);
	AUTO(buf) option = BUF_INIT;

	buf_adds(&option, "ControlPath=");
	if (strlen(path) > SOCKET_MAX || quote_ssh_needs_alias(path) || !quote_ssh_path(&option, path)) {
		words_option(w, "ControlPath=none");
		return;
	}
	words_option(w, arena_strdup(w->a, option.s));
	words_option(w, "ControlMaster=auto");
	words_option(w, "ControlPersist=60");
}

int
host_ssh_words(struct cluster *c, const struct engine_host *h, struct arena *a, const char *const **out, struct error *err)
{
	static const char *const always[] = {
		"BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=5", "ServerAliveCountMax=3", "ForwardAgent=no", "ForwardX11=no",
		"ClearAllForwardings=yes", "PermitLocalCommand=no", "EscapeChar=none", "LogLevel=ERROR",
	};
	const char *folder = arena_printf(a, "%s/" CLUSTER_FOLDER, c->home), *name = host_name_of(a, h);
	struct words w = { .v = arena_alloc(a, WORDS_MAX * sizeof *w.v), .a = a };

	if (fs_mkdirs(folder, 0700, err) < 0)
		return -1;
	w.v[w.n++] = "ssh";
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		words_option(&w, always[i]);
	if (host_pin(&w, folder, name, h, err) < 0)
		return -1;
	host_share(&w, folder, name);
	if (h->port)
		words_option(&w, arena_printf(a, "Port=%d", h->port));
	if (*h->user)
		words_option(&w, arena_printf(a, "User=%s", h->user));
	w.v[w.n++] = "--";
	w.v[w.n++] = h->address;
	*out = w.v;
	return 0;
}

static size_t
words_count(const char *const *v)
{
	size_t n = 0;

	while (v[n])
		n++;
	return n;
}

/* One word: the shell at the other end takes it apart as it was. */
static const char *
host_command(struct arena *a, const char *const *words)
{
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; words[i]; i++) {
		if (i)
			buf_addc(&b, ' ');
		quote_shell(&b, words[i]);
	}
	return arena_strdup(a, b.s);
}

/* "ssh: exit status 255: Host key verification failed." -> the number, and what stands behind it. */
static bool
host_status(const struct error *why, int *status, const char **said)
{
	const char *at = strstr(why->msg, "exit status ");
	int used = 0;

	if (!at || sscanf(at, "exit status %d%n", status, &used) != 1)
		return false;
	*said = at[used] == ':' ? at + used + 2 : "";
	return true;
}

static int
host_silent(const struct error *why, const char *said, struct error *err)
{
	if (strstr(said, "Host key verification failed"))
		return error_set(err, ETIMEDOUT, "is not believed: its key is another one than `hostKey` says, or than known_hosts has; if it was made anew, "
				 "`ssh-keyscan` prints its key");
	if (why->code == ETIMEDOUT)
		return error_set(err, ETIMEDOUT, "did not answer in time");
	return error_set(err, ETIMEDOUT, "does not answer%s%s", *said ? ": " : "", said);
}

int
host_ask(struct cluster *c, const struct engine_host *h, const struct host_ask *ask, int *status, struct error *err)
{
	AUTO(arena) a = { 0 };
	const struct proc_opts o = { .input = ask->input, .input_len = ask->input_len, .out = ask->out, .both = ask->talk, .keep_out = true, .line = ask->line, .line_ctx = ask->ctx,
				     .timeout_ms = ask->timeout_ms, .cancel = c->cancel };
	const char *const *ssh;
	const char **argv, *said = "";
	struct error why = { 0 };
	size_t n;

	if (host_ssh_words(c, h, &a, &ssh, err) < 0)
		return -1;
	n = words_count(ssh);
	argv = arena_alloc(&a, (n + 2) * sizeof *argv);
	memcpy(argv, ssh, n * sizeof *argv);
	argv[n] = host_command(&a, ask->words);
	*status = 0;
	if (proc_run(argv, &o, &why) == 0)
		return 0;
	if (why.code == ERR_CANCELLED || why.code == ENOENT) {
		if (err)
			*err = why;
		return -1;
	}
	if (!host_status(&why, status, &said) || *status == 255) {
		/* where stderr is among the answers, its last line is */
		const char *last = ask->talk && ask->out->len ? ask->out->s + ask->out->len - 1 : "";

		while (ask->talk && last > ask->out->s && last[-1] != '\n')
			last--;
		return host_silent(&why, *said ? said : last, err);
	}
	if (*status == 127)
		return error_set(err, ERR_UNSUPPORTED, "has no limactl where ssh finds programs: %s", said);
	return 0;
}
