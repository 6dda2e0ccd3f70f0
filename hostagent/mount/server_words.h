/* hostagent/mount/server_words.h - how a shared folder's server is started. */
#pragma once
#include "base/mem.h"
#include "base/privilege.h"
#include "hostagent/helper/child.h"

struct error;
struct sshfs_mount;

/* That a server begins with, to open a folder of anybody's, and to become its owner: sftpd_main() has none when it reads what the guest says. */
#define SERVER_CAPABILITIES (CAP(CAP_DAC_OVERRIDE) | CAP(CAP_DAC_READ_SEARCH) | CAP(CAP_SETUID) | CAP(CAP_SETGID) | CAP(CAP_SETPCAP))

/* All but its descriptors; words in `a`; `dir` is the instance's. -1: OpenSSH's is wanted, and not there. */
int server_words(const struct sshfs_mount *m, const char *dir, struct arena *a, struct child_words *out, struct error *err);
