/* providers/ssh/ssh_session.h - what all sessions of libssh2 have in common: what they prefer, and how they recognize the guest. */
#pragma once
#include <libssh2.h>

struct error;
struct host_trust;

/* Ciphers that cost an emulated guest least, and the kind of host key that a guest has of us. Before the key exchange. */
void ssh_session_prefer(LIBSSH2_SESSION *s);
/* After the key exchange, and before anything of ours is shown: host_trust_check(). */
int ssh_session_recognize(LIBSSH2_SESSION *s, const struct host_trust *t, struct error *err);
