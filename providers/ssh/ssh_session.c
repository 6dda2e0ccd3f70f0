#include "providers/ssh/ssh_session.h"

#include "base/error.h"
#include "providers/ssh/host_key.h"

void
ssh_session_prefer(LIBSSH2_SESSION *s)
{
	/* the emulated guest pays for every bit of the key */
	static const char ciphers[] = "aes128-ctr,aes192-ctr,aes256-ctr";
	/* a guest has host keys of several kinds, and the one that we gave it is of the first */
	static const char host_keys[] = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
					"rsa-sha2-512,rsa-sha2-256,ssh-rsa";

	libssh2_session_method_pref(s, LIBSSH2_METHOD_CRYPT_CS, ciphers);
	libssh2_session_method_pref(s, LIBSSH2_METHOD_CRYPT_SC, ciphers);
	libssh2_session_method_pref(s, LIBSSH2_METHOD_HOSTKEY, host_keys);
}

int
ssh_session_recognize(LIBSSH2_SESSION *s, const struct host_trust *t, struct error *err)
{
	size_t len = 0;
	int type;
	const char *key = libssh2_session_hostkey(s, &len, &type);

	return host_trust_check(t, key ? key : "", key ? len : 0, err);
}
