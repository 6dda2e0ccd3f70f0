#include "providers/ssh/ssh_session.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "providers/ssh/host_key.h"

static bool
session_has_method(const char **methods, int n, const char *name, size_t len)
{
	for (int i = 0; i < n; i++)
		if (strlen(methods[i]) == len && !memcmp(methods[i], name, len))
			return true;
	return false;
}

/* Only what this libssh2 knows is named to it: it takes other names out of the list by copying over itself. */
static void
session_prefer_methods(LIBSSH2_SESSION *s, int kind, const char *wanted)
{
	const char **methods = NULL;
	int n = libssh2_session_supported_algs(s, kind, &methods);
	AUTO(buf) list = BUF_INIT;

	for (size_t len; n > 0 && *wanted; wanted += len + (wanted[len] == ',')) {
		len = strcspn(wanted, ",");
		if (session_has_method(methods, n, wanted, len))
			buf_addf(&list, "%s%.*s", list.len ? "," : "", (int)len, wanted);
	}
	if (list.len)
		libssh2_session_method_pref(s, kind, list.s);
	if (n > 0)
		libssh2_free(s, methods);
}

void
ssh_session_prefer(LIBSSH2_SESSION *s)
{
	/* An emulated guest pays for every bit of the key. */
	static const char ciphers[] = "aes128-ctr,aes192-ctr,aes256-ctr";
	/* A guest has host keys of several kinds, and the one that limactl made is of the first. */
	static const char host_keys[] = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
					"rsa-sha2-512,rsa-sha2-256,ssh-rsa";

	session_prefer_methods(s, LIBSSH2_METHOD_CRYPT_CS, ciphers);
	session_prefer_methods(s, LIBSSH2_METHOD_CRYPT_SC, ciphers);
	session_prefer_methods(s, LIBSSH2_METHOD_HOSTKEY, host_keys);
}

int
ssh_session_recognize(LIBSSH2_SESSION *s, const struct host_trust *t, struct error *err)
{
	size_t len = 0;
	int type;
	const char *key = libssh2_session_hostkey(s, &len, &type);

	return host_trust_check(t, key ? key : "", key ? len : 0, err);
}
